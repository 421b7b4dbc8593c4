// What HTTP authentication needs beside a challenge. Plain values; views are borrowed.
#ifndef GOCHAIN_PROTOCOL_HTTP_AUTH_H_
#define GOCHAIN_PROTOCOL_HTTP_AUTH_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "config/config.h"
#include "protocol/http_challenge.h"

namespace protocol {

// Of a proxy, as its section says; UTF-8. User and password both empty: there are none.
struct HttpCredentials {
  std::string_view user;
  std::string_view password;
  std::string_view workstation = {};  // NTLM; empty: the machine's name
  config::Auth auth = config::Auth::kAny;
  std::string_view negotiate_token = {};  // kNegotiate: base64 already, of any length
};

// What makes a client's answers its own and new.
struct Freshness {
  std::array<uint8_t, 16> random{};
  int64_t unix_time_s = 0;
  std::array<char, 16> host{};  // the machine's name as a workstation's, terminated
};

// What is known of a proxy's wishes before it is asked.
struct HttpMemory {
  HttpChallenge challenge;
  uint32_t nonce_count = 1;  // kDigest: for the next request
  // How often this dial was asked already; 0: the challenge is one that others were asked with.
  uint8_t asked = 0;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_AUTH_H_
