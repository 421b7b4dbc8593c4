// HostLookup: the addresses of a name, by the machine's resolver, as an errand: getaddrinfo(3)
// takes the time that resolv.conf gives it, longer than any connect_timeout. One owner.
#ifndef GOCHAIN_ERRAND_HOST_LOOKUP_H_
#define GOCHAIN_ERRAND_HOST_LOOKUP_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "errand/errand.h"

namespace errand {

// In the order to try them; none where there is no such name. Waits.
std::vector<base::IpAddress> LookUpHost(const std::string& name);

class HostLookup {
 public:
  // Begins at once. `look` runs on the thread.
  explicit HostLookup(std::string_view name,
                      std::vector<base::IpAddress> (*look)(const std::string& name) = LookUpHost);

  int fd() const { return errand_.fd(); }  // as Errand's
  bool done() const { return errand_.done(); }

  // How many of the addresses are in `out`, as many as it takes; or -errno where nobody could be
  // asked. REQUIRES: done()
  int Take(std::span<base::IpAddress> out) const;

 private:
  // The thread's too.
  const std::shared_ptr<std::vector<base::IpAddress>> found_;
  const Errand errand_;
};

}  // namespace errand

#endif  // GOCHAIN_ERRAND_HOST_LOOKUP_H_
