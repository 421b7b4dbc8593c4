// A kernel that does as it is told: which notifications live, what answers and descriptors got.
#ifndef GOCHAIN_TESTS_UNIT_SUPERVISOR_FAKE_NOTIFIER_H_
#define GOCHAIN_TESTS_UNIT_SUPERVISOR_FAKE_NOTIFIER_H_

#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "supervisor/notifier.h"

namespace supervisor {

class FakeNotifier final : public Notifier {
 public:
  int Receive(seccomp_notif*) override { return -ENOENT; }

  int Answer(const seccomp_notif_resp& answer) override {
    const std::lock_guard lock(mutex_);
    if (alive_.erase(answer.id) == 0) {
      return -ENOENT;
    }
    answers_[answer.id] = answer;
    return 0;
  }
  bool IsAlive(uint64_t id) override {
    const std::lock_guard lock(mutex_);
    return alive_.contains(id);
  }
  int AddFd(const seccomp_notif_addfd& request) override {
    const std::lock_guard lock(mutex_);
    requests.push_back(request);
    if (!alive_.contains(request.id)) {
      return -ENOENT;
    }
    if ((request.flags & SECCOMP_ADDFD_FLAG_SEND) != 0 && !knows_send) {
      return -EINVAL;
    }
    return add_fd_result;
  }

  void Begin(uint64_t id) {
    const std::lock_guard lock(mutex_);
    alive_.insert(id);
  }
  void Interrupt(uint64_t id) {
    const std::lock_guard lock(mutex_);
    alive_.erase(id);
  }
  // Null where it wasn't answered.
  const seccomp_notif_resp* AnswerTo(uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(id);
    return found == answers_.end() ? nullptr : &found->second;
  }

  bool knows_send = true;
  int add_fd_result = 5;
  std::vector<seccomp_notif_addfd> requests;

 private:
  std::mutex mutex_;
  std::set<uint64_t> alive_;
  std::map<uint64_t, seccomp_notif_resp> answers_;
};

}  // namespace supervisor

#endif  // GOCHAIN_TESTS_UNIT_SUPERVISOR_FAKE_NOTIFIER_H_
