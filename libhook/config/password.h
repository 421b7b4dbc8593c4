// Where a proxy's password comes from, if not from its URL: `password_file` and `password_env`.
#ifndef GOCHAIN_CONFIG_PASSWORD_H_
#define GOCHAIN_CONFIG_PASSWORD_H_

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "config/diagnostics.h"
#include "config/proxy_url.h"

namespace config {

// The first line of the file. `status` is fstat(2)'s. No complaint has the password in it.
std::optional<Complaint> ReadPasswordFile(const std::string& path, std::string* out,
                                          struct stat* status);

// Can the proxy at `url` be told this password? `place` says where it stands: "'office.pass'".
std::optional<Complaint> CheckPassword(const ProxyUrl& url, std::string_view password,
                                       const std::string& place);

// Has the URL, as it is written, a password in it that isn't a variable's?
bool HasWrittenPassword(std::string_view url);

// May others than the owner read the file?
bool OthersMayRead(mode_t mode);

}  // namespace config

#endif  // GOCHAIN_CONFIG_PASSWORD_H_
