#include "program/path_search.h"

#include <cerrno>
#include <cstring>

namespace program {
namespace {

constexpr const char* kDefaultPath = "/bin:/usr/bin";  // confstr(_CS_PATH)

}  // namespace

PathSearch::PathSearch(const char* name, const char* path)
    : name_(name, strnlen(name, NAME_MAX + 1)) {
  if (std::strchr(name, '/') != nullptr) {
    name_ = name;
    return;
  }
  if (name_.empty()) {
    error_ = ENOENT;
  } else if (name_.size() > NAME_MAX) {
    error_ = ENAMETOOLONG;
  } else {
    rest_ = path != nullptr ? path : kDefaultPath;
  }
}

const char* PathSearch::Next() {
  if (error_ != 0 || name_.empty()) {
    return nullptr;
  }
  if (rest_ == nullptr) {
    const char* const only = name_.find('/') != std::string_view::npos ? name_.data() : nullptr;
    name_ = {};
    return only;
  }
  while (rest_ != nullptr) {
    const char* const end = strchrnul(rest_, ':');
    const std::string_view folder(rest_, static_cast<size_t>(end - rest_));
    rest_ = *end != '\0' ? end + 1 : nullptr;
    if (folder.size() >= PATH_MAX) {
      continue;
    }
    char* at = file_.data();
    if (!folder.empty()) {
      std::memcpy(at, folder.data(), folder.size());
      at += folder.size();
      *at++ = '/';
    }
    std::memcpy(at, name_.data(), name_.size());
    at[name_.size()] = '\0';
    return file_.data();
  }
  return nullptr;
}

bool PathSearch::GoesOnAfter(int error) {
  switch (error) {
    case EACCES:
    case ENOENT:
    case ESTALE:
    case ENOTDIR:
    case ENODEV:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace program
