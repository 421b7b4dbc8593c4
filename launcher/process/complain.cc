#include "process/complain.h"

#include <fmt/format.h>

#include <cstdio>

#include "process/job.h"

namespace process {

int Complain(std::string_view message) {
  // fmt::print would throw where the stream is closed.
  std::fputs(fmt::format("gochain: {}\n", message).c_str(), stderr);
  return kOwnFailure;
}

}  // namespace process
