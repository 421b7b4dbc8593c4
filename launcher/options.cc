#include "options.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <getopt.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <span>

#include "base/fd.h"
#include "config/nearest_word.h"
#include "config/redact.h"
#include "listener/listen_address.h"

namespace launcher {
namespace {

enum LongOption : int {
  kMode = 256,
  kLogFormat,
  kLogFile,
  kKeepProxyEnv,
  kExplain,
  kImport,
  kEnv,
  kListen,
  kLibraryChild,
  kLibraryChildCloses,
  kLibraryRelay,
  kLibraryBroker,
  kVersion,
  kHelp
};

constexpr std::array<option, 19> kOptions = {{
    {"config", required_argument, nullptr, 'f'},
    {"proxy", required_argument, nullptr, 'p'},
    {"mode", required_argument, nullptr, kMode},
    {"verbose", no_argument, nullptr, 'v'},
    {"quiet", no_argument, nullptr, 'q'},
    {"log-format", required_argument, nullptr, kLogFormat},
    {"log-file", required_argument, nullptr, kLogFile},
    {"keep-proxy-env", no_argument, nullptr, kKeepProxyEnv},
    {"explain", no_argument, nullptr, kExplain},
    {"import", required_argument, nullptr, kImport},
    {"env", required_argument, nullptr, kEnv},
    {"listen", required_argument, nullptr, kListen},
    // The library's, for programs that it can't get into (hooks/start.h); not in --help.
    {"library-child", required_argument, nullptr, kLibraryChild},
    {"library-child-closes", required_argument, nullptr, kLibraryChildCloses},
    {"library-relay", required_argument, nullptr, kLibraryRelay},
    {"library-broker", required_argument, nullptr, kLibraryBroker},
    {"version", no_argument, nullptr, kVersion},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
}};
// '+': COMMAND's options are its own. ':': we say what is wrong.
constexpr const char* kShortOptions = "+:f:p:vq";

constexpr std::string_view kModeWords[] = {"auto", "preload", "supervise", "env"};
constexpr std::string_view kLevelWords[] = {"off", "error", "warn", "info", "debug"};
constexpr std::string_view kFormatWords[] = {"text", "json"};

std::string Hint(std::string_view word, std::span<const std::string_view> known) {
  const std::string nearest = config::NearestWord(word, known);
  return nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest);
}

// "bad --mode 'preloaded': auto, preload or supervise (did you mean 'preload'?)"
std::string BadWord(std::string_view what, std::string_view word,
                    std::span<const std::string_view> known) {
  std::string list;
  for (size_t i = 0; i < known.size(); ++i) {
    list += i == 0 ? "" : i + 1 == known.size() ? " or " : ", ";
    list += known[i];
  }
  return fmt::format("bad {} '{}': {}{}", what, word, list, Hint(word, known));
}

class Parser {
 public:
  Parser(int argc, char** argv, config::GetenvFn getenv_fn, Options* out, std::string* error)
      : argc_(argc), argv_(argv), getenv_(getenv_fn), out_(out), error_(error) {}

  bool Parse() {
    *out_ = {};
    if (!TakeOptions()) {
      return false;
    }
    if (out_->action == Action::kVersion || out_->action == Action::kHelp ||
        out_->action == Action::kLibraryRelay || out_->action == Action::kLibraryBroker) {
      return true;
    }
    return TakeEnvironment() && Finish();
  }

 private:
  bool Fail(std::string message) {
    *error_ = std::move(message);
    return false;
  }

  bool TakeOptions() {
    optind = 0;  // glibc starts afresh
    opterr = 0;
    while (true) {
      const int before = optind == 0 ? 1 : optind;
      const int c = getopt_long(argc_, argv_, kShortOptions, kOptions.data(), nullptr);
      if (c == -1) {
        const bool dashes = optind == before + 1;  // it took "--"
        if (out_->action != Action::kExplain || dashes || optind >= argc_) {
          break;
        }
        out_->targets.emplace_back(argv_[optind++]);
        continue;
      }
      if (c == '?' || c == ':') {
        return FailAt(c);
      }
      if (!Take(c)) {
        return false;
      }
      if (out_->action == Action::kVersion || out_->action == Action::kHelp) {
        return true;
      }
    }
    return true;
  }

  bool Take(int c) {
    switch (c) {
      case 'f':
        out_->config = optarg;
        return !out_->config.empty() || Fail("--config needs a file");
      case 'p':
        out_->proxies.emplace_back(optarg);
        // ps(1) shows everybody what is on a command line.
        config::OverwriteCredentials({optarg, out_->proxies.back().size()});
        return !out_->proxies.back().empty() || Fail("--proxy needs a URL");
      case 'v':
        ++verbose_;
        return true;
      case 'q':
        ++quiet_;
        return true;
      case kMode:
        has_mode_ = true;
        return TakeMode("--mode", optarg);
      case kLogFormat:
        has_log_format_ = true;
        return TakeLogFormat("--log-format", optarg);
      case kLogFile:
        out_->log_file = optarg;
        return !out_->log_file.empty() || Fail("--log-file needs a file");
      case kKeepProxyEnv:
        out_->keep_proxy_env = true;
        return true;
      case kLibraryChild:
        // Its environment stays as the program made it, and it has to be supervised.
        out_->child_file = optarg;
        out_->keep_proxy_env = true;
        has_mode_ = true;
        return !out_->child_file.empty() || Fail("--library-child needs a file");
      case kLibraryChildCloses:
        out_->child_closes = std::atoi(optarg);
        return true;
      case kLibraryRelay:
        out_->action = Action::kLibraryRelay;
        out_->starter = std::atoi(optarg);
        return true;
      case kLibraryBroker:
        out_->action = Action::kLibraryBroker;
        out_->starter = std::atoi(optarg);
        return true;
      case kExplain:
        return Choose(Action::kExplain);
      case kImport:
        out_->import_file = optarg;
        return Choose(Action::kImport) &&
               (!out_->import_file.empty() || Fail("--import needs a file"));
      case kEnv:
        return Choose(Action::kEnv) && (injection::ParseSyntax(optarg, &out_->syntax) ||
                                        Fail(BadWord("--env", optarg, injection::kSyntaxWords)));
      case kListen:
        return Choose(Action::kListen) && TakeListen(optarg);
      case kVersion:
        out_->action = Action::kVersion;
        return true;
      case kHelp:
        out_->action = Action::kHelp;
        return true;
      default:
        return Fail("internal error: an option without a meaning");
    }
  }

  bool Choose(Action action) {
    if (out_->action != Action::kRun && out_->action != action) {
      return Fail("--explain, --import, --env and --listen exclude each other");
    }
    out_->action = action;
    return true;
  }

  bool TakeListen(std::string_view text) {
    const auto address = listener::ListenAddress(text);
    if (!address) {
      return Fail(fmt::format("bad --listen '{}': [HOST:]PORT, HOST being an address", text));
    }
    out_->listen = *address;
    return true;
  }

  // getopt_long(3) leaves a known option in optopt, and an unknown letter too; an unknown long
  // option leaves 0 there and is the argument before optind.
  bool FailAt(int c) {
    if (c == ':') {
      return Fail(fmt::format("--{} needs a value", LongName(optopt)));
    }
    if (const std::string_view name = LongName(optopt); !name.empty()) {
      return Fail(fmt::format("--{} takes no value", name));
    }
    if (optopt != 0) {
      const char letter = static_cast<char>(optopt);
      const std::string_view hint = letter == 'h'   ? " (did you mean '--help'?)"
                                    : letter == 'V' ? " (did you mean '--version'?)"
                                                    : "";
      return Fail(fmt::format("unknown option '-{}'{}", letter, hint));
    }
    const std::string_view word = argv_[optind - 1];
    const std::string_view name = word.substr(2, word.find('=') - 2);
    std::vector<std::string_view> known;
    size_t prefixed = 0;
    for (const option& row : kOptions) {
      if (row.name != nullptr) {
        known.emplace_back(row.name);
        prefixed += known.back().starts_with(name) ? 1 : 0;
      }
    }
    if (prefixed > 1) {
      return Fail(fmt::format("option '--{}' is ambiguous", name));
    }
    const std::string nearest = config::NearestWord(name, known);
    return Fail(fmt::format("unknown option '--{}'{}", name,
                            nearest.empty() ? "" : " (did you mean '--" + nearest + "'?)"));
  }

  static std::string_view LongName(int value) {
    for (const option& row : kOptions) {
      if (row.name != nullptr && row.val == value) {
        return row.name;
      }
    }
    return "";
  }

  bool TakeMode(std::string_view what, std::string_view word) {
    return engine::ParseMode(word, &out_->mode) || Fail(BadWord(what, word, kModeWords));
  }
  bool TakeLogFormat(std::string_view what, std::string_view word) {
    return engine::ParseLogFormat(word, &out_->log_format) ||
           Fail(BadWord(what, word, kFormatWords));
  }

  // Empty counts as unset.
  std::string_view Variable(const char* name) const {
    const char* const value = getenv_(name);
    return value != nullptr ? value : "";
  }

  bool TakeEnvironment() {
    const std::string_view mode = Variable("GOCHAIN_MODE");
    if (!has_mode_ && !mode.empty() && !TakeMode("GOCHAIN_MODE", mode)) {
      return false;
    }
    const std::string_view format = Variable("GOCHAIN_LOG_FORMAT");
    if (!has_log_format_ && !format.empty() && !TakeLogFormat("GOCHAIN_LOG_FORMAT", format)) {
      return false;
    }
    if (out_->log_file.empty()) {
      out_->log_file = Variable("GOCHAIN_LOG_FILE");
    }
    return TakeLogLevel();
  }

  bool TakeLogLevel() {
    if (verbose_ > 0 && quiet_ > 0) {
      return Fail("--verbose and --quiet exclude each other");
    }
    if (verbose_ > 0) {
      out_->log_level = verbose_ == 1 ? engine::LogLevel::kInfo : engine::LogLevel::kDebug;
      return true;
    }
    if (quiet_ > 0) {
      out_->log_level = quiet_ == 1 ? engine::LogLevel::kError : engine::LogLevel::kOff;
      return true;
    }
    const std::string_view level = Variable("GOCHAIN_LOG");
    return level.empty() || engine::ParseLogLevel(level, &out_->log_level) ||
           Fail(BadWord("GOCHAIN_LOG", level, kLevelWords));
  }

  bool Finish() {
    if (out_->action == Action::kExplain) {
      for (int i = optind; i < argc_; ++i) {
        out_->targets.emplace_back(argv_[i]);
      }
      return true;
    }
    if (out_->action == Action::kImport) {
      return optind >= argc_ || Fail(fmt::format("--import takes no COMMAND: '{}'", argv_[optind]));
    }
    if (out_->action == Action::kEnv) {
      if (optind < argc_) {
        return Fail(fmt::format("--env takes no COMMAND: '{}'", argv_[optind]));
      }
      if (has_mode_) {
        return Fail(
            "--mode is a run's: what --env prints has the library in, which has gochain "
            "supervise what it can't get into");
      }
      return out_->log_file.empty() || NormalizeLogFile(&out_->log_file, error_);
    }
    if (out_->action == Action::kListen) {
      if (optind < argc_) {
        return Fail(fmt::format("--listen takes no COMMAND: '{}'", argv_[optind]));
      }
      if (has_mode_) {
        return Fail("--mode is a COMMAND's, and --listen has none");
      }
      return out_->log_file.empty() || NormalizeLogFile(&out_->log_file, error_);
    }
    if (optind >= argc_) {
      return Fail("no command given; gochain --help says how");
    }
    if (out_->mode == engine::Mode::kEnv && out_->keep_proxy_env && out_->child_file.empty()) {
      return Fail("--keep-proxy-env leaves COMMAND the variables that --mode=env needs");
    }
    out_->command = argv_ + optind;
    return out_->log_file.empty() || NormalizeLogFile(&out_->log_file, error_);
  }

  int argc_;
  char** argv_;
  config::GetenvFn getenv_;
  Options* out_;
  std::string* error_;
  int verbose_ = 0;
  int quiet_ = 0;
  bool has_mode_ = false;
  bool has_log_format_ = false;
};

}  // namespace

bool ParseOptions(int argc, char** argv, Options* out, std::string* error) {
  return ParseOptions(
      argc, argv, [](const char* name) -> const char* { return getenv(name); }, out, error);
}

bool ParseOptions(int argc, char** argv, config::GetenvFn getenv_fn, Options* out,
                  std::string* error) {
  return Parser(argc, argv, getenv_fn, out, error).Parse();
}

std::string AbsolutePath(std::string_view path) {
  char folder[PATH_MAX];
  if (path.starts_with('/') || getcwd(folder, sizeof folder) == nullptr) {
    return std::string(path);
  }
  return fmt::format("{}/{}", std::strcmp(folder, "/") == 0 ? "" : folder, path);
}

bool NormalizeLogFile(std::string* path, std::string* error) {
  std::string absolute = AbsolutePath(*path);
  if (absolute.size() >= std::tuple_size_v<decltype(engine::Settings::log_file)>) {
    *error = fmt::format("--log-file: the path is too long ({} bytes)", absolute.size());
    return false;
  }
  const int fd = sys::Open(absolute.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0600);
  if (fd < 0) {
    *error = fmt::format("--log-file: cannot write {}: {}", absolute, strerror(-fd));
    return false;
  }
  sys::Close(fd);
  *path = std::move(absolute);
  return true;
}

engine::Settings SettingsOf(const Options& options) {
  engine::Settings settings;
  settings.mode = options.mode;
  settings.log_level = options.log_level;
  settings.log_format = options.log_format;
  options.log_file.copy(settings.log_file.data(), settings.log_file.size() - 1);
  return settings;
}

std::string VersionText() { return "gochain " GOCHAIN_VERSION "\n"; }

}  // namespace launcher
