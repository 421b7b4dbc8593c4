// What ssh writes to its standard error, as failures.
//
// OpenSSH has no other way to say why: its exit status is 255 for everything. The words are those
// of OpenSSH's ssh and sshd, which don't translate them; the reasons of a channel are the far
// sshd's, and so may be those of another server (Dropbear).
#ifndef GOCHAIN_RELAY_SSH_WORDS_H_
#define GOCHAIN_RELAY_SSH_WORDS_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"

namespace relay {

// "channel 2: open failed: connect failed: Connection refused": why the far side did not connect to
// the target. None where the line is another one.
std::optional<base::Failure> ChannelFailure(std::string_view line);

// Why an ssh ended that never came up: the one of its lines that says most.
class SshComplaint {
 public:
  // `host` is what ssh was told to connect to, for the hint.
  explicit SshComplaint(std::string_view host) : host_(host) {}

  void Add(std::string_view line);
  // REQUIRES: ssh has ended. Says something where ssh said nothing.
  base::Failure Conclude() const;

 private:
  std::string host_;
  std::string line_;
  int rank_ = -1;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_WORDS_H_
