// The case files of tests/unit/rules/cases: README.md there says how they are written.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "../temp_folder.h"
#include "config/builder.h"
#include "engine/lookup.h"
#include "engine/plan.h"
#include "engine/session.h"
#include "explain/explanation.h"

namespace rules {
namespace {

constexpr std::string_view kMarker = "=== ";

struct CaseLine {
  size_t number = 0;
  std::string text;
};

struct CaseFile {
  std::string rules;  // empty: gochain looks at the environment alone
  std::map<std::string, std::string> files;
  std::vector<std::string> proxies;
  std::vector<std::string> environment;
  std::vector<CaseLine> cases;
};

std::vector<std::filesystem::path> CaseFiles() {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  const auto folder = std::filesystem::path(__FILE__).parent_path() / "cases";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".txt") {
      out.push_back(entry.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

CaseFile ReadCaseFile(const std::filesystem::path& path) {
  CaseFile out;
  std::ifstream in(path);
  std::string section = "rules";
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.starts_with(kMarker)) {
      section = line.substr(kMarker.size());
      continue;
    }
    const bool comment = line.empty() || line.starts_with('#');
    if (section == "rules") {
      out.rules += line + "\n";
    } else if (section.starts_with("file ")) {
      out.files[section.substr(5)] += line + "\n";
    } else if (comment) {
      continue;
    } else if (section == "proxies") {
      out.proxies.push_back(line);
    } else if (section == "environment") {
      out.environment.push_back(line);
    } else if (section == "cases") {
      out.cases.push_back({number, line});
    } else {
      ADD_FAILURE() << path << ":" << number << ": no such section: " << section;
    }
  }
  return out;
}

// One line of a case file: what is asked, and what is expected.
struct Case {
  base::Endpoint target;
  std::string exe = "curl";
  std::optional<base::IpAddress> looked_up;
  std::string who_and_route;
  std::string as;
};

std::optional<base::Endpoint> ParseTarget(const std::string& text) {
  const size_t colon = text.rfind(':');
  const std::string host = text.substr(0, colon);
  const auto port = static_cast<uint16_t>(atoi(text.c_str() + colon + 1));
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, port);
  }
  return base::Endpoint::FromName(host, port);
}

std::string TextOf(const base::Endpoint& endpoint) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(endpoint.Text(buffer));
}

std::optional<Case> ParseCase(const std::string& text) {
  std::istringstream words(text);
  std::string word;
  Case out;
  words >> word;
  const auto target = ParseTarget(word);
  if (!target) {
    return std::nullopt;
  }
  out.target = *target;
  out.as = TextOf(*target);
  while (words >> word && word != "->") {
    std::string value;
    words >> value;
    if (word == "by") {
      out.exe = value;
    } else if (word == "at" && base::IpAddress::Parse(value)) {
      out.looked_up = base::IpAddress::Parse(value);
    } else {
      return std::nullopt;
    }
  }
  std::string who;
  std::string route;
  words >> who >> route;
  out.who_and_route = who + " " + route;
  if (words >> word) {
    words >> out.as;
  }
  return route.empty() || (!words && !words.eof()) ? std::nullopt : std::optional(out);
}

class Variables {
 public:
  ~Variables() {
    for (const auto& [name, value] : before_) {
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    }
  }
  void Set(const std::string& name, const char* value) {
    const char* const now = getenv(name.c_str());
    before_.emplace(name, now != nullptr ? std::optional<std::string>(now) : std::nullopt);
    value != nullptr ? setenv(name.c_str(), value, 1) : unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

class CasesTest : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    file_ = ReadCaseFile(GetParam());
    WriteFiles();
    SetVariables();
    config::Inputs inputs;
    const std::string rules = file_.rules.empty() ? "" : Here() + "/rules.conf";
    ASSERT_TRUE(config::FindInputs(
        rules, file_.proxies, [](const char* name) -> const char* { return getenv(name); },
        &inputs));
    built_ = config::Build(inputs);
    for (const config::Diagnostic& diagnostic : built_.diagnostics) {
      ADD_FAILURE() << diagnostic.Text();
    }
    auto config = config::Config::FromImage(built_.image);
    ASSERT_TRUE(config.ok());
    config_ = config.value();
  }

  std::string Here() const {
    std::string path = folder_ / "";
    path.pop_back();
    return path;
  }

  std::string Who(const config::Config& config, const Decision& decision) const {
    if (DecidingLine(decision) == nullptr) {
      std::string reason(ReasonText(decision));
      std::ranges::replace(reason, ' ', '-');
      return reason;
    }
    const config::Source& source = *DecidingLine(decision);
    std::string file(config.text(source.file));
    if (file.starts_with(Here() + "/")) {
      file.erase(0, Here().size() + 1);
    }
    return (file == "rules.conf" ? "" : file + ":") + std::to_string(source.line);
  }

  // What a program connects to that wants to go to `asked.target`: it looks a name up first.
  base::Endpoint Told(const Case& asked, engine::Session& session) const {
    if (!asked.target.is_name()) {
      return asked.target;
    }
    const std::string_view name = asked.target.name();
    std::vector<base::IpAddress> answers;
    switch (engine::HowToTell(session.config(), name)) {
      case engine::Telling::kAsk:
        if (asked.looked_up) {
          answers.push_back(*asked.looked_up);
        }
        break;
      case engine::Telling::kHosts:
        for (const config::HostAddress& host : session.config().HostAddresses(name)) {
          answers.push_back(host.address);
        }
        break;
      case engine::Telling::kMadeUp:
        break;
    }
    if (answers.empty() || !engine::Answered(session, name, answers)) {
      answers = {session.names().AddressOf(name).value()};
    }
    return {answers.front(), asked.target.port()};
  }

  // A run of its own: what a program was told in one doesn't matter in another.
  base::Result<engine::Session::Created> NewSession() const {
    engine::Settings settings;
    settings.log_level = engine::LogLevel::kOff;
    return engine::Session::Create(settings, built_.image, built_.lists);
  }

  std::string WhoAndRoute(const config::Config& config, const Decision& decision) const {
    return Who(config, decision) + " " + std::string(config.RouteName(decision.route));
  }

  // What the case expects, as the engine has it.
  Case Decided(const Case& asked) const {
    Case out = asked;
    auto created = NewSession();
    EXPECT_TRUE(created.ok());
    engine::Plan plan =
        engine::MakePlan(created->session, Told(asked, created->session), asked.exe);
    const base::Endpoint& destination = plan.destination();
    if (plan.resolve_here && asked.looked_up) {
      plan.addresses[0] = *asked.looked_up;
      engine::DecideAt(created->session.config(), destination, asked.exe,
                       std::span(plan.addresses).first(1), &plan.decision);
    }
    const config::Route route = plan.decision.route;
    const bool by_address =
        plan.address_count > 0 || (asked.looked_up && config_.DnsOf(route) == config::Dns::kLocal);
    out.as = TextOf(config_.HopCount(route) > 0 && by_address
                        ? base::Endpoint(plan.addresses[0], destination.port())
                        : destination);
    out.who_and_route = WhoAndRoute(created->session.config(), plan.decision);
    return out;
  }

  CaseFile file_;
  config::Config config_;

  config::Built built_;

 private:
  void WriteFiles() {
    if (!file_.rules.empty()) {
      file_.files["rules.conf"] = file_.rules;
    }
    for (const auto& [name, text] : file_.files) {
      const std::filesystem::path path = folder_ / name;
      std::filesystem::create_directories(path.parent_path());
      std::ofstream(path) << text;
    }
  }

  void SetVariables() {
    for (const char* const name :
         {"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
          "GOCHAIN_PROXY", "GOCHAIN_CONF", "XDG_CONFIG_HOME", "GOPRIVATE", "GONOPROXY", "GOENV"}) {
      variables_.Set(name, nullptr);
    }
    variables_.Set("HOME", Here().c_str());
    for (const std::string& line : file_.environment) {
      const size_t equals = line.find('=');
      std::string value = line.substr(equals + 1);
      constexpr std::string_view kHere = "${HERE}";
      if (const size_t at = value.find(kHere); at != std::string::npos) {
        value.replace(at, kHere.size(), Here());
      }
      variables_.Set(line.substr(0, equals), value.c_str());
    }
  }

  TempFolder folder_;
  Variables variables_;
};

TEST_P(CasesTest, DecidesAsWritten) {
  EXPECT_FALSE(file_.cases.empty());
  for (const CaseLine& line : file_.cases) {
    const auto expected = ParseCase(line.text);
    ASSERT_TRUE(expected) << GetParam().string() << ":" << line.number << ": " << line.text;
    const Case decided = Decided(*expected);
    EXPECT_TRUE(decided.who_and_route == expected->who_and_route && decided.as == expected->as)
        << GetParam().string() << ":" << line.number << ": " << line.text << "\n  is "
        << decided.who_and_route << " as " << decided.as;
  }
}

// What no lookup could change must be explained as it is decided.
TEST_P(CasesTest, AreExplainedAlike) {
  const auto created = NewSession();
  ASSERT_TRUE(created.ok());
  const config::Config& config = created->session.config();
  for (const CaseLine& line : file_.cases) {
    const auto expected = ParseCase(line.text);
    ASSERT_TRUE(expected);
    if (expected->looked_up) {
      continue;
    }
    const explain::Explanation explanation = explain::ExplanationOf(config, {}, expected->target);
    Decision decision = explanation.decision;
    for (const explain::ProgramsWay& program : explanation.programs) {
      decision = program.exe == expected->exe ? program.decision : decision;
    }
    EXPECT_EQ(WhoAndRoute(config, decision), expected->who_and_route)
        << GetParam().string() << ":" << line.number << ": " << line.text;
  }
}

TEST(CaseFilesTest, AreThere) { EXPECT_GE(CaseFiles().size(), 30u); }

INSTANTIATE_TEST_SUITE_P(Files, CasesTest, testing::ValuesIn(CaseFiles()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace rules
