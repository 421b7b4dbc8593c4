#include "protocol/http_login.h"

#include "protocol/base64.h"
#include "protocol/digest_auth.h"
#include "protocol/ntlm_auth.h"

namespace protocol {
namespace {

// A proxy whose nonces grow old at once, or which many connections share one of.
constexpr uint8_t kMaxAsked = 4;

// By config::Auth.
constexpr std::string_view kNotOffered[] = {"none of it is supported", "basic is not offered",
                                            "digest is not offered", "ntlm is not offered",
                                            "negotiate is not offered"};

}  // namespace

HttpLogin::HttpLogin(const HttpCredentials& credentials, const HttpMemory& known,
                     const Freshness& fresh)
    : credentials_(credentials),
      has_credentials_(!credentials.user.empty() || !credentials.password.empty() ||
                       credentials.auth == config::Auth::kNegotiate),
      fresh_(fresh),
      memory_(known),
      known_(known.asked == 0 ? known.challenge.scheme : HttpScheme::kNone) {
  next_ = FirstAnswer();
}

bool HttpLogin::may_be_asked() const {
  return has_credentials_ && credentials_.auth != config::Auth::kBasic &&
         credentials_.auth != config::Auth::kNegotiate;
}

HttpLogin::Answer HttpLogin::FirstAnswer() const {
  if (!has_credentials_) {
    return Answer::kNone;
  }
  switch (credentials_.auth) {
    case config::Auth::kBasic:
      return Answer::kBasic;
    case config::Auth::kNtlm:
      return Answer::kNtlmNegotiate;
    case config::Auth::kNegotiate:
      return Answer::kToken;
    case config::Auth::kDigest:
      return memory_.challenge.scheme == HttpScheme::kDigest ? Answer::kDigest : Answer::kNone;
    case config::Auth::kAny:
      break;
  }
  const Answer answer = AnswerTo(memory_.challenge);
  return answer == Answer::kNtlmAuthenticate ? Answer::kNtlmNegotiate : answer;
}

HttpLogin::Answer HttpLogin::AnswerTo(const HttpChallenge& challenge) {
  switch (challenge.scheme) {
    case HttpScheme::kBasic:
      return Answer::kBasic;
    case HttpScheme::kDigest:
      return Answer::kDigest;
    case HttpScheme::kNtlm:
      return challenge.message().empty() ? Answer::kNtlmNegotiate : Answer::kNtlmAuthenticate;
    case HttpScheme::kNone:
    case HttpScheme::kNegotiate:
      break;
  }
  return Answer::kNone;
}

bool HttpLogin::Write(base::TextWriter& out, std::string_view authority, std::string_view* token) {
  last_ = next_;
  switch (next_) {
    case Answer::kNone:
      return true;
    case Answer::kBasic:
      out.Append("Basic ");
      Base64Writer(out)
          .Append(credentials_.user)
          .Append(":")
          .Append(credentials_.password)
          .Finish();
      return true;
    case Answer::kDigest:
      WriteDigest(out, memory_.challenge, credentials_, "CONNECT", authority,
                  memory_.nonce_count++);
      return true;
    case Answer::kNtlmNegotiate:
      WriteNtlmNegotiate(out);
      return true;
    case Answer::kNtlmAuthenticate:
      return WriteNtlmAuthenticate(out, memory_.challenge, credentials_, fresh_);
    case Answer::kToken:
      out.Append("Negotiate ");
      *token = credentials_.negotiate_token;
      return true;
  }
  return true;
}

bool HttpLogin::TakeChallenge(const HttpReplyHead& head) {
  if (!has_credentials_) {
    const HttpOffers& offers = head.offers();
    const bool wants_ticket =
        offers.best().scheme == HttpScheme::kNone && offers.Has(HttpScheme::kNegotiate);
    refusal_ =
        wants_ticket ? "no credentials given; auth = negotiate is needed" : "no credentials given";
    return false;
  }
  if (!MayTryAgain(head)) {
    return Refuse(head);
  }
  memory_.challenge = head.offers().best();
  if (head.offers().summary().empty()) {
    memory_.challenge.scheme = HttpScheme::kBasic;
  }
  memory_.challenge.client_nonce = fresh_.random;
  memory_.nonce_count = 1;
  ++memory_.asked;
  next_ = AnswerTo(memory_.challenge);
  return true;
}

bool HttpLogin::MayTryAgain(const HttpReplyHead& head) const {
  const HttpChallenge& offer = head.offers().best();
  if (memory_.asked >= kMaxAsked) {
    return false;
  }
  // What others were asked with may be out of date; then this is like a first answer.
  const bool is_first = last_ == Answer::kNone || memory_.asked == 0;
  switch (last_) {
    case Answer::kNone: {
      // A 407 that asks for nothing: Basic is what such proxies take.
      const bool asks_for_nothing = head.offers().summary().empty();
      const bool takes_basic = credentials_.auth == config::Auth::kAny;
      return offer.scheme != HttpScheme::kNone || (asks_for_nothing && takes_basic);
    }
    case Answer::kBasic:
      return is_first && offer.scheme > HttpScheme::kBasic;
    case Answer::kDigest:
      if (offer.scheme != HttpScheme::kDigest) {
        return is_first && offer.scheme != HttpScheme::kNone;
      }
      return (is_first || offer.stale != 0) && offer.nonce() != memory_.challenge.nonce();
    case Answer::kNtlmNegotiate:
      if (offer.scheme == HttpScheme::kNtlm) {
        return !offer.message().empty();
      }
      return is_first && offer.scheme != HttpScheme::kNone;
    case Answer::kNtlmAuthenticate:
    case Answer::kToken:
      break;
  }
  return false;
}

bool HttpLogin::Refuse(const HttpReplyHead& head) {
  const HttpOffers& offers = head.offers();
  const bool is_token = credentials_.auth == config::Auth::kNegotiate;
  const bool is_offered =
      offers.summary().empty() ||
      (is_token ? offers.Has(HttpScheme::kNegotiate) : offers.best().scheme != HttpScheme::kNone);
  if (is_offered) {
    refusal_ = is_token ? "Kerberos ticket refused" : "credentials refused";
  } else if (credentials_.auth == config::Auth::kAny && offers.Has(HttpScheme::kNegotiate)) {
    refusal_ = "auth = negotiate is needed";
  } else {
    refusal_ = kNotOffered[static_cast<size_t>(credentials_.auth)];
  }
  verdict_ = Verdict::kForget;
  return false;
}

void HttpLogin::Accepted(const HttpReplyHead& head) {
  const bool is_digest = last_ == Answer::kDigest;
  if (is_digest && !head.next_nonce().empty() && memory_.challenge.SetNonce(head.next_nonce())) {
    memory_.nonce_count = 1;
    verdict_ = Verdict::kRemember;
  } else if (memory_.asked > 0 && last_ != Answer::kNone &&
             (is_digest || known_ != memory_.challenge.scheme)) {
    verdict_ = Verdict::kRemember;
  }
}

}  // namespace protocol
