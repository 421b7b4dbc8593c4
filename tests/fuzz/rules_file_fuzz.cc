// Any rules file either builds into an image that loads, or has diagnostics; never both or neither.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "config/builder.h"
#include "config/config.h"
#include "decisions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("rules", MFD_CLOEXEC);
  fuzz::Require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == ssize_t(size), "a file");
  config::Inputs inputs;
  inputs.file = "/proc/self/fd/" + std::to_string(file);
  const config::Built built = config::Build(inputs);
  fuzz::Require(built.image.empty() != built.diagnostics.empty(), "an image or errors");
  for (const config::Diagnostic& diagnostic : built.diagnostics) {
    fuzz::Require(!diagnostic.message.empty(), "an error says what is wrong");
    fuzz::Require(diagnostic.Text().find('\n') == std::string::npos, "an error is one line");
  }
  if (!built.image.empty()) {
    const auto config = config::Config::FromImage(built.image);
    fuzz::Require(config.ok(), "what was built loads");
    fuzz::AskRules(config.value());
  }
  return 0;
}
