#include "hooks/dns_policy.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "base/syscalls.h"
#include "hooks/caller.h"
#include "hooks/process.h"

namespace hooks {

using engine::DnsPolicy;

names::ResolvConf ReadResolvConf() {
  utsname machine{};
  sys::Call(SYS_uname, reinterpret_cast<long>(&machine));
  char text[4096];
  const base::Fd file(sys::Open("/etc/resolv.conf", O_RDONLY));
  const long size = file.valid() ? sys::Read(file.get(), text, sizeof text) : 0;
  return names::ParseResolvConf({text, size > 0 ? static_cast<size_t>(size) : 0}, machine.nodename);
}

bool AnswersDns() {
  const Process& process = Process::Get();
  return !process.supervised() && !IsResolving();
}

DnsPolicy::Decision DecideQuery(std::span<const uint8_t> query, std::span<uint8_t> out) {
  Process& process = Process::Get();
  if (process.standing() != Process::Standing::kRouting) {
    return {DnsPolicy::Verdict::kIgnore};
  }
  process.ShareTables();
  return DnsPolicy(process.session()).Decide(query, ReadResolvConf(), out);
}

DnsPolicy::Decision ReviewAnswer(std::span<const uint8_t> query, std::span<const uint8_t> answer,
                                 std::span<uint8_t> out) {
  Process& process = Process::Get();
  process.ShareTables();
  return DnsPolicy(process.session()).Review(query, answer, out);
}

size_t NoteAnswer(std::span<uint8_t> room, size_t size) {
  if (!AnswersDns() || Process::Get().standing() != Process::Standing::kRouting) {
    return size;
  }
  const auto answer = room.first(std::min(size, room.size()));
  std::array<uint8_t, 512> query;
  const size_t query_size = names::QueryOfAnswer(answer, query);
  std::array<uint8_t, 1024> instead;
  const auto decision = ReviewAnswer(std::span(query).first(query_size), answer, instead);
  if (decision.verdict != DnsPolicy::Verdict::kAnswer || decision.size > room.size()) {
    return size;
  }
  std::copy_n(instead.begin(), decision.size, room.begin());
  return decision.size;
}

}  // namespace hooks
