#include "engine/datagrams.h"

#include <netinet/in.h>

#include "base/text.h"
#include "config/host_hash.h"
#include "engine/plan.h"

#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif

namespace engine {
namespace {

constexpr uint16_t kDnsPort = 53;

void AppendProtocol(base::TextWriter& out, int protocol) {
  switch (protocol) {
    case IPPROTO_UDP:
      out.Append("UDP");
      break;
    case IPPROTO_UDPLITE:
      out.Append("UDP-Lite");
      break;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      out.Append("ICMP");
      break;
    case IPPROTO_SCTP:
      out.Append("SCTP");
      break;
    default:
      out.Append("IP protocol ").AppendNumber(static_cast<uint64_t>(protocol));
  }
}

void AppendReason(base::TextWriter& out, DatagramVerdict verdict, std::string_view host) {
  switch (verdict) {
    case DatagramVerdict::kSend:
    case DatagramVerdict::kNoRules:
      return;
    case DatagramVerdict::kBlocked:
      out.Append(
          ": no proxy carries it; \"udp = direct\" in [gochain] lets it out, or a rule that "
          "says direct");
      return;
    case DatagramVerdict::kNoAddress:
      out.Append(": no proxy carries it, and the name was not looked up; a rule \"direct = ");
      out.Append(host).Append("\" has that done");
      return;
    case DatagramVerdict::kRewritten:
      out.Append(": a [rewrite] has another target for it, where no datagram is sent");
      return;
    case DatagramVerdict::kRejected:
      out.Append(": its route is reject");
      return;
    case DatagramVerdict::kDns:
      out.Append(": it would ask for names past gochain; a rule that says direct lets it out");
      return;
  }
}

}  // namespace

DatagramJudgement JudgeDatagram(Session& session, const base::Endpoint& asked,
                                std::string_view exe) {
  const Plan plan = MakePlan(session, asked, exe);
  DatagramJudgement out;
  out.target = plan.target;
  if (plan.pass_through) {
    out.verdict = DatagramVerdict::kSend;
  } else if (plan.decision.route.kind == config::RouteKind::kReject) {
    out.verdict = DatagramVerdict::kRejected;
  } else if (plan.rewritten) {
    out.verdict = DatagramVerdict::kRewritten;
  } else if (plan.made_up) {
    out.verdict = DatagramVerdict::kNoAddress;
  } else if (asked.port() == kDnsPort) {
    out.verdict = DatagramVerdict::kDns;
  } else {
    out.verdict = session.config().globals().udp == config::Udp::kDirect
                      ? DatagramVerdict::kSend
                      : DatagramVerdict::kBlocked;
  }
  return out;
}

bool ConnectSendsNothing(int protocol) {
  return protocol != IPPROTO_SCTP && protocol != IPPROTO_DCCP;
}

// Of Go, and of musl; some take none.
bool IsForSorting(uint16_t port) { return port == 9 || port == 65535 || port == 0; }

bool BlockedDatagrams::IsFirst(std::string_view target) {
  const uint32_t hash = config::HostHash::Of(target) | 1;
  for (std::atomic<uint32_t>& said : said_) {
    uint32_t known = 0;
    if (said.compare_exchange_strong(known, hash, std::memory_order_relaxed)) {
      return true;
    }
    if (known == hash) {
      return false;
    }
  }
  return false;
}

void BlockedDatagrams::Say(const EventLog& log, LogLevel level, const Datagram& datagram) {
  const auto& [verdict, target] = datagram.judgement;
  std::array<char, base::kMaxEndpointText> text;
  if (!log.enabled(level) || !IsFirst(target.Text(text))) {
    return;
  }
  std::array<char, base::kMaxEndpointText> host;
  std::array<char, 1024> line;
  base::TextWriter out(line);
  AppendProtocol(out, datagram.protocol);
  out.Append(" to ");
  out.Append(target.port() == 0 ? target.HostText(text, false) : target.Text(text));
  out.Append(" is blocked");
  AppendReason(out, verdict, target.HostText(host, false));
  out.Append(" [").Append(datagram.exe).Append(' ');
  out.AppendNumber(static_cast<uint64_t>(datagram.pid)).Append(']');
  log.Say(level, out.view());
}

}  // namespace engine
