// HttpLogin: what a client authenticates with to an HTTP proxy (RFC 9110 §11.7), request by
// request.
//
// A password goes out in Basic only where the proxy asks for nothing better, or where the proxy's
// section says `auth = basic`: so the first request has no credentials, unless it is known already
// what they should be. Of the challenges the strongest is answered: NTLM, Digest with SHA-256, with
// MD5, Basic. Plain value, async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_HTTP_LOGIN_H_
#define GOCHAIN_PROTOCOL_HTTP_LOGIN_H_

#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "protocol/http_auth.h"
#include "protocol/http_reply_head.h"

namespace protocol {

class HttpLogin {
 public:
  // The views of `credentials` outlive the login.
  HttpLogin(const HttpCredentials& credentials, const HttpMemory& known, const Freshness& fresh);

  // Appends the value of the next request's Proxy-Authorization; where nothing is appended it has
  // none. False where the credentials can't be said. A Negotiate token is not appended but put into
  // `token`: it goes behind.
  bool Write(base::TextWriter& out, std::string_view authority, std::string_view* token);

  // The proxy answered 407. True: another request may do. Else refusal() says why not.
  bool TakeChallenge(const HttpReplyHead& head);
  std::string_view refusal() const { return refusal_; }
  // The next request is of use only on the connection that the last one was on.
  bool needs_same_connection() const { return next_ == Answer::kNtlmAuthenticate; }
  // More than one request may be needed.
  bool may_be_asked() const;

  // The proxy answered the last request, and not with 407: what it answered so is worth keeping.
  void Accepted(const HttpReplyHead& head);

  // What to go on with after a new connection, and what to remember.
  const HttpMemory& memory() const { return memory_; }
  enum class Verdict : uint8_t {
    kNothingNew,
    kRemember,  // memory() is what later connections should begin with
    kForget,    // what was remembered isn't right any more
  };
  Verdict verdict() const { return verdict_; }
  config::Auth auth() const { return credentials_.auth; }

 private:
  enum class Answer : uint8_t { kNone, kBasic, kDigest, kNtlmNegotiate, kNtlmAuthenticate, kToken };

  Answer FirstAnswer() const;
  static Answer AnswerTo(const HttpChallenge& challenge);
  bool MayTryAgain(const HttpReplyHead& head) const;
  bool Refuse(const HttpReplyHead& head);

  HttpCredentials credentials_;
  bool has_credentials_;
  Freshness fresh_;
  HttpMemory memory_;
  HttpScheme known_;  // what others were asked for
  Answer next_ = Answer::kNone;
  Answer last_ = Answer::kNone;
  Verdict verdict_ = Verdict::kNothingNew;
  std::string_view refusal_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_LOGIN_H_
