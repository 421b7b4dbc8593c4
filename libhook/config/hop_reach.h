// Which hop of a chain can't be told of another that may stand before it: SOCKS4 carries IPv4
// alone, and no names but by its 4A extension.
#ifndef GOCHAIN_CONFIG_HOP_REACH_H_
#define GOCHAIN_CONFIG_HOP_REACH_H_

#include <optional>

#include "config/diagnostics.h"
#include "config/image_writer.h"

namespace config {

std::optional<Complaint> FindUnsayableHop(ImageWriter& image, const Chain& chain);

}  // namespace config

#endif  // GOCHAIN_CONFIG_HOP_REACH_H_
