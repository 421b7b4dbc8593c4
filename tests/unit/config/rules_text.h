// Builds configs from text, without a file system.
#ifndef GOCHAIN_TESTS_UNIT_CONFIG_RULES_TEXT_H_
#define GOCHAIN_TESTS_UNIT_CONFIG_RULES_TEXT_H_

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "config/builder.h"
#include "engine/list_maps.h"

namespace config {

// A rules file that lies in memory; its path works for as long as it lives.
class RulesText {
 public:
  explicit RulesText(std::string_view text) : fd_(memfd_create("rules", MFD_CLOEXEC)) {
    EXPECT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  RulesText(const RulesText&) = delete;
  RulesText& operator=(const RulesText&) = delete;
  ~RulesText() { close(fd_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// The config that `inputs` make, with `text` as their rules file. Diagnostics and sources name the
// file "t.conf".
class BuiltText {
 public:
  explicit BuiltText(std::string_view text, Inputs inputs = {}) {
    const RulesText file(text);
    inputs.file = file.path();
    built_ = Build(inputs);
    for (Diagnostic& diagnostic : built_.diagnostics) {
      if (diagnostic.file == file.path()) {
        diagnostic.file = "t.conf";
      }
    }
    Look();
  }
  explicit BuiltText(const Inputs& inputs) : built_(Build(inputs)) { Look(); }
  BuiltText(const BuiltText&) = delete;
  BuiltText& operator=(const BuiltText&) = delete;

  // All diagnostics, one a line.
  std::string Complaints() const {
    std::string out;
    for (const Diagnostic& diagnostic : built_.diagnostics) {
      out += diagnostic.Text() + "\n";
    }
    return out;
  }
  const Built& built() const { return built_; }
  bool ok() const { return ok_; }
  const Config& config() const { return config_; }
  const std::vector<uint8_t>& image() const { return built_.image; }
  const std::vector<ListImage>& lists() const { return built_.lists; }
  std::string Text(config::Text text) const { return std::string(config_.text(text)); }

 private:
  void Look() {
    const auto config = Config::FromImage(built_.image);
    ok_ = config.ok();
    if (ok_) {
      config_ = config.value();
      const auto lists = engine::MapLists(built_.lists);
      EXPECT_TRUE(lists.ok());
      config_.SetLists(lists.value());
    }
  }

  Built built_;
  bool ok_ = false;
  Config config_;
};

}  // namespace config

#endif  // GOCHAIN_TESTS_UNIT_CONFIG_RULES_TEXT_H_
