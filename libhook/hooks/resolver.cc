// res_query and its relatives (resolver(3)): libc asks a nameserver from inside, past the hooks, so
// the names that may not be asked for are answered here. Under a supervisor, whose filter libc
// doesn't pass, they are the real calls.
//
// res_search goes through the search domains of resolv.conf(5) itself: each name that it makes may
// be one that nobody here is to be asked about.
#include <netdb.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/text.h"
#include "hooks/dns_policy.h"
#include "hooks/next.h"
#include "names/dns_message.h"

// Before glibc 2.34 the header gives them the names with __.
#undef res_query
#undef res_nquery
#undef res_search
#undef res_nsearch
#undef res_querydomain
#undef res_nquerydomain
#undef res_send
#undef res_nsend

namespace hooks {
namespace {

using Verdict = engine::DnsPolicy::Verdict;
using Ours = std::array<uint8_t, 1024>;

struct Question {
  const char* name;
  int klass;
  int type;
};
// Where the program wants the answer.
struct Room {
  uint8_t* data;
  int size;
};

// libc's function has one of two names: the other is missing.
template <auto kNow, auto kBefore, typename... Arguments>
int Real(Arguments... arguments) {
  const int saved_errno = errno;
  errno = 0;
  int result = kNow(arguments...);
  if (result < 0 && errno == ENOSYS) {
    result = kBefore(arguments...);
  }
  if (result >= 0 || errno == 0) {
    errno = saved_errno;
  }
  return result;
}

int RealQuery(void* state, const Question& asked, const Room& room) {
  return state != nullptr ? Real<real::res_nquery, real::__res_nquery>(
                                state, asked.name, asked.klass, asked.type, room.data, room.size)
                          : Real<real::res_query, real::__res_query>(
                                asked.name, asked.klass, asked.type, room.data, room.size);
}

int RealSend(void* state, const uint8_t* query, int size, const Room& room) {
  return state != nullptr
             ? Real<real::res_nsend, real::__res_nsend>(state, query, size, room.data, room.size)
             : Real<real::res_send, real::__res_send>(query, size, room.data, room.size);
}

int Fail(void* state, int code) {
  if (state != nullptr) {
    static_cast<res_state>(state)->res_h_errno = code;
  }
  h_errno = code;
  return -1;
}

int Copy(std::span<const uint8_t> answer, const Room& room) {
  std::memcpy(room.data, answer.data(),
              std::min(answer.size(), static_cast<size_t>(std::max(room.size, 0))));
  return static_cast<int>(answer.size());
}

// As libc reads an answer.
int Tell(void* state, std::span<const uint8_t> answer, const Room& room) {
  const int size = Copy(answer, room);
  const bool empty = answer[6] == 0 && answer[7] == 0;
  switch (static_cast<names::DnsCode>(answer[3] & 0xf)) {
    case names::DnsCode::kNoError:
      return empty ? Fail(state, NO_DATA) : size;
    case names::DnsCode::kNoSuchName:
      return Fail(state, HOST_NOT_FOUND);
    case names::DnsCode::kServerFailure:
      return Fail(state, TRY_AGAIN);
    case names::DnsCode::kFormatError:
    case names::DnsCode::kNotImplemented:
    case names::DnsCode::kRefused:
      break;
  }
  return Fail(state, NO_RECOVERY);
}

// What a server said, `size` bytes in `room`, to `query`; empty: the program may be told so.
std::span<const uint8_t> Instead(std::span<const uint8_t> query, const Room& room, int size,
                                 Ours* ours) {
  const auto known = static_cast<size_t>(std::min(size, room.size));
  const auto decision = ReviewAnswer(query, {room.data, known}, *ours);
  return std::span(*ours).first(decision.verdict == Verdict::kAnswer ? decision.size : 0);
}

int Query(void* state, const Question& asked, const Room& room) {
  if (!AnswersDns() || asked.name == nullptr) {
    return RealQuery(state, asked, room);
  }
  std::array<uint8_t, 512> buffer;
  const auto query =
      std::span(buffer).first(names::BuildDnsQuery(0, asked.name, static_cast<uint16_t>(asked.type),
                                                   static_cast<uint16_t>(asked.klass), buffer));
  if (query.empty()) {
    return Fail(state, NO_RECOVERY);
  }
  Ours ours;
  const auto decision = DecideQuery(query, ours);
  switch (decision.verdict) {
    case Verdict::kAnswer:
      return Tell(state, std::span(ours).first(decision.size), room);
    case Verdict::kIgnore:
      return Fail(state, NO_RECOVERY);
    case Verdict::kForward:
      break;
  }
  const int result = RealQuery(state, asked, room);
  if (result <= 2 || room.size < 2) {
    return result;
  }
  std::copy_n(room.data, 2, query.begin());  // libc's own number
  const auto instead = Instead(query, room, result, &ours);
  return instead.empty() ? result : Tell(state, instead, room);
}

int QueryDomain(void* state, const char* name, const char* domain, const Question& asked,
                const Room& room) {
  std::array<char, base::kMaxNameLength + 2> whole{};
  base::TextWriter text(std::span<char>(whole).first(whole.size() - 1));
  text.Append(name);
  if (domain != nullptr) {
    text.Append(".").Append(domain);
  }
  return text.cut() ? Fail(state, NO_RECOVERY)
                    : Query(state, {whole.data(), asked.klass, asked.type}, room);
}

int Search(void* state, const Question& asked, const Room& room) {
  const std::string_view name(asked.name);
  const names::ResolvConf conf = ReadResolvConf();
  const auto dots = std::count(name.begin(), name.end(), '.');
  const bool first = name.ends_with('.') || dots >= static_cast<long>(conf.ndots);
  int result = first ? Query(state, asked, room) : -1;
  int code = first ? h_errno : HOST_NOT_FOUND;
  for (size_t i = 0; i < conf.search_count() && result < 0 && !name.ends_with('.'); ++i) {
    std::array<char, base::kMaxNameLength + 1> domain{};
    base::TextWriter(std::span<char>(domain).first(base::kMaxNameLength)).Append(conf.search(i));
    result = QueryDomain(state, asked.name, domain.data(), asked, room);
    if (result < 0 && !first && h_errno == NO_DATA) {
      code = NO_DATA;
    }
  }
  if (result < 0 && !first) {
    result = Query(state, asked, room);
    code = code == NO_DATA && h_errno == HOST_NOT_FOUND ? code : h_errno;
  }
  return result < 0 ? Fail(state, code) : result;
}

int Send(void* state, std::span<const uint8_t> query, const Room& room) {
  const int size = static_cast<int>(query.size());
  if (!AnswersDns()) {
    return RealSend(state, query.data(), size, room);
  }
  Ours ours;
  const auto decision = DecideQuery(query, ours);
  switch (decision.verdict) {
    case Verdict::kAnswer:
      return Copy(std::span(ours).first(decision.size), room);
    case Verdict::kIgnore:
      errno = ECONNREFUSED;
      return -1;
    case Verdict::kForward:
      break;
  }
  const int result = RealSend(state, query.data(), size, room);
  const auto instead = result > 0 ? Instead(query, room, result, &ours) : std::span<uint8_t>();
  return instead.empty() ? result : Copy(instead, room);
}

}  // namespace

namespace exported {

int res_query(const char* name, int klass, int type, unsigned char* answer, int size) {
  return Query(nullptr, {name, klass, type}, {answer, size});
}

int __res_query(const char* name, int klass, int type, unsigned char* answer, int size) {
  return Query(nullptr, {name, klass, type}, {answer, size});
}

int res_nquery(void* state, const char* name, int klass, int type, unsigned char* answer,
               int size) {
  return Query(state, {name, klass, type}, {answer, size});
}

int __res_nquery(void* state, const char* name, int klass, int type, unsigned char* answer,
                 int size) {
  return Query(state, {name, klass, type}, {answer, size});
}

int res_search(const char* name, int klass, int type, unsigned char* answer, int size) {
  return AnswersDns() && name != nullptr
             ? Search(nullptr, {name, klass, type}, {answer, size})
             : Real<real::res_search, real::__res_search>(name, klass, type, answer, size);
}

int __res_search(const char* name, int klass, int type, unsigned char* answer, int size) {
  return exported::res_search(name, klass, type, answer, size);
}

int res_nsearch(void* state, const char* name, int klass, int type, unsigned char* answer,
                int size) {
  return AnswersDns() && name != nullptr
             ? Search(state, {name, klass, type}, {answer, size})
             : Real<real::res_nsearch, real::__res_nsearch>(state, name, klass, type, answer, size);
}

int __res_nsearch(void* state, const char* name, int klass, int type, unsigned char* answer,
                  int size) {
  return exported::res_nsearch(state, name, klass, type, answer, size);
}

int res_querydomain(const char* name, const char* domain, int klass, int type,
                    unsigned char* answer, int size) {
  return AnswersDns() && name != nullptr
             ? QueryDomain(nullptr, name, domain, {name, klass, type}, {answer, size})
             : Real<real::res_querydomain, real::__res_querydomain>(name, domain, klass, type,
                                                                    answer, size);
}

int __res_querydomain(const char* name, const char* domain, int klass, int type,
                      unsigned char* answer, int size) {
  return exported::res_querydomain(name, domain, klass, type, answer, size);
}

int res_nquerydomain(void* state, const char* name, const char* domain, int klass, int type,
                     unsigned char* answer, int size) {
  return AnswersDns() && name != nullptr
             ? QueryDomain(state, name, domain, {name, klass, type}, {answer, size})
             : Real<real::res_nquerydomain, real::__res_nquerydomain>(state, name, domain, klass,
                                                                      type, answer, size);
}

int __res_nquerydomain(void* state, const char* name, const char* domain, int klass, int type,
                       unsigned char* answer, int size) {
  return exported::res_nquerydomain(state, name, domain, klass, type, answer, size);
}

int res_send(const unsigned char* query, int query_size, unsigned char* answer, int size) {
  return Send(nullptr, {query, static_cast<size_t>(std::max(query_size, 0))}, {answer, size});
}

int __res_send(const unsigned char* query, int query_size, unsigned char* answer, int size) {
  return exported::res_send(query, query_size, answer, size);
}

int res_nsend(void* state, const unsigned char* query, int query_size, unsigned char* answer,
              int size) {
  return Send(state, {query, static_cast<size_t>(std::max(query_size, 0))}, {answer, size});
}

int __res_nsend(void* state, const unsigned char* query, int query_size, unsigned char* answer,
                int size) {
  return exported::res_nsend(state, query, query_size, answer, size);
}

}  // namespace exported
}  // namespace hooks
