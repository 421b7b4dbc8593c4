// Scripted proxies at the far end of a socket, and configs with chains of them.
#ifndef GOCHAIN_TESTS_UNIT_CHAIN_SCRIPTED_PROXIES_H_
#define GOCHAIN_TESTS_UNIT_CHAIN_SCRIPTED_PROXIES_H_

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "config/image_writer.h"

namespace chain {

using config::ProxyType;

inline constexpr uint32_t kTimeoutMs = 10000;

template <size_t kSize>
std::string Raw(const char (&literal)[kSize]) {
  return {literal, kSize - 1};
}

// A chain of hops of the given types: "hop0.example:1000", "hop1.example:1001"...
class Chain {
 public:
  explicit Chain(const std::vector<ProxyType>& types, std::string_view user = {},
                 std::string_view password = {}, config::Auth auth = config::Auth::kAny,
                 config::Pipeline pipeline = config::Pipeline::kAuto) {
    config::ImageWriter writer;
    config::Chain chain;
    for (size_t i = 0; i < types.size(); ++i) {
      config::Proxy proxy;
      proxy.name = writer.AddText("hop" + std::to_string(i));
      proxy.type = types[i];
      proxy.host = writer.AddText(HostOf(i));
      proxy.port = PortOf(i);
      proxy.user = writer.AddText(user);
      proxy.password = writer.AddText(password);
      proxy.auth = auth;
      proxy.pipeline = pipeline;
      chain.hops[chain.hop_count++] = writer.AddProxy(proxy);
    }
    chain.name = writer.AddText("chain");
    writer.globals().connect_timeout_ms = kTimeoutMs;
    if (!types.empty()) {
      writer.AddChain(chain);
    }
    image_ = writer.Finish();
    auto config = config::Config::FromImage(image_);
    EXPECT_TRUE(config.ok());
    config_ = config.value();
  }

  static std::string HostOf(size_t i) { return "hop" + std::to_string(i) + ".example"; }
  static uint16_t PortOf(size_t i) { return static_cast<uint16_t>(1000 + i); }
  const config::Config& config() const { return config_; }

 private:
  std::vector<uint8_t> image_;
  config::Config config_;
};

inline constexpr config::Route kWhole{config::RouteKind::kChain, 0};
inline const base::Endpoint kTarget = *base::Endpoint::FromName("target.example", 443);

// What the client must say, and what it is answered.
struct Turn {
  std::string expected;
  std::string reply;
};

inline const std::string kSocksOk = Raw("\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38");
inline const std::string kHttpOk = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";

inline std::vector<Turn> Script(const std::vector<ProxyType>& types) {
  std::vector<Turn> turns;
  for (size_t i = 0; i < types.size(); ++i) {
    const bool last = i + 1 == types.size();
    const std::string host = last ? "target.example" : Chain::HostOf(i + 1);
    const unsigned port = last ? 443 : Chain::PortOf(i + 1);
    if (types[i] == ProxyType::kSocks5) {
      turns.push_back({Raw("\x05\x01\x00"), Raw("\x05\x00")});
      turns.push_back({Raw("\x05\x01\x00\x03") + static_cast<char>(host.size()) + host +
                           static_cast<char>(port >> 8) + static_cast<char>(port),
                       kSocksOk});
    } else {
      const std::string authority = host + ":" + std::to_string(port);
      turns.push_back(
          {"CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n", kHttpOk});
    }
  }
  return turns;
}

// The far end of a socketpair: plays the script.
class Peer {
 public:
  explicit Peer(std::vector<Turn> turns, int type = AF_UNIX) : turns_(std::move(turns)) {
    int fds[2] = {-1, -1};
    if (type == AF_UNIX) {
      EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    } else {
      LoopbackPair(fds);
    }
    client_.Reset(fds[0]);
    own_.Reset(fds[1]);
  }

  int client_fd() const { return client_.get(); }

  // Hears what has arrived and, once it is all of a turn, answers with at most `max` bytes of the
  // reply. False where there was nothing to do.
  bool Play(size_t max) {
    char buffer[4096];
    const ssize_t got = recv(own_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) heard_.append(buffer, static_cast<size_t>(got));
    if (at_ == turns_.size() || heard_ != turns_[at_].expected) return got > 0;
    const std::string& reply = turns_[at_].reply;
    const size_t piece = std::min(max, reply.size() - replied_);
    EXPECT_EQ(send(own_.get(), reply.data() + replied_, piece, MSG_NOSIGNAL), ssize_t(piece));
    replied_ += piece;
    if (replied_ == reply.size()) {
      heard_.clear();
      replied_ = 0;
      ++at_;
    }
    return true;
  }

  void Close() { own_.Reset(); }
  void Reset() {
    const linger now{1, 0};
    EXPECT_EQ(setsockopt(own_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    Close();
  }
  int own_fd() const { return own_.get(); }
  size_t turn() const { return at_; }
  const std::string& heard() const { return heard_; }

 private:
  static void LoopbackPair(int (&fds)[2]) {
    const base::Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    ASSERT_EQ(bind(listener.get(), generic, length), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    ASSERT_EQ(getsockname(listener.get(), generic, &length), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(fds[0], generic, length), 0);
    fds[1] = accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
    ASSERT_GE(fds[1], 0);
  }

  std::vector<Turn> turns_;
  base::Fd client_;
  base::Fd own_;
  std::string heard_;
  size_t replied_ = 0;
  size_t at_ = 0;
};

}  // namespace chain

#endif  // GOCHAIN_TESTS_UNIT_CHAIN_SCRIPTED_PROXIES_H_
