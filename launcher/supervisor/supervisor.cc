#include "supervisor/supervisor.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include "base/file.h"
#include "supervisor/crew.h"
#include "supervisor/descriptor_limit.h"
#include "supervisor/dispatcher.h"
#include "supervisor/hosts_file.h"
#include "supervisor/notifier.h"
#include "supervisor/services.h"
#include "supervisor/thread.h"

namespace supervisor {
namespace {

// Leftovers of programs that bind nothing and make few sockets are looked for this often.
constexpr auto kCollectInterval = std::chrono::seconds(2);
// Longer lists of hosts are there to block names, by loopback addresses.
constexpr size_t kMaxHostsFile = 1 << 20;
// What threads, dials and DNS need beside kept sockets.
constexpr rlim_t kOwnDescriptors = 512;

size_t KeptSockets() {
  const rlim_t limit = RaiseDescriptorLimit();
  return static_cast<size_t>(limit > 2 * kOwnDescriptors ? limit - kOwnDescriptors : limit / 2);
}

}  // namespace

class Supervisor::Impl {
 public:
  Impl(engine::Session& session, base::Fd listener, const Options& options)
      : notifier_(std::move(listener)),
        services_(session, notifier_, options.trap_sockets ? KeptSockets() : 0),
        dispatcher_(services_),
        crew_(notifier_, notifier_.listener(), dispatcher_) {}

  ~Impl() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !collecting_; });
  }

  void Start() {
    if (services_.store == nullptr) {
      (void)RaiseDescriptorLimit();
    }
    InstallTickSignal();
    if (services_.store == nullptr) {
      services_.ready.Start();
    }
    std::string hosts;
    if (base::ReadFile("/etc/hosts", kMaxHostsFile, &hosts) == 0) {
      RememberHostsFile(services_.session, hosts);
    }
    const std::lock_guard lock(mutex_);
    collecting_ = services_.store != nullptr && StartThread(RunCollector, this);
    if (!crew_.Start()) {
      services_.log.Say(engine::LogLevel::kError, "cannot start a thread: network calls will fail");
      notifier_.Close();
    }
  }

  void WaitForTreeEnd() { crew_.WaitForEnd(); }
  bool AwaitConnections(int64_t timeout_ms) { return services_.carrier.AwaitEnd(timeout_ms); }

 private:
  static void RunCollector(void* impl) { static_cast<Impl*>(impl)->Collect(); }

  void Collect() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kCollectInterval, [this] { return stopping_; })) {
      lock.unlock();
      (void)services_.store->Collect();
      lock.lock();
    }
    collecting_ = false;
    changed_.notify_all();
  }

  KernelNotifier notifier_;
  Services services_;
  Dispatcher dispatcher_;
  Crew crew_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool collecting_ = false;
  bool stopping_ = false;
};

Supervisor::Supervisor(engine::Session& session, base::Fd listener, const Options& options)
    : impl_(std::make_unique<Impl>(session, std::move(listener), options)) {}

Supervisor::~Supervisor() = default;

void Supervisor::Start() { impl_->Start(); }

void Supervisor::WaitForTreeEnd() { impl_->WaitForTreeEnd(); }

bool Supervisor::AwaitConnections(int64_t timeout_ms) {
  return impl_->AwaitConnections(timeout_ms);
}

}  // namespace supervisor
