#include "relay/stream_bio.h"

#include <algorithm>
#include <cerrno>

namespace relay {
namespace {

constexpr size_t kReadAhead = size_t{64} << 10;  // some four records

bool IsForLater(long result) { return result == -EAGAIN || result == -EINTR; }

}  // namespace

BIO* StreamBio::New() {
  BIO_METHOD* const method = Method(*openssl_);
  BIO* const bio = method != nullptr ? openssl_->BIO_new(method) : nullptr;
  if (bio != nullptr) {
    openssl_->BIO_set_data(bio, this);
    openssl_->BIO_set_init(bio, 1);
  }
  return bio;
}

BIO_METHOD* StreamBio::Method(const OpenSsl& openssl) {
  static BIO_METHOD* const method = [&openssl]() -> BIO_METHOD* {
    BIO_METHOD* const made =
        openssl.BIO_meth_new(openssl.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gochain stream");
    if (made != nullptr) {
      openssl.BIO_meth_set_read(made, Read);
      openssl.BIO_meth_set_write(made, Write);
      openssl.BIO_meth_set_ctrl(made, Control);
    }
    return made;
  }();
  return method;
}

long StreamBio::Take(std::span<uint8_t> out) {
  if (unread_.empty()) {
    if (buffer_ == nullptr) {
      buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kReadAhead);
    }
    const long got = below_->Receive({buffer_.get(), kReadAhead}, false);
    if (got <= 0) {
      buffer_.reset();
      return got;
    }
    unread_ = {buffer_.get(), static_cast<size_t>(got)};
    const auto first = unread_.first(std::min(first_.size() - first_size_, unread_.size()));
    std::copy(first.begin(), first.end(), first_.begin() + first_size_);
    first_size_ += first.size();
  }
  const auto taken = unread_.first(std::min(out.size(), unread_.size()));
  std::copy(taken.begin(), taken.end(), out.begin());
  unread_ = unread_.subspan(taken.size());
  return static_cast<long>(taken.size());
}

int StreamBio::Read(BIO* bio, char* data, int size) {
  const OpenSsl& openssl = *OpenSsl::Get();
  auto& self = *static_cast<StreamBio*>(openssl.BIO_get_data(bio));
  openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  const std::span<uint8_t> out(reinterpret_cast<uint8_t*>(data), static_cast<size_t>(size));
  const long got = self.Take(out);
  if (got > 0) {
    return static_cast<int>(got);
  }
  if (IsForLater(got)) {
    openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    return -1;
  }
  self.at_end_ = got == 0;
  self.read_error_ = got == 0 ? -ECONNRESET : got;
  return got == 0 ? 0 : -1;
}

int StreamBio::Write(BIO* bio, const char* data, int size) {
  const OpenSsl& openssl = *OpenSsl::Get();
  auto& self = *static_cast<StreamBio*>(openssl.BIO_get_data(bio));
  openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  const long sent =
      self.below_->Send({reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)});
  if (sent >= 0) {
    return static_cast<int>(sent);
  }
  if (IsForLater(sent)) {
    openssl.BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
  } else {
    self.write_error_ = sent;
  }
  return -1;
}

long StreamBio::Control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:  // nothing is held back
      return 1;
    case BIO_CTRL_EOF:
      return static_cast<StreamBio*>(OpenSsl::Get()->BIO_get_data(bio))->at_end_ ? 1 : 0;
    default:
      return 0;
  }
}

}  // namespace relay
