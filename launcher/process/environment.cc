#include "process/environment.h"

#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace process {
namespace {

// Set anew for each run; an outer run's would be wrong.
constexpr std::string_view kOwnVariables[] = {"GOCHAIN_STATE", "GOCHAIN_SUPERVISED"};

bool IsProxyVariable(const std::string& name) {
  return std::any_of(std::begin(kProxyVariables), std::end(kProxyVariables),
                     [&](const char* known) { return strcasecmp(known, name.c_str()) == 0; });
}

// Is the variable another one for COMMAND, or none?
bool IsChanged(const Job& job, const std::string& name) {
  const auto is_it = [&](const config::EnvChange& change) { return change.name == name; };
  return std::find(std::begin(kOwnVariables), std::end(kOwnVariables), name) !=
             std::end(kOwnVariables) ||
         std::find(job.password_variables.begin(), job.password_variables.end(), name) !=
             job.password_variables.end() ||
         std::any_of(job.env.begin(), job.env.end(), is_it) ||
         (!job.keep_proxy_env && IsProxyVariable(name));
}

// For a gochain that COMMAND may start in another folder.
std::string WithAbsolutePath(std::string_view variable) {
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

}  // namespace

std::string OtherPreloads(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const size_t end = std::min(value.find_first_of(": "), value.size());
    const std::string_view path = value.substr(0, end);
    if (!path.empty() && !path.ends_with("/libgochain.so")) {
      out.append(":").append(path);
    }
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return out;
}

std::vector<std::string> CommandEnvironment(const Job& job, const std::string& state) {
  std::vector<std::string> out;
  std::string preloads;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view entry(*variable);
    const std::string name(entry.substr(0, entry.find('=')));
    if (name == "LD_PRELOAD" && entry.size() > name.size()) {
      preloads = OtherPreloads(entry.substr(name.size() + 1));
      continue;
    }
    if (!IsChanged(job, name)) {
      out.push_back(name == "GOCHAIN_CONF" ? WithAbsolutePath(entry) : std::string(entry));
    }
  }
  for (const config::EnvChange& change : job.env) {
    if (!change.unset) {
      out.push_back(change.name + "=" + change.value);
    }
  }
  if (!job.library.empty()) {
    preloads.insert(0, job.library);
  } else if (!preloads.empty()) {
    preloads.erase(0, 1);
  }
  if (!preloads.empty()) {
    out.push_back("LD_PRELOAD=" + preloads);
  }
  out.push_back("GOCHAIN_STATE=" + state);
  if (job.supervises()) {
    out.push_back("GOCHAIN_SUPERVISED=1");
  }
  return out;
}

}  // namespace process
