#include "relay/ssh_command.h"

#include "program/preloads.h"

namespace relay {
namespace {

// The command line comes before every file. LogLevel: what SshLog reads.
constexpr const char* kOptions[] = {
    "BatchMode=yes",           "ControlMaster=yes",  "ControlPersist=no", "LogLevel=DEBUG1",
    "ClearAllForwardings=yes", "ForwardAgent=no",    "ForwardX11=no",     "Tunnel=no",
    "PermitLocalCommand=no",   "RemoteCommand=none", "RequestTTY=no",     "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
};

// In a path, for ssh's own expansion.
std::string DoublePercents(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out.append(c == '%' ? 2 : 1, c);
  }
  return out;
}

// As one word of a shell's.
std::string ShellWord(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::vector<std::string> MasterArguments(const SshTarget& target, const std::string& socket_path,
                                         const std::string& proxy_command) {
  std::vector<std::string> out = {"ssh", "-N", "-T"};
  if (!target.config_file.empty()) {
    out.insert(out.end(), {"-F", target.config_file});
  }
  out.insert(out.end(), {"-S", DoublePercents(socket_path)});
  for (const char* option : kOptions) {
    out.insert(out.end(), {"-o", option});
  }
  if (!proxy_command.empty()) {
    out.insert(out.end(), {"-o", "ProxyCommand=" + proxy_command, "-o", "ProxyUseFdpass=yes"});
  }
  if (target.port != 0) {
    out.insert(out.end(), {"-p", std::to_string(target.port)});
  }
  if (!target.user.empty()) {
    out.insert(out.end(), {"-l", target.user});
  }
  out.insert(out.end(), {"--", target.host});
  return out;
}

std::string ProxyCommand(std::string_view program, std::string_view option, std::string_view door) {
  return DoublePercents(ShellWord(program)) + " " + std::string(option) + " " +
         DoublePercents(ShellWord(door)) + " %h %p";
}

std::vector<std::string> SshEnvironment(const char* const* environment) {
  constexpr std::string_view kPreload = "LD_PRELOAD=";
  std::vector<std::string> out;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    if (variable.starts_with("GOCHAIN_")) {
      continue;
    }
    if (!variable.starts_with(kPreload)) {
      out.emplace_back(variable);
      continue;
    }
    const std::string others = program::OtherPreloads(variable.substr(kPreload.size()));
    if (!others.empty()) {
      out.push_back(std::string(kPreload) + others);
    }
  }
  return out;
}

}  // namespace relay
