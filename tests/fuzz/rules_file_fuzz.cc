// Any rules file, with what it includes and lists, either builds into an image that loads, or has
// diagnostics; never both or neither.
//
// An input is the rules file; behind a line "===" the file "a.conf" that it may include, behind the
// next one the list "l.txt".
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/builder.h"
#include "config/config.h"
#include "decisions.h"

namespace {

constexpr const char* kNames[] = {"corp.conf", "a.conf", "l.txt"};
constexpr std::string_view kSeparator = "\n===\n";

// Gone at the end.
class Folder {
 public:
  Folder() { fuzz::Require(mkdtemp(path_) != nullptr, "a folder"); }
  ~Folder() {
    for (const char* const name : kNames) {
      unlink((*this / name).c_str());
    }
    rmdir(path_);
  }

  const char* path() const { return path_; }
  std::string operator/(const char* name) const { return std::string(path_) + "/" + name; }

  void Write(const char* name, std::string_view text) const {
    const std::string path = *this / name;
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz::Require(write(file, text.data(), text.size()) == ssize_t(text.size()), "a file");
    close(file);
  }

 private:
  char path_[32] = "/tmp/gochain-fuzz-XXXXXX";
};

const Folder& TheFolder() {
  static const Folder folder;
  return folder;
}

const char* Variable(const char* name) {
  if (strcmp(name, "HOME") == 0 || strcmp(name, "D") == 0) {
    return TheFolder().path();
  }
  if (strcmp(name, "P") == 0) {
    return "s3%25cret";
  }
  return strcmp(name, "GOPRIVATE") == 0 ? "*.corp.example,github.com/acme,[" : nullptr;
}

// The lists of a run, mapped for as long as this lives.
class Lists {
 public:
  explicit Lists(const std::vector<config::ListImage>& images) {
    for (const config::ListImage& image : images) {
      void* const at = mmap(nullptr, image.size, PROT_READ, MAP_PRIVATE, image.fd.get(), 0);
      fuzz::Require(at != MAP_FAILED, "a list maps");
      maps_.emplace_back(static_cast<const uint8_t*>(at), image.size);
      const auto view = config::ListView::FromImage(maps_.back());
      fuzz::Require(view.ok(), "a list that was compiled loads");
      views_.push_back(view.value());
    }
  }
  ~Lists() {
    for (const auto map : maps_) {
      munmap(const_cast<uint8_t*>(map.data()), map.size());
    }
  }

  std::span<const config::ListView> views() const { return views_; }

 private:
  std::vector<std::span<const uint8_t>> maps_;
  std::vector<config::ListView> views_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* const name : kNames) {
    const size_t end = rest.find(kSeparator);
    TheFolder().Write(name, rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kSeparator.size());
  }
  config::Inputs inputs;
  inputs.file = TheFolder() / kNames[0];
  inputs.getenv_fn = Variable;
  const config::Built built = config::Build(inputs);
  fuzz::Require(built.image.empty() != built.diagnostics.empty(), "an image or errors");
  for (const config::Diagnostic& diagnostic : built.diagnostics) {
    fuzz::Require(!diagnostic.message.empty(), "an error says what is wrong");
    fuzz::Require(diagnostic.Text().find('\n') == std::string::npos, "an error is one line");
  }
  if (!built.image.empty()) {
    auto config = config::Config::FromImage(built.image);
    fuzz::Require(config.ok(), "what was built loads");
    const Lists lists(built.lists);
    config.value().SetLists(lists.views());
    fuzz::AskRules(config.value());
  }
  return 0;
}
