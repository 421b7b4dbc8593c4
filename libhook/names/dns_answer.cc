#include "names/dns_answer.h"

#include <array>
#include <string_view>

#include "names/dns_wire.h"

namespace names {
namespace {

using wire::Reader;

// Longer rows of aliases than any resolver follows.
constexpr size_t kMaxAliases = 16;

struct Name {
  std::array<char, base::kMaxNameLength + 2> bytes;
  size_t size = 0;

  std::string_view text() const { return {bytes.data(), size}; }
};

// Reads a name, in lower case and without its final dot, and stands behind it then. False where it
// is broken or none that a program could ask about.
bool ReadName(std::span<const uint8_t> message, Reader& reader, Name* out) {
  out->size = 0;
  Reader at = reader;
  bool jumped = false;
  // Every pointer leads to before the last one's target, so there is an end to them.
  size_t limit = message.size();
  for (;;) {
    const uint8_t length = at.U8();
    if (!at.ok()) {
      return false;
    }
    if ((length & wire::kPointer) == wire::kPointer) {
      const size_t target = static_cast<size_t>(length & ~wire::kPointer) << 8 | at.U8();
      if (!at.ok() || target >= limit) {
        return false;
      }
      if (!jumped) {
        reader = at;
        jumped = true;
      }
      limit = target;
      at = Reader(message);
      at.Skip(target);
      continue;
    }
    if (length == 0) {
      break;
    }
    if (length > wire::kMaxLabel ||
        out->size + length + (out->size > 0 ? 1u : 0u) > base::kMaxNameLength) {
      return false;
    }
    if (out->size > 0) {
      out->bytes[out->size++] = '.';
    }
    for (uint8_t i = 0; i < length; ++i) {
      out->bytes[out->size++] = wire::LowerCase(at.U8());
    }
  }
  if (!jumped) {
    reader = at;
  }
  return at.ok();
}

// Calls `see(owner, type, data)` for each record of the answer section, where `data` stands at its
// data; false where the message is broken.
template <typename See>
bool ForEachRecord(std::span<const uint8_t> message, Reader reader, uint16_t count, See see) {
  for (uint16_t i = 0; i < count; ++i) {
    Name owner;
    if (!ReadName(message, reader, &owner)) {
      return false;
    }
    const uint16_t type = reader.U16();
    const uint16_t klass = reader.U16();
    reader.Skip(4);  // TTL
    const uint16_t size = reader.U16();
    const Reader data = reader;
    reader.Skip(size);
    if (!reader.ok()) {
      return false;
    }
    if (klass == wire::kClassIn) {
      see(owner.text(), type, size, data);
    }
  }
  return true;
}

}  // namespace

size_t ReadDnsAddresses(std::span<const uint8_t> answer, const DnsQuery& query,
                        std::span<base::IpAddress> out) {
  Reader reader(answer);
  const uint16_t id = reader.U16();
  const uint16_t flags = reader.U16();
  const uint16_t questions = reader.U16();
  const uint16_t records = reader.U16();
  reader.Skip(4);
  Name name;
  if (!reader.ok() || id != query.id || (flags & wire::kResponse) == 0 || questions != 1 ||
      !ReadName(answer, reader, &name) || name.text() != query.name() ||
      reader.U16() != query.type || reader.U16() != query.klass || !reader.ok()) {
    return 0;
  }
  size_t found = 0;
  for (size_t step = 0; step < kMaxAliases; ++step) {
    Name alias;
    const auto see = [&](std::string_view owner, uint16_t type, uint16_t size, Reader data) {
      if (owner != name.text()) {
        return;
      }
      if (type == static_cast<uint16_t>(DnsType::kCname)) {
        alias.size = ReadName(answer, data, &alias) ? alias.size : 0;
      } else if (type == static_cast<uint16_t>(DnsType::kA) && size == 4 && found < out.size()) {
        out[found++] = base::IpAddress::V4Bytes(
            std::span<const uint8_t, 4>(answer.subspan(data.position(), 4)));
      } else if (type == static_cast<uint16_t>(DnsType::kAaaa) && size == 16 &&
                 found < out.size()) {
        out[found++] = base::IpAddress::V6Bytes(
            std::span<const uint8_t, 16>(answer.subspan(data.position(), 16)));
      }
    };
    if (!ForEachRecord(answer, reader, records, see)) {
      return 0;
    }
    if (alias.size == 0) {
      break;
    }
    name = alias;
  }
  return found;
}

}  // namespace names
