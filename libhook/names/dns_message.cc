#include "names/dns_message.h"

#include "names/dns_wire.h"

namespace names {
namespace {

using wire::kClassIn;
using wire::kHeaderSize;
using wire::kMaxLabel;
using wire::kOpcodeMask;
using wire::kPointer;
using wire::kRecursionAvailable;
using wire::kRecursionDesired;
using wire::kResponse;
using wire::kUdpSize;
using wire::Reader;
using wire::Writer;

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
      const uint8_t byte = reader.U8();
      out->sayable = out->sayable && byte > ' ' && byte < 0x7f && byte != '.';
      out->name_bytes[size++] = wire::LowerCase(byte);
    }
  }
  out->name_size = static_cast<uint8_t>(size);
  return reader.ok();
}

// Header, question and, at the end, the OPT record; between them the records that are written.
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

size_t BuildDnsQuery(uint16_t id, std::string_view name, uint16_t type, uint16_t klass,
                     std::span<uint8_t> out) {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  if (name.size() > base::kMaxNameLength) {
    return 0;
  }
  Writer writer(out);
  writer.U16(id);
  writer.U16(kRecursionDesired);
  writer.U16(1);
  writer.U16(0);
  writer.U32(0);
  writer.Name(name);
  writer.U16(type);
  writer.U16(klass);
  return writer.Finish();
}

size_t QueryOfAnswer(std::span<const uint8_t> answer, std::span<uint8_t> out) {
  Reader reader(answer);
  const uint16_t id = reader.U16();
  const uint16_t flags = reader.U16();
  const uint16_t questions = reader.U16();
  reader.Skip(6);
  const size_t begin = reader.position();
  reader.SkipName();
  reader.Skip(4);
  if (!reader.ok() || (flags & kResponse) == 0 || questions != 1) {
    return 0;
  }
  Writer writer(out);
  writer.U16(id);
  writer.U16(flags & kOpcodeMask);
  writer.U16(1);
  writer.U16(0);
  writer.U32(0);
  writer.Bytes(answer.subspan(begin, reader.position() - begin));
  return writer.Finish();
}

size_t BuildDnsAnswer(std::span<const uint8_t> message, const DnsQuery& query, DnsCode code,
                      std::span<uint8_t> out) {
  return Build(message, query, code, 0, out, [](Writer&) {});
}

size_t BuildDnsAddresses(std::span<const uint8_t> message, const DnsQuery& query,
                         std::span<const base::IpAddress> addresses, uint32_t ttl_s,
                         std::span<uint8_t> out) {
  return Build(message, query, DnsCode::kNoError, static_cast<uint16_t>(addresses.size()), out,
               [&](Writer& writer) {
                 for (const base::IpAddress& address : addresses) {
                   WriteRecordHead(writer, query, ttl_s, address.bytes().size());
                   writer.Bytes(address.bytes());
                 }
               });
}

size_t BuildDnsPointer(std::span<const uint8_t> message, const DnsQuery& query,
                       std::string_view name, uint32_t ttl_s, std::span<uint8_t> out) {
  return Build(message, query, DnsCode::kNoError, 1, out, [&](Writer& writer) {
    WriteRecordHead(writer, query, ttl_s, name.size() + 2);
    writer.Name(name);
  });
}

}  // namespace names
