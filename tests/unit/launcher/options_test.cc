#include "options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "../fake_environment.h"

namespace launcher {
namespace {

// A command line, parsed. It keeps argv, of which Options::command is a part.
class Parsed {
 public:
  explicit Parsed(std::vector<std::string> words,
                  std::vector<std::pair<std::string, std::string>> variables = {})
      : words_(std::move(words)) {
    environment = std::move(variables);
    words_.insert(words_.begin(), "gochain");
    for (std::string& word : words_) {
      argv_.push_back(word.data());
    }
    argv_.push_back(nullptr);
    ok = ParseOptions(static_cast<int>(words_.size()), argv_.data(), Getenv, &options, &error);
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  // COMMAND and its arguments, each with a blank before it.
  std::string Command() const {
    std::string out;
    for (char** word = options.command; word != nullptr && *word != nullptr; ++word) {
      out += std::string(" ") + *word;
    }
    return out;
  }
  // The whole command line, as ps(1) shows it now.
  std::string Words() const {
    std::string out;
    for (size_t i = 1; i < words_.size(); ++i) {
      out += " " + words_[i];
    }
    return out;
  }
  std::string Targets() const {
    std::string out;
    for (const std::string& target : options.targets) {
      out += " " + target;
    }
    return out;
  }

  Options options;
  std::string error;
  bool ok = false;

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
};

TEST(ParseOptionsTest, OverwritesTheCredentialsOfItsCommandLine) {
  const Parsed p({"-p", "http://alice:s3cret@a:1", "--proxy=socks5://u@b", "-pu:s3cret@c:2", "-p",
                  "http://d:s3cret", "-p", "http://e:80", "env", "http://u:p@x"});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.proxies,
            (std::vector<std::string>{"http://alice:s3cret@a:1", "socks5://u@b", "u:s3cret@c:2",
                                      "http://d:s3cret", "http://e:80"}));
  EXPECT_EQ(p.Words(),
            " -p http://xxxxxxxxxxxx@a:1 --proxy=socks5://x@b -pxxxxxxxx@c:2 -p http://xxxxxxxx -p "
            "http://e:80 env http://u:p@x");
}

TEST(ParseOptionsTest, StopsAtTheCommand) {
  const Parsed p({"-v", "go", "-v", "--help", "--", "-p"});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.Command(), " go -v --help -- -p");
  EXPECT_EQ(p.options.log_level, engine::LogLevel::kInfo);
  EXPECT_TRUE(p.options.proxies.empty());
}

TEST(ParseOptionsTest, TakesACommandBehindDashes) {
  const Parsed p({"--keep-proxy-env", "--", "-odd", "x"});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.Command(), " -odd x");
  EXPECT_TRUE(p.options.keep_proxy_env);
}

TEST(ParseOptionsTest, TakesEveryOption) {
  const Parsed p({"-f", "a.conf", "-phttp://a", "--proxy=socks5://b", "--mode", "supervise",
                  "--log-format=json", "--log-file=/dev/null", "-vv", "true"});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.config, "a.conf");
  EXPECT_EQ(p.options.proxies, (std::vector<std::string>{"http://a", "socks5://b"}));
  EXPECT_EQ(p.options.mode, engine::Mode::kSupervise);
  EXPECT_EQ(p.options.log_format, engine::LogFormat::kJson);
  EXPECT_EQ(p.options.log_file, "/dev/null");
  EXPECT_EQ(p.options.log_level, engine::LogLevel::kDebug);
  EXPECT_EQ(p.options.action, Action::kRun);
}

TEST(ParseOptionsTest, CountsVerboseAndQuiet) {
  EXPECT_EQ(Parsed({"true"}).options.log_level, engine::LogLevel::kWarn);
  EXPECT_EQ(Parsed({"--verbose", "true"}).options.log_level, engine::LogLevel::kInfo);
  EXPECT_EQ(Parsed({"-v", "-v", "-v", "true"}).options.log_level, engine::LogLevel::kDebug);
  EXPECT_EQ(Parsed({"-q", "true"}).options.log_level, engine::LogLevel::kError);
  EXPECT_EQ(Parsed({"-qq", "true"}).options.log_level, engine::LogLevel::kOff);
  EXPECT_EQ(Parsed({"-q", "-v", "true"}).error, "--verbose and --quiet exclude each other");
}

TEST(ParseOptionsTest, TakesTheEnvironmentWhereNoOptionSaysOtherwise) {
  const std::vector<std::pair<std::string, std::string>> variables = {
      {"GOCHAIN_MODE", "preload"},    {"GOCHAIN_LOG", "off"},     {"GOCHAIN_LOG_FILE", "/dev/null"},
      {"GOCHAIN_LOG_FORMAT", "json"}, {"GOCHAIN_CONF", "x.conf"}, {"GOCHAIN_PROXY", "http://h"},
  };
  const Parsed p({"true"}, variables);
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.mode, engine::Mode::kPreload);
  EXPECT_EQ(p.options.log_level, engine::LogLevel::kOff);
  EXPECT_EQ(p.options.log_file, "/dev/null");
  EXPECT_EQ(p.options.log_format, engine::LogFormat::kJson);
  // FindInputs() has these two.
  EXPECT_EQ(p.options.config, "");
  EXPECT_TRUE(p.options.proxies.empty());
  const Parsed q({"--mode=auto", "-v", "--log-file=/dev/zero", "--log-format=text", "true"},
                 variables);
  ASSERT_TRUE(q.ok) << q.error;
  EXPECT_EQ(q.options.mode, engine::Mode::kAuto);
  EXPECT_EQ(q.options.log_level, engine::LogLevel::kInfo);
  EXPECT_EQ(q.options.log_file, "/dev/zero");
  EXPECT_EQ(q.options.log_format, engine::LogFormat::kText);
}

TEST(ParseOptionsTest, TakesAnEmptyVariableForNone) {
  const Parsed p({"true"}, {{"GOCHAIN_MODE", ""}, {"GOCHAIN_LOG", ""}, {"GOCHAIN_LOG_FILE", ""}});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.mode, engine::Mode::kAuto);
  EXPECT_EQ(p.options.log_file, "");
}

TEST(ParseOptionsTest, ExplainsWithOptionsBehindItsArguments) {
  const Parsed p({"--explain", "a:1", "-f", "x", "b", "--log-format", "json"});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.action, Action::kExplain);
  EXPECT_EQ(p.Targets(), " a:1 b");
  EXPECT_EQ(p.options.config, "x");
  EXPECT_EQ(p.options.log_format, engine::LogFormat::kJson);
  EXPECT_EQ(p.options.command, nullptr);
  EXPECT_EQ(Parsed({"--explain", "a", "--", "-b", "c"}).Targets(), " a -b c");
  EXPECT_EQ(Parsed({"-f", "--", "--explain", "b", "-v"}).Targets(), " b");
  EXPECT_EQ(Parsed({"--explain", "-f", "x"}).Targets(), "");
}

TEST(ParseOptionsTest, ImportsAFileWithoutACommand) {
  const Parsed p({"--import", "pc.conf", "-q"});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.action, Action::kImport);
  EXPECT_EQ(p.options.import_file, "pc.conf");
  EXPECT_EQ(p.options.log_level, engine::LogLevel::kError);
  EXPECT_EQ(Parsed({"--import", "pc.conf", "true"}).error, "--import takes no COMMAND: 'true'");
  EXPECT_EQ(Parsed({"--import", "--", "true"}).error, "--import takes no COMMAND: 'true'");
  EXPECT_EQ(Parsed({"--import", ""}).error, "--import needs a file");
  EXPECT_EQ(Parsed({"--import"}).error, "--import needs a value");
  EXPECT_EQ(Parsed({"--import", "a", "--explain"}).error,
            "--explain, --import, --env and --listen exclude each other");
  EXPECT_EQ(Parsed({"--explain", "a", "--import", "a"}).error,
            "--explain, --import, --env and --listen exclude each other");
}

TEST(ParseOptionsTest, PrintsTheEnvironmentWithoutACommand) {
  const Parsed p({"--env=fish", "-f", "x.conf", "-v", "--log-file=/dev/null"},
                 {{"GOCHAIN_MODE", "supervise"}});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.action, Action::kEnv);
  EXPECT_EQ(p.options.syntax, injection::Syntax::kFish);
  EXPECT_EQ(p.options.config, "x.conf");
  EXPECT_EQ(p.options.log_level, engine::LogLevel::kInfo);
  EXPECT_EQ(p.options.log_file, "/dev/null");
  EXPECT_EQ(Parsed({"--env", "dotenv"}).options.syntax, injection::Syntax::kDotenv);
  EXPECT_EQ(Parsed({"env", "--env=fish"}).Command(), " env --env=fish");
  EXPECT_EQ(Parsed({"--env=sh", "true"}).error, "--env takes no COMMAND: 'true'");
  EXPECT_EQ(Parsed({"--env=sh", "--explain"}).error,
            "--explain, --import, --env and --listen exclude each other");
  EXPECT_EQ(Parsed({"--env"}).error, "--env needs a value");
  EXPECT_EQ(Parsed({"--env=fsh"}).error,
            "bad --env 'fsh': sh, fish, github, gitlab or dotenv (did you mean 'sh'?)");
  EXPECT_EQ(Parsed({"--env=sh", "--mode=auto"}).error.substr(0, 20), "--mode is a run's: w");
  EXPECT_EQ(Parsed({"--env=sh", "--log-file=/nonexistent/log"}).error,
            "--log-file: cannot write /nonexistent/log: No such file or directory");
}

TEST(SettingsOfTest, HasWhatARunIsTold) {
  const Parsed p({"--mode=preload", "-q", "--log-format=json", "--log-file=/dev/null", "true"});
  ASSERT_TRUE(p.ok) << p.error;
  const engine::Settings settings = SettingsOf(p.options);
  EXPECT_EQ(settings.mode, engine::Mode::kPreload);
  EXPECT_EQ(settings.log_level, engine::LogLevel::kError);
  EXPECT_EQ(settings.log_format, engine::LogFormat::kJson);
  EXPECT_EQ(settings.log_file_view(), "/dev/null");
}

TEST(ParseOptionsTest, TakesAProgramFromTheLibrary) {
  const Parsed p({"--library-child", "/bin/static", "--library-child-closes", "7", "--", "-name"},
                 {{"GOCHAIN_MODE", "preload"}});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.child_file, "/bin/static");
  EXPECT_EQ(p.options.child_closes, 7);
  EXPECT_EQ(p.Command(), " -name");
  EXPECT_EQ(p.options.mode, engine::Mode::kAuto) << "it has to be supervised";
  EXPECT_TRUE(p.options.keep_proxy_env) << "its environment stays";
}

TEST(ParseOptionsTest, IsTheRelayOfALibraryWhateverTheVariablesSay) {
  const Parsed p({"--library-relay", "4711"}, {{"GOCHAIN_MODE", "bogus"}, {"GOCHAIN_LOG", "x"}});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.action, Action::kLibraryRelay);
  EXPECT_EQ(p.options.starter, 4711);
}

TEST(ParseOptionsTest, IsTheBrokerOfALibraryWhateverTheVariablesSay) {
  const Parsed p({"--library-broker", "4711"}, {{"GOCHAIN_MODE", "bogus"}, {"GOCHAIN_LOG", "x"}});
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.action, Action::kLibraryBroker);
  EXPECT_EQ(p.options.starter, 4711);
}

TEST(ParseOptionsTest, AnswersHelpAndVersionAtOnce) {
  EXPECT_EQ(Parsed({"--help", "--bogus"}).options.action, Action::kHelp);
  EXPECT_EQ(Parsed({"--version"}, {{"GOCHAIN_MODE", "bogus"}}).options.action, Action::kVersion);
  EXPECT_TRUE(Parsed({"--version"}, {{"GOCHAIN_MODE", "bogus"}}).ok);
}

TEST(ParseOptionsTest, SaysWhatIsWrongWithTheNearestWord) {
  const struct {
    std::vector<std::string> words;
    const char* error;
  } cases[] = {
      {{}, "no command given; gochain --help says how"},
      {{"-v", "--"}, "no command given; gochain --help says how"},
      {{"--porxy", "x"}, "unknown option '--porxy' (did you mean '--proxy'?)"},
      {{"--confg=x"}, "unknown option '--confg' (did you mean '--config'?)"},
      {{"--zzzzzz"}, "unknown option '--zzzzzz'"},
      {{"--check"}, "unknown option '--check'"},
      {{"--log", "x"}, "option '--log' is ambiguous"},
      {{"-h"}, "unknown option '-h' (did you mean '--help'?)"},
      {{"-V"}, "unknown option '-V' (did you mean '--version'?)"},
      {{"--keep-proxy-env", "-vz"}, "unknown option '-z'"},
      {{"--verbose=3", "true"}, "--verbose takes no value"},
      {{"-f"}, "--config needs a value"},
      {{"--mode"}, "--mode needs a value"},
      {{"-f", "", "true"}, "--config needs a file"},
      {{"-p", "", "true"}, "--proxy needs a URL"},
      {{"--mode=supervize", "true"},
       "bad --mode 'supervize': auto, preload, supervise or env (did you mean 'supervise'?)"},
      {{"--log-format=xml", "true"}, "bad --log-format 'xml': text or json"},
      {{"--log-file=/nonexistent/log", "true"},
       "--log-file: cannot write /nonexistent/log: No such file or directory"},
  };
  for (const auto& c : cases) {
    const Parsed p(c.words);
    EXPECT_FALSE(p.ok) << c.error;
    EXPECT_EQ(p.error, c.error);
  }
}

TEST(ParseOptionsTest, NamesTheVariableThatIsWrong) {
  EXPECT_EQ(Parsed({"true"}, {{"GOCHAIN_MODE", "all"}}).error,
            "bad GOCHAIN_MODE 'all': auto, preload, supervise or env");
  EXPECT_EQ(Parsed({"true"}, {{"GOCHAIN_LOG", "wran"}}).error,
            "bad GOCHAIN_LOG 'wran': off, error, warn, info or debug (did you mean 'warn'?)");
  EXPECT_EQ(Parsed({"true"}, {{"GOCHAIN_LOG_FORMAT", "jsn"}}).error,
            "bad GOCHAIN_LOG_FORMAT 'jsn': text or json (did you mean 'json'?)");
}

TEST(NormalizeLogFileTest, MakesThePathAbsoluteAndTheFile) {
  char folder[] = "/tmp/gochain-options-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  char old[4096];
  ASSERT_NE(getcwd(old, sizeof old), nullptr);
  ASSERT_EQ(chdir(folder), 0);
  const Parsed p({"--log-file=log.json", "true"});
  EXPECT_EQ(AbsolutePath("a/b"), std::string(folder) + "/a/b");
  ASSERT_EQ(chdir(old), 0);
  ASSERT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.log_file, std::string(folder) + "/log.json");
  EXPECT_EQ(unlink(p.options.log_file.c_str()), 0);
  rmdir(folder);
  EXPECT_EQ(AbsolutePath("/x"), "/x");
  EXPECT_EQ(Parsed({"--log-file=/" + std::string(5000, 'x'), "true"}).error,
            "--log-file: the path is too long (5001 bytes)");
}

TEST(ParseOptionsTest, ListensWithoutACommand) {
  const Parsed p({"--listen=1080", "-v", "-p", "http://h"});
  EXPECT_TRUE(p.ok) << p.error;
  EXPECT_EQ(p.options.action, Action::kListen);
  EXPECT_EQ(p.options.listen.port(), 1080);
  EXPECT_TRUE(p.options.listen.address().IsLoopback());
  EXPECT_EQ(Parsed({"--listen", "1080", "true"}).error, "--listen takes no COMMAND: 'true'");
  EXPECT_EQ(Parsed({"--listen", ":1080"}).error,
            "bad --listen ':1080': [HOST:]PORT, HOST being an address");
  EXPECT_EQ(Parsed({"--listen=1080", "--explain"}).error,
            "--explain, --import, --env and --listen exclude each other");
  EXPECT_EQ(Parsed({"--listen=1080", "--mode=env"}).error,
            "--mode is a COMMAND's, and --listen has none");
  EXPECT_TRUE(Parsed({"--listen=1080"}, {{"GOCHAIN_MODE", "env"}}).ok) << "that is for COMMANDs";
}

TEST(ParseOptionsTest, KeepsTheProxyVariablesFromTheModeThatSetsThem) {
  EXPECT_EQ(Parsed({"--mode=env", "true"}).options.mode, engine::Mode::kEnv);
  EXPECT_EQ(Parsed({"--mode=env", "--keep-proxy-env", "true"}).error,
            "--keep-proxy-env leaves COMMAND the variables that --mode=env needs");
}

TEST(HelpTextTest, NamesEveryOptionAndFitsATerminal) {
  const std::string text = HelpText();
  for (const char* const word : {"--config",
                                 "--proxy",
                                 "--mode",
                                 "--verbose",
                                 "--quiet",
                                 "--log-format",
                                 "--log-file",
                                 "--keep-proxy-env",
                                 "--explain",
                                 "--import",
                                 "--env",
                                 "--listen",
                                 "--version",
                                 "--help",
                                 "GOCHAIN_CONF",
                                 "GOCHAIN_PROXY",
                                 "GOCHAIN_MODE",
                                 "GOCHAIN_LOG ",
                                 "GOCHAIN_LOG_FILE",
                                 "GOCHAIN_LOG_FORMAT",
                                 "125",
                                 "126",
                                 "127"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
  size_t column = 0;
  for (const char c : text) {
    column = c == '\n' ? 0 : column + 1;
    ASSERT_LE(column, 100u);
  }
}

}  // namespace
}  // namespace launcher
