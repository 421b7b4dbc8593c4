#include "injection/injection.h"

#include <algorithm>

#include "base/ascii.h"
#include "config/proxy_url.h"
#include "process/environment.h"
#include "program/preloads.h"

namespace injection {
namespace {

class Maker {
 public:
  Maker(const Request& request, Injection* out, std::string* error)
      : request_(request), inputs_(request.inputs), out_(out), error_(error) {}

  bool Make() {
    *out_ = {};
    if (!request_.keep_proxy_env) {
      UnsetProxyVariables();
    }
    out_->changes.insert(out_->changes.end(), request_.env.begin(), request_.env.end());
    if (!AddProxies()) {
      return false;
    }
    if (!inputs_.file.empty()) {
      Set("GOCHAIN_CONF", inputs_.file);
    }
    AddSettings();
    if (!request_.launcher.empty()) {
      Set("GOCHAIN_LAUNCHER", request_.launcher);
    }
    // Last: by now all is said that the library of the next program asks for.
    const std::string others = program::OtherPreloads(Variable("LD_PRELOAD"));
    Set("LD_PRELOAD", others.empty() ? request_.library : request_.library + ":" + others);
    return true;
  }

 private:
  std::string Variable(const char* name) const {
    const char* const value = inputs_.getenv_fn(name);
    return value != nullptr ? value : "";
  }

  void Set(std::string name, std::string value) {
    out_->changes.push_back({std::move(name), std::move(value), false});
  }

  // Programs would dial that proxy themselves, and the rules would see only the proxy.
  void UnsetProxyVariables() {
    for (const std::string_view upper : process::kProxyVariables) {
      std::string lower(upper);
      std::transform(lower.begin(), lower.end(), lower.begin(), base::ToLower);
      for (const std::string& name : {std::string(upper), lower}) {
        const auto is_it = [&](const config::EnvChange& change) { return change.name == name; };
        if (inputs_.getenv_fn(name.c_str()) != nullptr &&
            std::none_of(request_.env.begin(), request_.env.end(), is_it)) {
          out_->changes.push_back({name, "", true});
        }
      }
    }
  }

  bool AddProxies() {
    std::vector<std::string> urls = inputs_.proxy_urls;
    const bool by_all_proxy = urls.empty() && inputs_.file.empty();
    if (by_all_proxy) {
      if (request_.keep_proxy_env) {
        return true;  // the library finds it where we did
      }
      if (!inputs_.no_proxy.empty()) {
        *error_ = "--env: NO_PROXY has no place beside GOCHAIN_PROXY, and " +
                  inputs_.all_proxy_variable + " goes; give -p URL or a rules file";
        return false;
      }
      urls = {inputs_.all_proxy};
    }
    if (std::any_of(urls.begin(), urls.end(), HasPassword)) {
      if (!inputs_.urls_from_environment) {
        *error_ =
            "--env prints no password: keep it in a rules file, or set GOCHAIN_PROXY in the "
            "environment that the variables are for";
        return false;
      }
      out_->warnings.emplace_back(
          "warning: GOCHAIN_PROXY has a password and isn't printed; it has to stay in the "
          "environment");
      return true;
    }
    std::string joined;
    for (const std::string& url : urls) {
      joined += joined.empty() ? "" : ",";
      for (const char c : url) {
        // It parts URLs there; in one it can only belong to the user.
        joined += c == ',' ? std::string_view("%2C") : std::string_view(&c, 1);
      }
    }
    if (!joined.empty()) {
      Set("GOCHAIN_PROXY", std::move(joined));
    }
    return true;
  }

  static bool HasPassword(const std::string& text) {
    config::ProxyUrl url;
    return config::ParseProxyUrl(text, &url) || !url.password.empty();
  }

  // The library's defaults need no word, unless the environment has another one.
  void AddSettings() {
    const engine::Settings& settings = request_.settings;
    const engine::Settings defaults;
    if (settings.log_level != defaults.log_level || !Variable("GOCHAIN_LOG").empty()) {
      Set("GOCHAIN_LOG", std::string(engine::LogLevelWord(settings.log_level)));
    }
    if (settings.log_format != defaults.log_format || !Variable("GOCHAIN_LOG_FORMAT").empty()) {
      Set("GOCHAIN_LOG_FORMAT", std::string(engine::LogFormatWord(settings.log_format)));
    }
    if (!settings.log_file_view().empty()) {
      Set("GOCHAIN_LOG_FILE", std::string(settings.log_file_view()));
    }
  }

  const Request& request_;
  const config::Inputs& inputs_;
  Injection* out_;
  std::string* error_;
};

}  // namespace

bool Make(const Request& request, Injection* out, std::string* error) {
  return Maker(request, out, error).Make();
}

}  // namespace injection
