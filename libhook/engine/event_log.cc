#include "engine/event_log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "base/text.h"

namespace engine {
namespace {

using base::TextWriter;

// Long enough for a target, sixteen hops with long names and a rules file's path.
constexpr size_t kLineSize = 6 * 1024;

std::string_view DoorName(Door door) {
  switch (door) {
    case Door::kPreload:
      return "preload";
    case Door::kSupervise:
      return "supervise";
    case Door::kRelay:
      return "relay";
    case Door::kListen:
      return "listen";
  }
  return "";
}

std::string_view KindName(EventKind kind) {
  switch (kind) {
    case EventKind::kConnect:
      return "connect";
    case EventKind::kFail:
      return "fail";
    case EventKind::kReject:
      return "reject";
  }
  return "";
}

// RFC 8259 §7. Bytes that aren't ASCII pass as they are.
void AppendJson(TextWriter& out, std::string_view text) {
  out.Append('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.Append('\\').Append(c);
    } else if (byte < ' ') {
      out.Append(byte < 16 ? "\\u000" : "\\u00").AppendHex(byte);
    } else {
      out.Append(c);
    }
  }
  out.Append('"');
}

void AppendField(TextWriter& out, std::string_view name, std::string_view value) {
  out.Append(",\"").Append(name).Append("\":");
  AppendJson(out, value);
}

// RFC 3339, UTC, without libc's locale and time zone machinery.
void AppendTime(TextWriter& out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = static_cast<uint64_t>(now.tv_sec);
  // Days to civil date, counted in 400-year eras that begin on 1 March.
  const uint64_t days = seconds / 86400 + 719468;
  const uint64_t era_day = days % 146097;
  const uint64_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
  const uint64_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
  const uint64_t shifted_month = (5 * year_day + 2) / 153;
  const uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const uint64_t year = days / 146097 * 400 + era_year + (month <= 2 ? 1 : 0);
  out.AppendPadded(year, 4).Append('-').AppendPadded(month, 2).Append('-');
  out.AppendPadded(year_day - (153 * shifted_month + 2) / 5 + 1, 2).Append('T');
  out.AppendPadded(seconds / 3600 % 24, 2).Append(':').AppendPadded(seconds / 60 % 60, 2);
  out.Append(':').AppendPadded(seconds % 60, 2).Append('.');
  out.AppendPadded(static_cast<uint64_t>(now.tv_nsec) / 1000000, 3).Append('Z');
}

// Standard error is a stranger's: its pipe may be broken, and the SIGPIPE would be theirs.
void WriteToStandardError(std::string_view line) {
  int domain = 0;
  socklen_t length = sizeof domain;
  const int result = sys::Getsockopt(2, SOL_SOCKET, SO_DOMAIN, &domain, &length);
  if (result == -EBADF || (result == 0 && domain != AF_UNIX)) {
    return;
  }
  if (result == 0) {
    sys::Send(2, line.data(), line.size(), MSG_NOSIGNAL);
    return;
  }
  const uint64_t pipe_signal = uint64_t{1} << (SIGPIPE - 1);
  uint64_t pending = 0;
  uint64_t old = 0;
  const auto address = [](void* p) { return reinterpret_cast<long>(p); };
  uint64_t set = pipe_signal;
  sys::Call(SYS_rt_sigpending, address(&pending), sizeof pending);
  sys::Call(SYS_rt_sigprocmask, SIG_BLOCK, address(&set), address(&old), sizeof set);
  if (sys::Write(2, line.data(), line.size()) == -EPIPE && (pending & pipe_signal) == 0) {
    timespec none{};
    sys::Call(SYS_rt_sigtimedwait, address(&set), 0, address(&none), sizeof set);
  }
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, address(&old), 0, sizeof old);
}

// One event on its way into one line; the two formats share its pieces.
class LineFormatter {
 public:
  LineFormatter(const config::Config& config, const Event& event, std::span<char> buffer)
      : config_(config), event_(event), out_(buffer) {}

  void WriteText() {
    out_.Append("gochain: ").Append(TextOf(event_.target));
    if (event_.rewritten) {
      out_.Append(" => ").Append(TextOf(*event_.rewritten));
    }
    if (event_.kind == EventKind::kReject) {
      out_.Append(" rejected by ");
      AppendRule();
      AppendProgram();
      return;
    }
    const size_t hops = event_.path.size();
    out_.Append(hops == 0 ? " direct" : " via ");
    for (size_t i = 0; i < hops; ++i) {
      out_.Append(i == 0 ? "" : ">").Append(HopName(i));
    }
    if (event_.kind == EventKind::kConnect) {
      out_.Append(" connected in ").AppendNumber(Milliseconds()).Append(" ms");
    } else {
      out_.Append(" failed");
      AppendFailedHop();
      out_.Append(": ").Append(FailureText());
    }
    AppendProgram();
  }

  void WriteJson() {
    out_.Append("{\"event\":\"").Append(KindName(event_.kind)).Append("\",\"time\":\"");
    AppendTime(out_);
    out_.Append("\",\"pid\":").AppendNumber(static_cast<uint64_t>(event_.pid));
    AppendField(out_, "exe", event_.exe);
    AppendField(out_, "target", TextOf(event_.target));
    if (event_.rewritten) {
      AppendField(out_, "rewritten", TextOf(*event_.rewritten));
    } else {
      out_.Append(",\"rewritten\":null");
    }
    AppendField(out_, "route", config_.RouteName(event_.decision.route));
    out_.Append(",\"rule\":\"");
    AppendRule();
    out_.Append("\",\"hops\":[");
    const size_t hops = event_.path.size();
    for (size_t i = 0; i < hops; ++i) {
      out_.Append(i == 0 ? "" : ",");
      AppendJson(out_, HopName(i));
    }
    out_.Append("]");
    AppendField(out_, "door", DoorName(event_.door));
    if (event_.kind != EventKind::kConnect) {
      AppendField(out_, "error", FailureText());
      out_.Append(",\"errno\":").AppendNumber(static_cast<uint64_t>(ToErrno(event_.failure)));
      if (event_.kind == EventKind::kFail && hops > 0) {
        AppendField(out_, "hop", HopName(FailedHop()));
      }
    }
    out_.Append(",\"connect_ms\":").AppendNumber(Milliseconds()).Append("}");
  }

  size_t size() const { return out_.view().size(); }

 private:
  // Until the next call.
  std::string_view TextOf(const base::Endpoint& endpoint) { return endpoint.Text(endpoint_); }
  uint64_t Milliseconds() const { return static_cast<uint64_t>(event_.connect_ms); }

  const config::Proxy& Hop(size_t index) const { return event_.path.At(config_, index); }
  std::string_view HopName(size_t index) const { return config_.text(Hop(index).name); }

  size_t FailedHop() const {
    const size_t hops = event_.path.size();
    return event_.failure.hop < hops ? event_.failure.hop : hops - 1;
  }

  std::string_view FailureText() {
    const size_t hops = event_.path.size();
    const size_t next = size_t{event_.failure.hop} + 1;
    return Describe(event_.failure, next < hops ? HopName(next) : "target", failure_);
  }

  void AppendFailedHop() {
    if (event_.path.empty() || event_.failure.cause == base::Cause::kRelay) {
      return;
    }
    out_.Append(" at ");
    AppendHop(out_, config_, Hop(FailedHop()));
  }

  void AppendRule() {
    const config::Source* const line = rules::DecidingLine(event_.decision);
    if (line == nullptr) {
      out_.Append(rules::ReasonText(event_.decision));
      return;
    }
    for (const char c : config_.text(line->file)) {
      const bool escape = c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ';
      out_.Append(escape ? '?' : c);
    }
    out_.Append(":").AppendNumber(line->line);
  }

  void AppendProgram() {
    if (event_.pid == 0) {
      return;
    }
    out_.Append(" [").Append(event_.exe.empty() ? std::string_view("?") : event_.exe).Append(" ");
    out_.AppendNumber(static_cast<uint64_t>(event_.pid)).Append("]");
  }

  const config::Config& config_;
  const Event& event_;
  TextWriter out_;
  std::array<char, base::kMaxEndpointText> endpoint_;
  std::array<char, 512> failure_;
};

}  // namespace

void AppendHop(TextWriter& out, const config::Config& config, const config::Proxy& hop) {
  const std::string_view host = config.text(hop.host);
  const bool v6 = host.find(':') != std::string_view::npos;
  out.Append(config.text(hop.name)).Append(" (").Append(config::Scheme(hop.type));
  out.Append(v6 ? " [" : " ").Append(host).Append(v6 ? "]:" : ":").AppendNumber(hop.port);
  out.Append(")");
}

std::string_view EventLog::Format(const Event& event, std::span<char> buffer) const {
  LineFormatter line(*config_, event, buffer.first(buffer.size() - 1));
  if (settings_->log_format == LogFormat::kJson) {
    line.WriteJson();
  } else {
    line.WriteText();
  }
  buffer[line.size()] = '\n';
  return {buffer.data(), line.size() + 1};
}

void EventLog::Write(const Event& event) const {
  if (!Writes(event.kind)) {
    return;
  }
  std::array<char, kLineSize> buffer;
  Emit(Format(event, buffer));
}

void EventLog::Say(LogLevel level, std::string_view message) const {
  if (!enabled(level)) {
    return;
  }
  std::array<char, kLineSize> buffer;
  TextWriter out(std::span<char>(buffer).first(buffer.size() - 3));
  if (settings_->log_format == LogFormat::kJson) {
    out.Append("{\"event\":\"message\",\"time\":\"");
    AppendTime(out);
    out.Append("\",\"pid\":").AppendNumber(static_cast<uint64_t>(sys::Getpid()));
    AppendField(out, "message", message);
  } else {
    out.Append("gochain: ").Append(message);
  }
  TextWriter end(std::span<char>(buffer).subspan(out.view().size()));
  end.Append(settings_->log_format == LogFormat::kJson ? "}\n" : "\n");
  Emit({buffer.data(), out.view().size() + end.view().size()});
}

void EventLog::Emit(std::string_view line) const {
  if (settings_->log_file[0] == '\0') {
    WriteToStandardError(line);
    return;
  }
  const base::Fd file(
      sys::Open(settings_->log_file.data(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0600));
  if (file.valid()) {
    sys::Write(file.get(), line.data(), line.size());
  }
}

}  // namespace engine
