// ExecEnvironment: the variables that a program is started with, and what they lack for the library
// to be in it and to know its rules.
//
// What the caller set stays as it is; what is missing comes from Remembered. GOCHAIN_STATE,
// GOCHAIN_CONF and GOCHAIN_PROXY together say where the rules come from: one of them is enough, and
// none is added to another. Async-signal-safe; allocates nothing.
#ifndef GOCHAIN_HOOKS_EXEC_ENVIRONMENT_H_
#define GOCHAIN_HOOKS_EXEC_ENVIRONMENT_H_

#include <array>
#include <cstddef>
#include <string_view>

#include "hooks/remembered.h"

namespace hooks {

class ExecEnvironment {
 public:
  // `envp` may be null: none. Without `preloads` the program is to run without the library, as the
  // launcher does.
  ExecEnvironment(const Remembered& remembered, char* const* envp, bool preloads);

  // True where `envp` will do as it is.
  bool is_complete() const { return !changes_preload_ && added_count_ == 0; }
  // True where a program that starts with it has the library.
  bool injects() const { return preloads_ && (has_library_ || changes_preload_); }
  // How many bytes Write() and ForEachChange() need.
  size_t room() const;
  // The new environment, in `room` and in the old one's strings.
  char** Write(char* room);

  // For who can't pass an environment: each variable that differs, as "NAME=value". REQUIRES:
  // Write() has been called, and its room is still there.
  template <typename Use>
  void ForEachChange(Use use) const;

 private:
  static constexpr std::string_view kPreload = "LD_PRELOAD=";

  void WritePreload(char* room);

  const Remembered* remembered_;
  char* const* envp_;
  bool preloads_;
  bool has_library_ = false;  // envp has
  bool changes_preload_ = false;
  size_t count_ = 0;          // of envp
  std::string_view preload_;  // the value there is
  std::string_view written_;  // the variable to be, with its name
  size_t added_count_ = 0;
  std::array<const char*, 16> added_{};
};

template <typename Use>
void ExecEnvironment::ForEachChange(Use use) const {
  if (changes_preload_) {
    use(written_);
  }
  for (size_t i = 0; i < added_count_; ++i) {
    use(std::string_view(added_[i]));
  }
}

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_EXEC_ENVIRONMENT_H_
