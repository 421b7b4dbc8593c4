#include "hooks/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "base/syscalls.h"
#include "base/text.h"
#include "chain/flight_file.h"
#include "config/builder.h"
#include "hooks/broker_starter.h"
#include "hooks/environment.h"

namespace hooks {
namespace {

constinit std::atomic<Process*> g_process = nullptr;
// Several threads may make a Process at once; what there is to say is said once.
constinit std::atomic_flag g_said = ATOMIC_FLAG_INIT;

int64_t NowSeconds() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec;
}

}  // namespace

constinit Process Process::g_without_memory;

Process& Process::Get() {
  Process* const known = g_process.load(std::memory_order_acquire);
  return known != nullptr ? *known : *Make();
}

Process* Process::Make() {
  const int saved_errno = errno;
  void* const memory = reinterpret_cast<void*>(sys::Call(
      SYS_mmap, 0, sizeof(Process), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
  if (reinterpret_cast<intptr_t>(memory) < 0) {
    return &g_without_memory;
  }
  auto* const made = new (memory) Process;
  made->ReadExe();
  ReadSettings(&made->settings_);
  if (Variable("GOCHAIN_STATE") != nullptr) {
    made->OpenSession();
  } else {
    made->BuildSession();
  }
  errno = saved_errno;
  Process* winner = nullptr;
  if (g_process.compare_exchange_strong(winner, made, std::memory_order_acq_rel)) {
    return made;
  }
  // Its session's mapping, of at most one such race a process, stays.
  sys::Unmap(memory, sizeof(Process));
  return winner;
}

engine::EventLog Process::log() const {
  return standing_ == Standing::kRouting ? engine::EventLog(session_.settings(), &session_.config())
                                         : engine::EventLog(settings_, nullptr);
}

void Process::OpenSession() {
  auto opened = engine::Session::Open(Variable("GOCHAIN_STATE"));
  if (opened.ok()) {
    session_ = opened.value();
    standing_ = Standing::kRouting;
    FindOtherRules();
    return;
  }
  if (VariableText("GOCHAIN_SUPERVISED") == "1") {
    standing_ = Standing::kSteppedBack;
    return;
  }
  if (!g_said.test_and_set()) {
    std::array<char, 256> buffer;
    base::TextWriter text(buffer);
    text.Append("the rules of this run can't be read (GOCHAIN_STATE: ").Append(opened.error().what);
    text.Append(", errno ").AppendNumber(static_cast<uint64_t>(opened.error().code));
    text.Append("): only loopback connections are let out");
    Say(engine::LogLevel::kError, text.view());
  }
}

void Process::FindOtherRules() {
  for (size_t i = 0; i < engine::kRulesVariables.size(); ++i) {
    const std::string_view value = VariableText(engine::kRulesVariables[i]);
    if (!value.empty() &&
        engine::HashOfRulesVariable(value) != session_.settings().rules_variables[i]) {
      SayOtherRules(engine::kRulesVariables[i]);
    }
  }
}

void Process::SayOtherRules(const char* variable) {
  if (!session_.said().TakeTurn(engine::SaidOnce::kOtherRules)) {
    return;
  }
  std::array<char, 512> buffer;
  base::TextWriter text(buffer);
  text.Append(variable).Append(" was changed within this run, whose rules hold all the same: ");
  text.Append("`gochain COMMAND` would take the others [").Append(exe()).Append(' ');
  text.AppendNumber(static_cast<uint64_t>(pid())).Append(']');
  Say(engine::LogLevel::kWarn, text.view());
}

void Process::BuildSession() {
  config::Inputs inputs;
  if (!config::FindInputs({}, {}, Variable, &inputs)) {
    if (!g_said.test_and_set()) {
      Say(engine::LogLevel::kError,
          "no proxy: set GOCHAIN_PROXY or GOCHAIN_CONF; only loopback connections are let out");
    }
    return;
  }
  const config::Built built = config::Build(inputs);
  if (built.image.empty()) {
    if (!g_said.test_and_set()) {
      for (const config::Diagnostic& diagnostic : built.diagnostics) {
        Say(engine::LogLevel::kError, diagnostic.Text());
      }
      Say(engine::LogLevel::kError,
          "the configuration can't be used: only loopback connections are let out");
    }
    return;
  }
  if (!built.warnings.empty() && !g_said.test_and_set()) {
    for (const config::Diagnostic& warning : built.warnings) {
      Say(engine::LogLevel::kWarn, warning.Text());
    }
  }
  // The descriptor goes at once: none of ours stays in a stranger's table. Forked children share
  // the mapping.
  auto created = engine::Session::Create(settings_, built.image, built.lists);
  if (created.ok()) {
    session_ = created->session;
    chain::FlightFile(inputs.cache_folder)
        .Load(session_.config(), NowSeconds(), session_.flights());
    standing_ = Standing::kRouting;
    alone_ = true;
  } else if (!g_said.test_and_set()) {
    std::array<char, 256> buffer;
    base::TextWriter text(buffer);
    text.Append("no memory for the rules (").Append(created.error().what).Append(", errno ");
    text.AppendNumber(static_cast<uint64_t>(created.error().code));
    text.Append("): only loopback connections are let out");
    Say(engine::LogLevel::kError, text.view());
  }
}

void Process::FindBroker() {
  BrokerStarter starter;
  if (starter.Share(session_)) {
    broker_.store(starter.broker(), std::memory_order_relaxed);
    return;
  }
  if (shares_nothing_.exchange(true, std::memory_order_relaxed) || starter.why().empty()) {
    return;
  }
  const auto chains = session_.config().chains();
  const bool costs_time = std::any_of(chains.begin(), chains.end(), [](const config::Chain& chain) {
    return chain.mode != config::ChainMode::kStrict;
  });
  std::array<char, 256> buffer;
  base::TextWriter text(buffer);
  text.Append("no broker (").Append(starter.why());
  text.Append("): each program finds out by itself which hops are down");
  Say(costs_time ? engine::LogLevel::kWarn : engine::LogLevel::kDebug, text.view());
}

// A broker that is gone would take the relay with it at once.
pid_t Process::relay_owner() const {
  const pid_t broker = broker_.load(std::memory_order_relaxed);
  return broker > 0 && sys::Call(SYS_kill, broker, 0) == 0 ? broker : sys::Getpid();
}

void Process::ReadExe() {
  std::array<char, 4096> path;
  const long size = sys::Readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) {
    return;
  }
  std::string_view name(path.data(), static_cast<size_t>(size));
  name.remove_prefix(name.rfind('/') + 1);
  exe_size_ = static_cast<uint8_t>(std::min(name.size(), exe_.size()));
  std::memcpy(exe_.data(), name.data(), exe_size_);
}

}  // namespace hooks
