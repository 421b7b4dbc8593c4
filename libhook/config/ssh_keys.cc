#include "config/ssh_keys.h"

#include <cstring>

#include "base/file.h"
#include "config/nearest_word.h"

namespace config {
namespace {

constexpr size_t kLargestFile = size_t{1} << 20;

}  // namespace

void SshKeys::Finish(RulesContext* context, const ProxyUrl& url, uint16_t index) const {
  if (!config_) {
    return;
  }
  if (url.type != ProxyType::kSsh) {
    context->Complain(config_->place, "'ssh_config' is for ssh:// proxies alone");
    return;
  }
  std::string path;
  if (!context->ExpandPath(config_->place, config_->text, &path)) {
    return;
  }
  std::string text;
  struct stat status = {};
  if (const int error = base::ReadFile(path, kLargestFile, &text, &status); error != 0) {
    context->Complain(config_->place, "can't read " + Quote(path) + ": " + strerror(error));
    return;
  }
  context->image().proxies()[index].ssh_config = context->AddFullPath(path);
}

}  // namespace config
