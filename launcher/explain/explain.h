// --explain: which rule decides about a target, without any traffic.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_EXPLAIN_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_EXPLAIN_H_

#include <span>
#include <string>

#include "config/config.h"
#include "engine/settings.h"

namespace explain {

// Each target is HOST[:PORT], IPv6 in brackets where a port follows; port 443 where none is given.
// As text: one line a target, details indented below; as JSON one object a line. False, with one
// line in `error`, where a target is malformed.
// `go_private_paths` are the elements of GOPRIVATE and its like that @goprivate leaves out.
bool Explain(const config::Config& config, std::span<const std::string> go_private_paths,
             std::span<const std::string> targets, engine::LogFormat format, std::string* text,
             std::string* error);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_EXPLAIN_H_
