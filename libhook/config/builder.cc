#include "config/builder.h"

#include "config/hop_reach.h"
#include "config/image_writer.h"
#include "config/include_reader.h"
#include "config/proxy_url.h"
#include "config/route_names.h"
#include "config/rules_file.h"

namespace config {
namespace {

// The parts of one Build(): each adds to the image, or to the diagnostics.
class Builder {
 public:
  explicit Builder(const Inputs& inputs)
      : inputs_(inputs), lists_(&image_, ListCache(inputs.cache_folder)) {}

  Built Run() {
    if (!inputs_.proxy_urls.empty()) {
      const bool environment = inputs_.urls_from_environment;
      AddChain(inputs_.proxy_urls, environment ? "environment" : "cmdline",
               environment ? "GOCHAIN_PROXY" : "-p");
    }
    if (!inputs_.file.empty()) {
      AddFile();
    } else if (inputs_.proxy_urls.empty() && !inputs_.all_proxy.empty()) {
      AddChain({inputs_.all_proxy}, "environment", inputs_.all_proxy_variable);
      AddNoProxy();
    }
    if (chain_) {
      Globals& globals = image_.globals();
      globals.default_route = *chain_;
      globals.default_source = inputs_.urls_from_environment || inputs_.proxy_urls.empty()
                                   ? DefaultSource::kEnvironment
                                   : DefaultSource::kCommandLine;
      globals.default_line = {};
    }
    Built built;
    built.diagnostics = std::move(diagnostics_);
    built.warnings = std::move(warnings_);
    built.notes = std::move(notes_);
    if (built.diagnostics.empty()) {
      built.image = image_.Finish();
      built.lists = lists_.TakeImages();
      built.env = std::move(outcome_.env);
      built.go_private_paths = std::move(outcome_.go_private_paths);
      built.password_variables = std::move(outcome_.password_variables);
    }
    return built;
  }

 private:
  void AddChain(const std::vector<std::string>& urls, std::string_view name,
                const std::string& origin) {
    DiagnosticList complaints(origin);
    Chain chain;
    chain.name = image_.AddText(name);
    if (urls.size() > kMaxHops) {
      complaints.Add({}, {"more than " + std::to_string(kMaxHops) + " hops", {}});
    }
    std::vector<ProxyUrl> hops;
    for (const std::string& text : urls) {
      ProxyUrl url;
      if (auto complaint = ParseProxyUrl(text, &url)) {
        complaints.Add({}, std::move(*complaint));
        continue;
      }
      for (const ProxyUrl& earlier : hops) {
        if (earlier.Name() == url.Name() && earlier.user == url.user) {
          complaints.Add({}, {"the hop " + url.Name() + " stands twice in the chain", {}});
          break;
        }
      }
      hops.push_back(url);
    }
    if (complaints.empty()) {
      for (const ProxyUrl& url : hops) {
        chain.hops[chain.hop_count++] = AddProxy(url);
      }
      if (auto complaint = FindUnsayableHop(image_, chain)) {
        complaints.Add({}, std::move(*complaint));
      }
      chain_ = Route{RouteKind::kChain, image_.AddChain(chain)};
    } else {
      // The file's rules may name the chain: that is no error of theirs.
      chain_ = Route{RouteKind::kChain, 0};
    }
    names_.Add(name, *chain_, {origin, 0});
    Take(&complaints);
  }

  uint16_t AddProxy(const ProxyUrl& url) {
    Proxy proxy;
    proxy.name = image_.AddText(url.Name());
    proxy.type = url.type;
    proxy.host = image_.AddText(url.host);
    proxy.port = url.port;
    proxy.default_port = url.default_port;
    proxy.user = image_.AddText(url.user);
    proxy.password = image_.AddText(url.password);
    return image_.AddProxy(proxy);
  }

  void AddFile() {
    DiagnosticList complaints(inputs_.file);
    const RulesLines text = IncludeReader(&complaints, inputs_.getenv_fn).Read();
    RulesContext context(&image_, &names_, &lists_, &complaints, &text.files, inputs_.getenv_fn);
    outcome_ = RulesFile(&context).Read(text.ini);
    Take(&complaints);
    for (Diagnostic& diagnostic : lists_.TakeDiagnostics()) {
      diagnostics_.push_back(std::move(diagnostic));
    }
  }

  // NO_PROXY has no standard. What curl, Go and Python agree on is taken: a name stands for itself
  // and all below it, with or without a leading '.'; networks, addresses and ports; `*` for all.
  // An entry that is none of these is left out, as they do: its targets go through the proxy.
  void AddNoProxy() {
    const Source source{image_.AddText("NO_PROXY"), 0, {}};
    std::string_view rest = inputs_.no_proxy;
    while (!rest.empty()) {
      const size_t end = rest.find_first_of(", \t");
      const std::string_view entry = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (entry.empty() || entry.front() == '@' || entry.starts_with("exe:")) {
        continue;
      }
      ParsedPattern parsed;
      auto complaint = ParsePattern(entry, &parsed);
      // "10.1.2.3/8" is common there; the hint is the network that is meant.
      if (complaint && entry.find('/') != std::string_view::npos && !complaint->hint.empty()) {
        complaint = ParsePattern(complaint->hint, &parsed);
      }
      if (complaint) {
        continue;
      }
      if (parsed.kind == PatternKind::kExact) {
        parsed.kind = PatternKind::kSelfOrBelow;
      }
      Source line = source;
      line.line_text = image_.AddText(entry);
      image_.AddPattern(parsed, entry, Route{}, line);
    }
  }

  void Take(DiagnosticList* complaints) {
    for (Diagnostic& diagnostic : complaints->Take()) {
      diagnostics_.push_back(std::move(diagnostic));
    }
    for (Diagnostic& warning : complaints->TakeWarnings()) {
      warnings_.push_back(std::move(warning));
    }
    for (Diagnostic& note : complaints->TakeNotes()) {
      notes_.push_back(std::move(note));
    }
  }

  const Inputs& inputs_;
  ImageWriter image_;
  RouteNames names_;
  ListSet lists_;
  std::vector<Diagnostic> diagnostics_;
  std::vector<Diagnostic> warnings_;
  std::vector<Diagnostic> notes_;
  RulesOutcome outcome_;
  std::optional<Route> chain_;  // of -p or the environment: the default
};

}  // namespace

Built Build(const Inputs& inputs) { return Builder(inputs).Run(); }

}  // namespace config
