#include "hooks/exec_environment.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace hooks {
namespace {

constexpr std::string_view kSources[] = {"GOCHAIN_STATE=", "GOCHAIN_CONF=", "GOCHAIN_PROXY="};
constexpr std::string_view kFile = "libgochain.so";

std::string_view NameOf(std::string_view variable) {
  return variable.substr(0, std::min(variable.find('='), variable.size() - 1) + 1);
}

bool IsSource(std::string_view variable) {
  return std::find(std::begin(kSources), std::end(kSources), NameOf(variable)) !=
         std::end(kSources);
}

// Takes the first path off `list`, which ld.so(8) splits at blanks and colons.
std::string_view TakePath(std::string_view* list) {
  const size_t end = std::min(list->find_first_of(": "), list->size());
  const std::string_view path = list->substr(0, end);
  list->remove_prefix(std::min(end + 1, list->size()));
  return path;
}

bool IsGochain(std::string_view path) {
  return path.ends_with(kFile) &&
         (path.size() == kFile.size() || path[path.size() - kFile.size() - 1] == '/');
}

}  // namespace

ExecEnvironment::ExecEnvironment(const Remembered& remembered, char* const* envp, bool preloads)
    : remembered_(&remembered), envp_(envp), preloads_(preloads) {
  const auto known = remembered.variables();
  // Bit n: known[n] is in envp.
  uint32_t present = 0;
  bool has_source = false;
  for (; envp != nullptr && envp[count_] != nullptr; ++count_) {
    const char* const entry = envp[count_];
    if (std::strncmp(entry, kPreload.data(), kPreload.size()) == 0) {
      preload_ = entry + kPreload.size();
    } else if (std::strncmp(entry, "GOCHAIN_", 8) == 0) {
      has_source = has_source || IsSource(entry);
      for (size_t i = 0; i < known.size(); ++i) {
        present |= NameOf(known[i]) == NameOf(entry) ? 1u << i : 0;
      }
    }
  }
  for (size_t i = 0; i < known.size(); ++i) {
    if ((present & 1u << i) == 0 && !(has_source && IsSource(known[i]))) {
      added_[added_count_++] = known[i];
    }
  }
  for (std::string_view list = preload_; !list.empty();) {
    const std::string_view path = TakePath(&list);
    // A relative path leads elsewhere once the program has changed its folder.
    has_library_ = has_library_ || (IsGochain(path) && (!preloads || path.starts_with('/')));
  }
  changes_preload_ = preloads ? !has_library_ && !remembered.library().empty() : has_library_;
}

size_t ExecEnvironment::room() const {
  return (count_ + added_count_ + 2) * sizeof(char*) + kPreload.size() +
         remembered_->library().size() + preload_.size() + 2;
}

// The library comes first: other preloaded libraries are what it stands in front of.
void ExecEnvironment::WritePreload(char* room) {
  char* at = room;
  const auto append = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  append(kPreload);
  if (preloads_) {
    append(remembered_->library());
  }
  for (std::string_view list = preload_; !list.empty();) {
    const std::string_view path = TakePath(&list);
    if (!path.empty() && !IsGochain(path)) {
      append(at[-1] == '=' ? "" : ":");
      append(path);
    }
  }
  *at = '\0';
  written_ = {room, static_cast<size_t>(at - room)};
}

char** ExecEnvironment::Write(char* room) {
  char** const out = reinterpret_cast<char**>(room);
  char** at = out;
  for (size_t i = 0; i < count_; ++i) {
    if (!changes_preload_ || std::strncmp(envp_[i], kPreload.data(), kPreload.size()) != 0) {
      *at++ = envp_[i];
    }
  }
  for (size_t i = 0; i < added_count_; ++i) {
    *at++ = const_cast<char*>(added_[i]);
  }
  if (changes_preload_) {
    char* const text = room + (count_ + added_count_ + 2) * sizeof(char*);
    WritePreload(text);
    if (written_.size() > kPreload.size()) {
      *at++ = text;
    }
  }
  *at = nullptr;
  return out;
}

}  // namespace hooks
