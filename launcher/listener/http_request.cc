#include "listener/http_request.h"

#include <strings.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "listener/host_and_port.h"

namespace listener {
namespace {

constexpr HttpRefusal BadRequest(std::string_view message) { return {400, "Bad Request", message}; }
constexpr HttpRefusal NotImplemented(std::string_view message) {
  return {501, "Not Implemented", message};
}

constexpr uint16_t kHttpPort = 80;
constexpr std::string_view kScheme = "http://";

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// RFC 9110 §5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && !(c >= '0' && c <= '9') && kMarks.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < ' ' && byte != '\t') || byte == 0x7f;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `take` with each element of a list that stands between commas.
template <typename Take>
void ForEachElement(std::string_view list, const Take& take) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (const std::string_view element = Trim(list.substr(0, end)); !element.empty()) {
      take(element);
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

struct Field {
  std::string_view name;
  std::string_view value;
};

class Reader {
 public:
  Reader(std::string_view head, Request* out) : rest_(head), out_(*out) {}

  HttpRefusal Read() {
    if (const HttpRefusal bad = ReadRequestLine(); bad.status != 0) {
      return bad;
    }
    if (const HttpRefusal bad = ReadFields(); bad.status != 0) {
      return bad;
    }
    return method_ == "CONNECT" ? ReadTunnel() : ReadAbsoluteForm();
  }

 private:
  // Without its end; the head has one at the end of each line.
  std::string_view NextLine() {
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    return line;
  }

  HttpRefusal ReadRequestLine() {
    const std::string_view line = NextLine();
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
      return BadRequest("this is neither SOCKS nor HTTP");
    }
    method_ = line.substr(0, first);
    target_ = line.substr(first + 1, last - first - 1);
    version_ = line.substr(last + 1);
    for (const char c : target_) {
      if (IsControl(c) || c == ' ' || c == '\t') {
        return BadRequest("the target of the request has a blank or a control byte in it");
      }
    }
    if (!IsToken(method_) || target_.empty()) {
      return BadRequest("this is neither SOCKS nor HTTP");
    }
    if (version_ != "HTTP/1.1" && version_ != "HTTP/1.0") {
      return {505, "HTTP Version Not Supported", "HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    return {};
  }

  HttpRefusal ReadFields() {
    for (std::string_view line = NextLine(); !line.empty(); line = NextLine()) {
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
        // A line that goes on with the one before begins with a blank (RFC 9112 §5.2).
        return BadRequest("a line of the head is no field");
      }
      const Field field{line.substr(0, colon), Trim(line.substr(colon + 1))};
      for (const char c : field.value) {
        if (IsControl(c)) {
          return BadRequest("a field of the head has a control byte in it");
        }
      }
      fields_.push_back(field);
    }
    return {};
  }

  HttpRefusal ReadTunnel() {
    out_.protocol = Protocol::kConnect;
    const auto target = HostAndPort(target_, 0);
    if (!target) {
      return BadRequest("CONNECT needs HOST:PORT");
    }
    out_.target = *target;
    return {};
  }

  HttpRefusal ReadAbsoluteForm() {
    if (target_.size() < kScheme.size() || !Same(target_.substr(0, kScheme.size()), kScheme)) {
      return target_.find("://") == std::string_view::npos
                 ? BadRequest("this is a proxy: it takes CONNECT, and http:// URLs")
                 : NotImplemented("of URLs the proxy takes http:// ones; CONNECT leads anywhere");
    }
    const std::string_view url = target_.substr(kScheme.size());
    const size_t authority_end = std::min(url.find_first_of("/?#"), url.size());
    std::string_view authority = url.substr(0, authority_end);
    authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
    const auto target = HostAndPort(authority, kHttpPort);
    if (!target) {
      return BadRequest("the URL has no host that can be connected to");
    }
    out_.protocol = Protocol::kHttp;
    out_.target = *target;
    out_.is_head = method_ == "HEAD";
    if (const HttpRefusal bad = ReadFraming(); bad.status != 0) {
      return bad;
    }
    std::string_view path = url.substr(authority_end);
    path = path.substr(0, path.find('#'));
    WriteHead(authority, path);
    return {};
  }

  // RFC 9112 §6.3.
  HttpRefusal ReadFraming() {
    std::optional<uint64_t> length;
    std::optional<std::string_view> coding;
    for (const Field& field : fields_) {
      if (Same(field.name, "Transfer-Encoding")) {
        if (coding) {
          return NotImplemented("of transfer codings the proxy takes chunked alone");
        }
        coding = field.value;
      } else if (Same(field.name, "Content-Length")) {
        uint64_t value = 0;
        const char* const end = field.value.data() + field.value.size();
        const auto read = std::from_chars(field.value.data(), end, value);
        if (read.ec != std::errc() || read.ptr != end || (length && *length != value)) {
          return BadRequest("bad Content-Length");
        }
        length = value;
      }
    }
    if (coding && !Same(*coding, "chunked")) {
      return NotImplemented("of transfer codings the proxy takes chunked alone");
    }
    if (coding && (length || version_ == "HTTP/1.0")) {
      return BadRequest("Transfer-Encoding where there can be none");
    }
    out_.body = coding ? HttpBody::Chunked() : HttpBody::OfLength(length.value_or(0));
    return {};
  }

  // RFC 9110 §7.6.1: what is for this hop only. The framing stays, since the body does.
  bool IsForThisHop(std::string_view name) const {
    constexpr std::array<std::string_view, 8> kKnown = {
        "Connection", "Proxy-Connection",    "Keep-Alive",         "TE",
        "Upgrade",    "Proxy-Authorization", "Proxy-Authenticate", "Host"};
    for (const std::string_view known : kKnown) {
      if (Same(name, known)) {
        return true;
      }
    }
    if (Same(name, "Content-Length") || Same(name, "Transfer-Encoding")) {
      return false;
    }
    bool named = false;
    for (const Field& field : fields_) {
      if (Same(field.name, "Connection") || Same(field.name, "Proxy-Connection")) {
        ForEachElement(field.value,
                       [&](std::string_view element) { named = named || Same(element, name); });
      }
    }
    return named;
  }

  void WriteHead(std::string_view authority, std::string_view path) {
    std::string& head = out_.head;
    head.append(method_).append(" ");
    if (path.empty() && method_ == "OPTIONS") {
      head.append("*");  // RFC 9112 §3.2.4
    } else {
      head.append(path.starts_with('/') ? "" : "/").append(path);
    }
    head.append(" ").append(version_).append("\r\nHost: ").append(authority).append("\r\n");
    for (const Field& field : fields_) {
      if (!IsForThisHop(field.name)) {
        head.append(field.name).append(": ").append(field.value).append("\r\n");
      }
    }
    head.append("Connection: close\r\n\r\n");
  }

  std::string_view rest_;
  Request& out_;
  std::string_view method_;
  std::string_view target_;
  std::string_view version_;
  std::vector<Field> fields_;
};

}  // namespace

HttpRefusal ReadHttpRequest(std::string_view head, Request* out) {
  *out = {};
  return Reader(head, out).Read();
}

HttpRefusal HeadTooLarge() {
  return {431, "Request Header Fields Too Large", "the head of the request is too long"};
}

}  // namespace listener
