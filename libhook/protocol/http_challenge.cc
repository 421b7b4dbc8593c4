#include "protocol/http_challenge.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "base/ascii.h"
#include "protocol/base64.h"

namespace protocol {
namespace {

struct SchemeRow {
  std::string_view lower;
  std::string_view name;
  HttpScheme scheme;
};

constexpr SchemeRow kSchemes[] = {{"basic", "Basic", HttpScheme::kBasic},
                                  {"digest", "Digest", HttpScheme::kDigest},
                                  {"ntlm", "NTLM", HttpScheme::kNtlm},
                                  {"negotiate", "Negotiate", HttpScheme::kNegotiate}};

std::string_view Trim(std::string_view text) { return base::Trim(text, " \t\r"); }

// A token of RFC 9110 §5.6.2, roughly: up to a blank, '=', ',' or ';'.
std::string_view Token(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t=,;"));
}

HttpScheme SchemeOf(std::string_view word) {
  for (const SchemeRow& row : kSchemes) {
    if (base::EqualsIgnoringCase(word, row.lower)) {
      return row.scheme;
    }
  }
  return HttpScheme::kNone;
}

// Takes the next element off a list: up to a comma that no quotes hold.
std::string_view NextElement(std::string_view* list) {
  bool quoted = false;
  size_t end = 0;
  for (; end < list->size(); ++end) {
    const char c = (*list)[end];
    if (quoted && c == '\\') {
      ++end;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      break;
    }
  }
  const std::string_view element = list->substr(0, end);
  list->remove_prefix(end < list->size() ? end + 1 : list->size());
  return Trim(element);
}

// The value of a parameter, with its quotes if it has them.
std::string_view ParameterValue(std::string_view text) {
  text = Trim(text);
  if (!text.starts_with('"')) {
    return Token(text);
  }
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return text.substr(0, i + 1);
    }
  }
  return text;
}

std::string_view Unquote(std::string_view value) {
  if (value.starts_with('"')) {
    value.remove_prefix(1);
    value = value.ends_with('"') ? value.substr(0, value.size() - 1) : value;
  }
  return value;
}

// A parameter is what has a '=' behind its first token; a scheme has none, and neither has the
// base64 behind it, whose '=' are followed by nothing (§11.2).
bool BeginsChallenge(std::string_view element) {
  const std::string_view token = Token(element);
  return !token.empty() && !Trim(element.substr(token.size())).starts_with('=');
}

// The value with its quotes; `found` says whether there is such a parameter.
std::string_view WrittenParameter(std::string_view list, std::string_view name, bool* found) {
  while (!list.empty()) {
    const std::string_view element = NextElement(&list);
    const std::string_view token = Token(element);
    const std::string_view rest = Trim(element.substr(token.size()));
    if (rest.starts_with('=') && base::EqualsIgnoringCase(token, name)) {
      *found = true;
      return ParameterValue(rest.substr(1));
    }
  }
  *found = false;
  return {};
}

std::optional<DigestAlgorithm> AlgorithmOf(std::string_view word) {
  constexpr std::string_view kWords[] = {"md5", "md5-sess", "sha-256", "sha-256-sess"};
  for (size_t i = 0; i < std::size(kWords); ++i) {
    if (base::EqualsIgnoringCase(word, kWords[i])) {
      return static_cast<DigestAlgorithm>(i);
    }
  }
  return std::nullopt;
}

bool HasWord(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (base::EqualsIgnoringCase(NextElement(&list), word)) {
      return true;
    }
  }
  return false;
}

// What can't be said back, between quotes or at all.
bool HasControlByte(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && c != '\t') || byte == 0x7f) {
      return true;
    }
  }
  return false;
}

bool ReadDigest(std::string_view parameters, HttpChallenge* out) {
  bool found = false;
  const std::string_view algorithm = HeaderParameter(parameters, "algorithm", &found);
  out->names_algorithm = found ? 1 : 0;
  if (found) {
    const auto known = AlgorithmOf(algorithm);
    if (!known) {
      return false;
    }
    out->algorithm = *known;
  }
  const std::string_view qop = HeaderParameter(parameters, "qop", &found);
  out->qop_auth = found && HasWord(qop, "auth") ? 1 : 0;
  if (found && !Trim(qop).empty() && out->qop_auth == 0) {
    return false;
  }
  out->stale = base::EqualsIgnoringCase(HeaderParameter(parameters, "stale", &found), "true");
  out->user_hash =
      base::EqualsIgnoringCase(HeaderParameter(parameters, "userhash", &found), "true");
  const std::string_view opaque = HeaderParameter(parameters, "opaque", &found);
  out->has_opaque = found ? 1 : 0;
  const std::string_view realm = HeaderParameter(parameters, "realm", &found);
  const std::string_view nonce = HeaderParameter(parameters, "nonce", &found);
  return found && out->SetDigestTexts(realm, nonce, opaque);
}

bool ReadNtlm(std::string_view token, HttpChallenge* out) {
  if (token.empty()) {
    return true;
  }
  const auto size =
      DecodeBase64(token, {reinterpret_cast<uint8_t*>(out->text.data()), HttpChallenge::kMaxText});
  out->nonce_size = static_cast<uint16_t>(size.value_or(0));
  return size.has_value();
}

// Among those of one scheme: SHA-256 before MD5, a message before none.
unsigned Strength(const HttpChallenge& challenge) {
  const bool more = challenge.scheme == HttpScheme::kDigest
                        ? challenge.algorithm >= DigestAlgorithm::kSha256
                        : challenge.scheme == HttpScheme::kNtlm && challenge.nonce_size > 0;
  return static_cast<unsigned>(challenge.scheme) * 2 + (more ? 1 : 0);
}

}  // namespace

bool HttpChallenge::SetDigestTexts(std::string_view new_realm, std::string_view new_nonce,
                                   std::string_view new_opaque) {
  if (new_realm.size() + new_nonce.size() + new_opaque.size() > kMaxText ||
      HasControlByte(new_realm) || HasControlByte(new_nonce) || HasControlByte(new_opaque)) {
    return false;
  }
  char* at = text.data();
  for (const std::string_view piece : {new_realm, new_nonce, new_opaque}) {
    at = std::copy(piece.begin(), piece.end(), at);
  }
  realm_size = static_cast<uint16_t>(new_realm.size());
  nonce_size = static_cast<uint16_t>(new_nonce.size());
  opaque_size = static_cast<uint16_t>(new_opaque.size());
  return true;
}

bool HttpChallenge::SetNonce(std::string_view new_nonce) {
  const size_t others = size_t{realm_size} + opaque_size;
  if (others + nonce_size > kMaxText || others + new_nonce.size() > kMaxText ||
      HasControlByte(new_nonce)) {
    return false;
  }
  std::memmove(text.data() + realm_size + new_nonce.size(), text.data() + realm_size + nonce_size,
               opaque_size);
  std::copy(new_nonce.begin(), new_nonce.end(), text.data() + realm_size);
  nonce_size = static_cast<uint16_t>(new_nonce.size());
  return true;
}

std::string_view SchemeName(HttpScheme scheme) {
  for (const SchemeRow& row : kSchemes) {
    if (row.scheme == scheme) {
      return row.name;
    }
  }
  return {};
}

std::string_view HeaderParameter(std::string_view list, std::string_view name, bool* found) {
  return Unquote(WrittenParameter(list, name, found));
}

// §11.6.1: the commas between challenges and those between one challenge's parameters look the
// same.
void HttpOffers::Read(std::string_view value, bool cut) {
  const char* begin = nullptr;
  const char* end = nullptr;
  while (!value.empty()) {
    const std::string_view element = NextElement(&value);
    if (element.empty()) {
      continue;
    }
    if (BeginsChallenge(element)) {
      if (begin != nullptr) {
        Take({begin, static_cast<size_t>(end - begin)}, false);
      }
      begin = element.data();
    }
    end = element.data() + element.size();
  }
  if (begin != nullptr) {
    Take({begin, static_cast<size_t>(end - begin)}, cut);
  }
}

void HttpOffers::Clear() {
  seen_ = 0;
  summary_size_ = 0;
  best_.scheme = HttpScheme::kNone;
}

void HttpOffers::Take(std::string_view challenge, bool cut) {
  const std::string_view word = Token(challenge);
  const std::string_view rest = Trim(challenge.substr(word.size()));
  HttpChallenge candidate;
  candidate.scheme = SchemeOf(word);
  seen_ = static_cast<uint8_t>(seen_ | 1u << static_cast<unsigned>(candidate.scheme));
  if (summary_size_ > 0) {
    Note(", ");
  }
  Note(word);
  bool has_realm = false;
  const std::string_view realm = WrittenParameter(rest, "realm", &has_realm);
  if (has_realm) {
    Note(" realm=");
    Note(realm);
  }
  const bool usable = IsAllowed(candidate.scheme) && !cut &&
                      (candidate.scheme != HttpScheme::kDigest || ReadDigest(rest, &candidate)) &&
                      (candidate.scheme != HttpScheme::kNtlm || ReadNtlm(rest, &candidate));
  if (usable && Strength(candidate) > Strength(best_)) {
    best_ = candidate;
  }
}

void HttpOffers::Note(std::string_view text) {
  for (const char c : text.substr(0, summary_.size() - summary_size_)) {
    summary_[summary_size_++] = c;
  }
}

bool HttpOffers::IsAllowed(HttpScheme scheme) const {
  switch (scheme) {
    case HttpScheme::kBasic:
      return auth_ == config::Auth::kAny || auth_ == config::Auth::kBasic;
    case HttpScheme::kDigest:
      return auth_ == config::Auth::kAny || auth_ == config::Auth::kDigest;
    case HttpScheme::kNtlm:
      return auth_ == config::Auth::kAny || auth_ == config::Auth::kNtlm;
    case HttpScheme::kNone:
    case HttpScheme::kNegotiate:
      break;
  }
  return false;
}

}  // namespace protocol
