#include "environment_text.h"

#include <utility>

#include "injection/injection.h"
#include "injection/syntax.h"
#include "process/library_path.h"

namespace launcher {

bool EnvironmentText(const Options& options, config::Inputs inputs, const config::Built& built,
                     std::string* text, std::vector<std::string>* remarks) {
  const bool has_file = !inputs.file.empty();
  if (has_file) {
    inputs.file = AbsolutePath(inputs.file);
  }
  if (has_file && !options.proxies.empty()) {
    // The library gets -p as GOCHAIN_PROXY, whose chain has another name than the rules may say.
    config::Inputs of_library = inputs;
    of_library.urls_from_environment = true;
    for (const config::Diagnostic& diagnostic : config::Build(of_library).diagnostics) {
      remarks->push_back(diagnostic.Text());
    }
    if (!remarks->empty()) {
      return false;
    }
  }
  std::string error;
  injection::Request request;
  request.inputs = std::move(inputs);
  request.env = built.env;
  request.settings = SettingsOf(options);
  request.keep_proxy_env = options.keep_proxy_env;
  request.library = process::FindLibrary(&error);
  request.launcher = request.library.empty() ? "" : process::LauncherToName(request.library);
  injection::Injection injection;
  if (request.library.empty() || !injection::Make(request, &injection, &error) ||
      !injection::Format(injection.changes, options.syntax, text, &error)) {
    remarks->push_back(error);
    return false;
  }
  if (options.log_level >= engine::LogLevel::kWarn) {
    *remarks = std::move(injection.warnings);
    // The variables of a shell say what its children load, not what it has loaded itself.
    const bool is_for_shell =
        options.syntax == injection::Syntax::kSh || options.syntax == injection::Syntax::kFish;
    if (is_for_shell && !process::ParentIsRouted()) {
      remarks->emplace_back(
          "warning: this shell was started without the library: what it starts is routed, but for "
          "Go and other static programs; for those too, start another shell from it");
    }
    if (options.keep_proxy_env) {
      remarks->emplace_back(kKeptProxyVariables);
    }
  }
  return true;
}

}  // namespace launcher
