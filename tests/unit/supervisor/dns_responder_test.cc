#include "supervisor/dns_responder.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/builder.h"

namespace supervisor {
namespace {

using Bytes = std::vector<uint8_t>;

// "LABEL.example", type A
Bytes Query(const std::string& label) {
  Bytes out = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  out.push_back(static_cast<uint8_t>(label.size()));
  for (const char c : label + "\7example") {
    out.push_back(static_cast<uint8_t>(c));
  }
  for (const int byte : {0, 0, 1, 0, 1}) {
    out.push_back(static_cast<uint8_t>(byte));
  }
  return out;
}

Bytes Framed(const Bytes& message) {
  Bytes out = {0};
  out.push_back(static_cast<uint8_t>(message.size()));
  for (const uint8_t byte : message) {
    out.push_back(byte);
  }
  return out;
}

// What a server says to `query`: 10.0.0.LAST.
Bytes Answer(Bytes query, uint8_t last) {
  query[2] |= 0x80;
  query[7] = 1;
  query.insert(query.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, last});
  return query;
}

base::Fd Socket(int type) { return base::Fd(socket(AF_INET, type | SOCK_CLOEXEC, 0)); }

// A socket bound to loopback, and where.
base::Fd Server(int type, base::Endpoint* out) {
  base::Fd fd = Socket(type);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(fd.get(), plain, size), 0);
  EXPECT_EQ(getsockname(fd.get(), plain, &size), 0);
  *out = *base::Endpoint::FromSockaddr(plain, size);
  return fd;
}

Bytes ReceiveSoon(int fd, int timeout_ms = 3000) {
  pollfd watched{fd, POLLIN, 0};
  if (poll(&watched, 1, timeout_ms) != 1) {
    return {};
  }
  Bytes out(1024);
  const ssize_t size = recv(fd, out.data(), out.size(), 0);
  out.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return out;
}

class DnsResponderTest : public ::testing::Test {
 protected:
  DnsResponderTest() {
    config::Inputs inputs;
    inputs.all_proxy = "socks5://192.0.2.9:1080";
    inputs.no_proxy = "direct.example";
    const config::Built built = config::Build(inputs);
    auto created = engine::Session::Create({}, built.image, built.lists);
    EXPECT_TRUE(created.ok());
    state_ = std::move(created->fd);
    session_ = std::make_unique<engine::Session>(created->session);
    responder_ = std::make_unique<DnsResponder>(*session_);
  }

  base::Fd Attached(int type, const base::Endpoint& server) {
    base::Fd fd = Socket(type);
    base::Endpoint actual;
    EXPECT_EQ(responder_->Attach(fd.get(), AF_INET, type, {server, {}}, &actual), 0);
    EXPECT_TRUE(actual.address().IsLoopback());
    return fd;
  }

  base::Fd state_;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<DnsResponder> responder_;
};

TEST_F(DnsResponderTest, ForwardsDirectNamesByteForByte) {
  base::Endpoint where;
  const base::Fd server = Server(SOCK_DGRAM, &where);
  const base::Fd client = Attached(SOCK_DGRAM, where);
  const Bytes query = Query("direct");
  ASSERT_EQ(send(client.get(), query.data(), query.size(), 0), static_cast<ssize_t>(query.size()));
  Bytes got(512);
  sockaddr_storage from;
  socklen_t size = sizeof from;
  pollfd watched{server.get(), POLLIN, 0};
  ASSERT_EQ(poll(&watched, 1, 3000), 1);
  const ssize_t received =
      recvfrom(server.get(), got.data(), got.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  got.resize(static_cast<size_t>(received));
  EXPECT_EQ(got, query);
  const Bytes answer = {0, 9, 0x84, 5, 1, 2, 3};  // whatever it says
  sendto(server.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  EXPECT_EQ(ReceiveSoon(client.get()), answer);
}

TEST_F(DnsResponderTest, RemembersWhatServersSay) {
  const auto meant = [&](const char* address) {
    const auto name = session_->answers().NameOf(*base::IpAddress::Parse(address));
    return name ? std::string(name->name()) : std::string();
  };
  const Bytes query = Query("direct");
  Bytes got(512);
  base::Endpoint where;
  const base::Fd udp_server = Server(SOCK_DGRAM, &where);
  const base::Fd udp = Attached(SOCK_DGRAM, where);
  send(udp.get(), query.data(), query.size(), 0);
  sockaddr_storage from;
  socklen_t size = sizeof from;
  auto* const plain = reinterpret_cast<sockaddr*>(&from);
  ASSERT_GT(recvfrom(udp_server.get(), got.data(), got.size(), 0, plain, &size), 0);
  const Bytes answer = Answer(query, 5);
  sendto(udp_server.get(), answer.data(), answer.size(), 0, plain, size);
  EXPECT_EQ(ReceiveSoon(udp.get()), answer);
  EXPECT_EQ(meant("10.0.0.5"), "direct.example");

  const base::Fd tcp_server = Server(SOCK_STREAM, &where);
  ASSERT_EQ(listen(tcp_server.get(), 1), 0);
  const base::Fd tcp = Attached(SOCK_STREAM, where);
  const Bytes framed = Framed(query);
  send(tcp.get(), framed.data(), framed.size(), 0);
  const base::Fd connection(accept(tcp_server.get(), nullptr, nullptr));
  const Bytes framed_answer = Framed(Answer(query, 6));
  send(connection.get(), framed_answer.data(), framed_answer.size(), 0);
  Bytes echoed(framed_answer.size());
  ASSERT_EQ(recv(tcp.get(), echoed.data(), echoed.size(), MSG_WAITALL),
            static_cast<ssize_t>(echoed.size()));
  EXPECT_EQ(echoed, framed_answer);
  EXPECT_EQ(meant("10.0.0.6"), "direct.example");
}

TEST_F(DnsResponderTest, AnswersOthersWhileAServerIsSilent) {
  base::Endpoint where;
  const base::Fd server = Server(SOCK_DGRAM, &where);
  const base::Fd client = Attached(SOCK_DGRAM, where);
  const Bytes direct = Query("direct");
  for (int i = 0; i < 20; ++i) {
    send(client.get(), direct.data(), direct.size(), 0);
  }
  const Bytes query = Query("go");
  send(client.get(), query.data(), query.size(), 0);
  const Bytes answer = ReceiveSoon(client.get(), 1000);
  ASSERT_GE(answer.size(), 4u);
  EXPECT_EQ(answer[answer.size() - 4], 198);
}

TEST_F(DnsResponderTest, SaysServerFailureWhereNoServerIs) {
  base::Endpoint where;
  Server(SOCK_DGRAM, &where).Reset();
  const base::Fd client = Attached(SOCK_DGRAM, where);
  const Bytes query = Query("direct");
  send(client.get(), query.data(), query.size(), 0);
  const Bytes answer = ReceiveSoon(client.get(), 1000);
  ASSERT_GE(answer.size(), 12u);
  EXPECT_EQ(answer[3] & 0xf, 2);
}

TEST_F(DnsResponderTest, ForwardsDirectNamesOverTcp) {
  base::Endpoint where;
  const base::Fd server = Server(SOCK_STREAM, &where);
  ASSERT_EQ(listen(server.get(), 1), 0);
  const base::Fd client = Attached(SOCK_STREAM, where);
  const Bytes query = Query("direct");
  const Bytes framed = Framed(query);
  ASSERT_EQ(send(client.get(), framed.data(), framed.size(), 0),
            static_cast<ssize_t>(framed.size()));
  const base::Fd connection(accept(server.get(), nullptr, nullptr));
  Bytes got(framed.size());
  ASSERT_EQ(recv(connection.get(), got.data(), got.size(), MSG_WAITALL),
            static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, framed);
  const Bytes answer = {0, 3, 1, 2, 3};
  send(connection.get(), answer.data(), answer.size(), 0);
  Bytes echoed(answer.size());
  ASSERT_EQ(recv(client.get(), echoed.data(), echoed.size(), MSG_WAITALL),
            static_cast<ssize_t>(echoed.size()));
  EXPECT_EQ(echoed, answer);
}

TEST_F(DnsResponderTest, KeepsTcpConnectionsForMoreThanOneQuestion) {
  const base::Fd client =
      Attached(SOCK_STREAM, base::Endpoint(base::IpAddress::V4(0xc0000235), 53));
  for (const char* const label : {"one", "two", "three"}) {
    const Bytes query = Query(label);
    const Bytes framed = Framed(query);
    ASSERT_EQ(send(client.get(), framed.data(), framed.size(), 0),
              static_cast<ssize_t>(framed.size()));
    Bytes answer(2 + query.size() + 16);
    ASSERT_EQ(recv(client.get(), answer.data(), answer.size(), MSG_WAITALL),
              static_cast<ssize_t>(answer.size()));
    EXPECT_EQ(answer[answer.size() - 4], 198);
  }
}

TEST_F(DnsResponderTest, EndsWithConnectionsOpen) {
  const base::Fd client =
      Attached(SOCK_STREAM, base::Endpoint(base::IpAddress::V4(0xc0000235), 53));
  ASSERT_EQ(send(client.get(), "", 1, 0), 1);
  usleep(50000);
  responder_.reset();
  char byte;
  EXPECT_LE(recv(client.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace supervisor
