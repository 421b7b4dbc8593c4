// Result<T>: a value or an Error; nothing here allocates or throws.
#ifndef GOCHAIN_BASE_RESULT_H_
#define GOCHAIN_BASE_RESULT_H_

#include <utility>
#include <variant>

namespace base {

// `code` is an errno value (> 0); `what` names the failed operation and is a string literal.
struct Error {
  int code = 0;
  const char* what = "";
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, error) {}         // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  T& value() { return *std::get_if<0>(&state_); }
  const T& value() const { return *std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  // REQUIRES: !ok()
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace base

#endif  // GOCHAIN_BASE_RESULT_H_
