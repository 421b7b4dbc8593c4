#include "names/dns_message.h"

#include <cstring>

namespace names {
namespace {

constexpr size_t kHeaderSize = 12;
constexpr uint16_t kResponse = 0x8000;
constexpr uint16_t kOpcodeMask = 0x7800;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kRecursionAvailable = 0x0080;
constexpr uint8_t kMaxLabel = 63;
constexpr uint8_t kPointer = 0xc0;
constexpr uint16_t kClassIn = 1;
// What one of ours may weigh; DNS flag day 2020.
constexpr uint16_t kUdpSize = 1232;

// Reads forward; once past the end it stays bad and yields zeros.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t position() const { return at_; }

  uint8_t U8() {
    if (at_ >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return bytes_[at_++];
  }
  uint16_t U16() {
    const uint8_t high = U8();
    return static_cast<uint16_t>(high << 8 | U8());
  }
  void Skip(size_t count) {
    if (count > bytes_.size() - at_) {
      ok_ = false;
      at_ = bytes_.size();
      return;
    }
    at_ += count;
  }
  void SkipName() {
    for (;;) {
      const uint8_t length = U8();
      if (!ok_ || length == 0) {
        return;
      }
      if ((length & kPointer) == kPointer) {
        U8();
        return;
      }
      Skip(length);
    }
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

class Writer {
 public:
  explicit Writer(std::span<uint8_t> out) : out_(out) {}

  void U8(uint8_t value) {
    if (size_ < out_.size()) {
      out_[size_++] = value;
    } else {
      full_ = true;
    }
  }
  void U16(uint16_t value) {
    U8(static_cast<uint8_t>(value >> 8));
    U8(static_cast<uint8_t>(value));
  }
  void U32(uint32_t value) {
    U16(static_cast<uint16_t>(value >> 16));
    U16(static_cast<uint16_t>(value));
  }
  void Bytes(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) {
      U8(byte);
    }
  }
  void Name(std::string_view name) {
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      full_ = full_ || label.empty() || label.size() > kMaxLabel;
      U8(static_cast<uint8_t>(label.size()));
      for (const char c : label) {
        U8(static_cast<uint8_t>(c));
      }
      name.remove_prefix(label.size() < name.size() ? label.size() + 1 : label.size());
    }
    U8(0);
  }
  size_t Finish() const { return full_ ? 0 : size_; }

 private:
  std::span<uint8_t> out_;
  size_t size_ = 0;
  bool full_ = false;  // or holds what can't be said
};

// Reads an uncompressed name; there is nothing before a question that a pointer could mean.
bool ReadName(Reader& reader, DnsQuery* out) {
  out->sayable = true;
  size_t size = 0;
  for (;;) {
    const uint8_t length = reader.U8();
    if (!reader.ok() || length > kMaxLabel) {
      return false;
    }
    if (length == 0) {
      break;
    }
    if (size + length + (size > 0 ? 1u : 0u) > base::kMaxNameLength) {
      return false;
    }
    if (size > 0) {
      out->name_bytes[size++] = '.';
    }
    for (uint8_t i = 0; i < length; ++i) {
      uint8_t byte = reader.U8();
      if (byte >= 'A' && byte <= 'Z') {
        byte = static_cast<uint8_t>(byte + ('a' - 'A'));
      }
      out->sayable = out->sayable && byte > ' ' && byte < 0x7f && byte != '.';
      out->name_bytes[size++] = static_cast<char>(byte);
    }
  }
  out->name_size = static_cast<uint8_t>(size);
  return reader.ok();
}

// Header, question and, at the end, the OPT record; one record between them where `answers` is 1.
template <typename WriteRecord>
size_t Build(std::span<const uint8_t> message, const DnsQuery& query, DnsCode code,
             uint16_t answers, std::span<uint8_t> out, WriteRecord write_record) {
  Writer writer(out);
  const bool has_question = query.question_size > 0;
  writer.U16(query.id);
  writer.U16(static_cast<uint16_t>(kResponse | (query.flags & (kOpcodeMask | kRecursionDesired)) |
                                   kRecursionAvailable | static_cast<uint16_t>(code)));
  writer.U16(has_question ? 1 : 0);
  writer.U16(answers);
  writer.U16(0);
  writer.U16(query.edns ? 1 : 0);
  if (has_question) {
    writer.Bytes(message.subspan(kHeaderSize, query.question_size));
  }
  write_record(writer);
  if (query.edns) {
    writer.U8(0);
    writer.U16(static_cast<uint16_t>(DnsType::kOpt));
    writer.U16(kUdpSize);
    writer.U32(0);
    writer.U16(0);
  }
  return writer.Finish();
}

void WriteRecordHead(Writer& writer, const DnsQuery& query, uint32_t ttl_s, size_t data_size) {
  writer.U16(static_cast<uint16_t>(kPointer << 8 | kHeaderSize));  // the name of the question
  writer.U16(query.type);
  writer.U16(kClassIn);
  writer.U32(ttl_s);
  writer.U16(static_cast<uint16_t>(data_size));
}

}  // namespace

DnsParsed ParseDnsQuery(std::span<const uint8_t> message, DnsQuery* out) {
  *out = {};
  Reader reader(message);
  out->id = reader.U16();
  out->flags = reader.U16();
  const uint16_t questions = reader.U16();
  const uint16_t answers = reader.U16();
  const uint16_t authorities = reader.U16();
  const uint16_t additional = reader.U16();
  if (!reader.ok() || (out->flags & kResponse) != 0) {
    return DnsParsed::kIgnore;
  }
  if (questions != 1 || answers != 0 || authorities != 0 || !ReadName(reader, out)) {
    return DnsParsed::kBroken;
  }
  out->type = reader.U16();
  out->klass = reader.U16();
  if (!reader.ok()) {
    return DnsParsed::kBroken;
  }
  out->question_size = static_cast<uint16_t>(reader.position() - kHeaderSize);
  for (uint16_t i = 0; i < additional; ++i) {
    reader.SkipName();
    out->edns = reader.U16() == static_cast<uint16_t>(DnsType::kOpt) || out->edns;
    reader.Skip(6);  // class and TTL
    reader.Skip(reader.U16());
    if (!reader.ok()) {
      out->edns = false;
      return DnsParsed::kBroken;
    }
  }
  return DnsParsed::kQuery;
}

size_t BuildDnsAnswer(std::span<const uint8_t> message, const DnsQuery& query, DnsCode code,
                      std::span<uint8_t> out) {
  return Build(message, query, code, 0, out, [](Writer&) {});
}

size_t BuildDnsAddress(std::span<const uint8_t> message, const DnsQuery& query,
                       const base::IpAddress& address, uint32_t ttl_s, std::span<uint8_t> out) {
  return Build(message, query, DnsCode::kNoError, 1, out, [&](Writer& writer) {
    WriteRecordHead(writer, query, ttl_s, address.bytes().size());
    writer.Bytes(address.bytes());
  });
}

size_t BuildDnsPointer(std::span<const uint8_t> message, const DnsQuery& query,
                       std::string_view name, uint32_t ttl_s, std::span<uint8_t> out) {
  return Build(message, query, DnsCode::kNoError, 1, out, [&](Writer& writer) {
    WriteRecordHead(writer, query, ttl_s, name.size() + 2);
    writer.Name(name);
  });
}

bool ParseReverseName(std::string_view name, base::IpAddress* out) {
  constexpr std::string_view kSuffix = ".in-addr.arpa";
  if (!name.ends_with(kSuffix)) {
    return false;
  }
  name.remove_suffix(kSuffix.size());
  uint32_t address = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::string_view label = name.substr(0, name.find('.'));
    unsigned value = 0;
    for (const char c : label) {
      if (c < '0' || c > '9' || value > 255) {
        return false;
      }
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    const bool last = label.size() == name.size();
    if (label.empty() || value > 255 || last != (i == 3)) {
      return false;
    }
    address |= value << (8 * i);
    name.remove_prefix(last ? label.size() : label.size() + 1);
  }
  *out = base::IpAddress::V4(address);
  return true;
}

}  // namespace names
