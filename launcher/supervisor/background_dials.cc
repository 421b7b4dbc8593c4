#include "supervisor/background_dials.h"

#include <utility>

#include "engine/connector.h"
#include "supervisor/background_surroundings.h"
#include "supervisor/thread.h"

namespace supervisor {
namespace {

// Silent proxies hold a thread each for as long as a dial may take.
constexpr size_t kMaxThreads = 256;
// Threads that stay for the next dials.
constexpr size_t kMaxIdle = 4;

class Program final : public engine::Program {
 public:
  explicit Program(const BackgroundDials::Job& job) : job_(job) {}
  int pid() override { return job_.pid; }
  std::string_view exe() override { return job_.exe; }

 private:
  const BackgroundDials::Job& job_;
};

}  // namespace

BackgroundDials::~BackgroundDials() {
  stopping_ = true;
  std::unique_lock lock(mutex_);
  changed_.notify_all();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

void BackgroundDials::Add(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(job));
  if (waiting_.size() <= idle_) {
    changed_.notify_one();
  } else if (threads_ < kMaxThreads && StartThread(RunThread, this)) {
    ++threads_;
  } else if (threads_ == 0) {
    waiting_.clear();  // no thread is to be had: the program sees the end of its connection
  }
}

size_t BackgroundDials::size() {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + running_;
}

void BackgroundDials::RunThread(void* dials) { static_cast<BackgroundDials*>(dials)->Run(); }

void BackgroundDials::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      if (idle_ >= kMaxIdle) {
        break;
      }
      ++idle_;
      changed_.wait(lock, [this] { return !waiting_.empty() || stopping_; });
      --idle_;
      continue;
    }
    std::unique_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    Dial(std::move(job));
    lock.lock();
    --running_;
  }
  --threads_;
  // Under the lock: all may be gone as soon as it is released.
  ended_.notify_all();
}

void BackgroundDials::Dial(std::unique_ptr<Job> job) {
  BackgroundSurroundings surroundings(job->program.get(), stopping_);
  Program program(*job);
  engine::Connector connector(session_, door_, program);
  const int result = connector.Run(job->far.get(), job->domain, job->plan, surroundings);
  if (surroundings.replacement()) {
    job->far = std::move(surroundings.replacement());
  }
  taker_.Dialled(std::move(job), result, connector.failure());
}

}  // namespace supervisor
