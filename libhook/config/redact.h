// Hides the passwords of URLs in text that a person or a log will see.
#ifndef GOCHAIN_CONFIG_REDACT_H_
#define GOCHAIN_CONFIG_REDACT_H_

#include <span>
#include <string>
#include <string_view>

namespace config {

// `text` has one URL, or a bare user:password@host:port. What stands between the user and the last
// '@' becomes "***", even where the URL is malformed: better too much than a secret.
std::string RedactUrl(std::string_view text);

// A line `url = URL` of a rules file.
std::string RedactUrlLine(std::string_view line);

// Puts an 'x' in the place of each byte of the URL's user and password.
void OverwriteCredentials(std::span<char> url);

}  // namespace config

#endif  // GOCHAIN_CONFIG_REDACT_H_
