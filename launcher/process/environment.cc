#include "process/environment.h"

#include <fmt/format.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>

#include "program/preloads.h"

namespace process {
namespace {

// Set anew for each run; an outer run's would be wrong.
constexpr std::string_view kOwnVariables[] = {"GOCHAIN_STATE", "GOCHAIN_SUPERVISED"};

bool IsProxyVariable(const std::string& name) {
  return std::any_of(std::begin(kProxyVariables), std::end(kProxyVariables),
                     [&](const char* known) { return strcasecmp(known, name.c_str()) == 0; });
}

// Does the rules file say what it is?
bool IsOfRules(const Job& job, const std::string& name) {
  return std::any_of(job.env.begin(), job.env.end(),
                     [&](const config::EnvChange& change) { return change.name == name; });
}

// Is the variable another one for COMMAND, or none?
bool IsChanged(const Job& job, const std::string& name) {
  return std::find(std::begin(kOwnVariables), std::end(kOwnVariables), name) !=
             std::end(kOwnVariables) ||
         std::find(job.password_variables.begin(), job.password_variables.end(), name) !=
             job.password_variables.end() ||
         IsOfRules(job, name) || (!job.keep_proxy_env && IsProxyVariable(name));
}

// The path of GOCHAIN_CONF is made absolute, for a gochain that COMMAND may start in another
// folder.
std::string AsForCommand(std::string_view variable) {
  if (!variable.starts_with("GOCHAIN_CONF=")) {
    return std::string(variable);
  }
  const size_t path = variable.find('=') + 1;
  char* const folder = path == 0 || path == variable.size() || variable[path] == '/'
                           ? nullptr
                           : get_current_dir_name();
  if (folder == nullptr) {
    return std::string(variable);
  }
  std::string out(variable.substr(0, path));
  out.append(folder).append("/").append(variable.substr(path));
  free(folder);
  return out;
}

// All but what tells COMMAND of this run.
std::vector<std::string> OwnEnvironment(const Job& job) {
  std::vector<std::string> out;
  std::string preloads;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view entry(*variable);
    const std::string name(entry.substr(0, entry.find('=')));
    if (name == "LD_PRELOAD" && entry.size() > name.size()) {
      preloads = program::OtherPreloads(entry.substr(name.size() + 1));
      continue;
    }
    if (!IsChanged(job, name)) {
      out.push_back(AsForCommand(entry));
    }
  }
  for (const config::EnvChange& change : job.env) {
    if (!change.unset) {
      out.push_back(change.name + "=" + change.value);
    }
  }
  if (!job.library.empty()) {
    preloads.insert(0, preloads.empty() ? job.library : job.library + ":");
  }
  if (!preloads.empty()) {
    out.push_back("LD_PRELOAD=" + preloads);
  }
  return out;
}

}  // namespace

engine::RulesVariableHashes HashRulesVariables() {
  engine::RulesVariableHashes out{};
  for (size_t i = 0; i < out.size(); ++i) {
    const std::string name = engine::kRulesVariables[i];
    const char* const value = getenv(name.c_str());
    if (value != nullptr && *value != '\0') {
      const std::string variable = AsForCommand(name + "=" + value);
      out[i] = engine::HashOfRulesVariable(std::string_view(variable).substr(name.size() + 1));
    }
  }
  return out;
}

std::vector<std::string> ListenedEnvironment(const Job& job, uint16_t port) {
  std::vector<std::string> out = OwnEnvironment(job);
  const std::string http = fmt::format("http://127.0.0.1:{}", port);
  // The h: names are asked of the proxy.
  const std::string socks = fmt::format("socks5h://127.0.0.1:{}", port);
  const std::pair<std::string, std::string> variables[] = {
      {"HTTP_PROXY", http}, {"HTTPS_PROXY", http}, {"ALL_PROXY", socks}, {"NO_PROXY", ""}};
  for (const auto& [name, value] : variables) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const std::string& spelling : {name, lower}) {
      if (!IsOfRules(job, spelling)) {
        out.push_back(fmt::format("{}={}", spelling, value));
      }
    }
  }
  return out;
}

std::vector<std::string> CommandEnvironment(const Job& job, const std::string& state) {
  std::vector<std::string> out = OwnEnvironment(job);
  out.push_back("GOCHAIN_STATE=" + state);
  if (job.supervises()) {
    out.push_back("GOCHAIN_SUPERVISED=1");
  }
  return out;
}

}  // namespace process
