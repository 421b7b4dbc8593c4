// Remembered: where this library lies and the variables that brought it here, as they were when it
// was loaded.
//
// A program may clean its environment (env -i, a daemon's start), and its children are still part
// of the run: what is missing is put back when it starts one (exec_environment.h). The text is
// copied, since a program that shows its state in `ps` writes over its first environment. Made by
// the library's one initialiser, read-only after; reading is async-signal-safe.
#ifndef GOCHAIN_HOOKS_REMEMBERED_H_
#define GOCHAIN_HOOKS_REMEMBERED_H_

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace hooks {

class Remembered {
 public:
  static const Remembered& Get();

  // True where nobody but this library follows the program's children: no supervisor's filter.
  bool follows_exec() const { return !supervised_; }
  // Absolute path of this library; empty where the loader doesn't say.
  std::string_view library() const { return library_; }
  // "NAME=value", each terminated; GOCHAIN_* alone.
  std::span<const char* const> variables() const { return {variables_.data(), count_}; }
  // The value of one of them; nullptr where there is none.
  const char* Find(std::string_view name) const;

 private:
  friend void Remember();
  constexpr Remembered() = default;
  const char* Copy(std::string_view text, std::string_view more);
  void FindLibrary();

  static Remembered g_remembered;

  bool supervised_ = false;
  size_t count_ = 0;
  size_t size_ = 0;
  std::string_view library_;
  std::array<const char*, 16> variables_{};
  std::array<char, 8192> text_{};
};

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_REMEMBERED_H_
