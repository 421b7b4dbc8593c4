#include "engine/outside_daemon.h"

#include <array>

#include "base/text.h"
#include "engine/event_log.h"

namespace engine {
namespace {

struct Daemon {
  std::string_view socket;
  std::string_view who;
  std::string_view remedy;
};

constexpr std::string_view kOfItsService = "HTTPS_PROXY in the environment of its service";
constexpr std::array kDaemons = {
    Daemon{"docker.sock", "dockerd", "\"proxies\" in its daemon.json"},
    Daemon{"podman.sock", "podman's service", kOfItsService},
    Daemon{"containerd.sock", "containerd", kOfItsService},
    Daemon{"buildkitd.sock", "buildkitd", kOfItsService},
    Daemon{"crio.sock", "CRI-O", kOfItsService},
};

const Daemon* Find(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const Daemon& daemon : kDaemons) {
    if (daemon.socket == name) {
      return &daemon;
    }
  }
  return nullptr;
}

}  // namespace

bool IsDaemonSocket(std::string_view path) { return Find(path) != nullptr; }

void WarnOfDaemon(Session& session, Program& program, std::string_view path) {
  if (!session.said().TakeTurn(SaidOnce::kDaemon)) {
    return;
  }
  const Daemon& daemon = *Find(path);
  std::array<char, 1024> line;
  base::TextWriter text(line);
  text.Append(path).Append(": ").Append(daemon.who).Append(" is no part of this run, and what it");
  text.Append(" fetches doesn't go through gochain: it takes a proxy from ").Append(daemon.remedy);
  text.Append(" [").Append(program.exe()).Append(' ');
  text.AppendNumber(static_cast<uint64_t>(program.pid())).Append(']');
  EventLog(session.settings(), &session.config()).Say(LogLevel::kWarn, text.view());
}

}  // namespace engine
