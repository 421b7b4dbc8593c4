#include "relay/tls_stream.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "../temp_folder.h"
#include "base/clock.h"
#include "relay/tls_context.h"
#include "tls_server.h"

namespace relay {
namespace {

using Progress = TlsStream::Progress;

constexpr int kPatienceMs = 60000;
constexpr const char* kHost = "proxy.example";

Identity MakeAuthority(const std::string& name) {
  return Identity({.name = name, .is_authority = true});
}

class TlsStreamTest : public testing::Test {
 protected:
  TlsStreamTest() : authority_(MakeAuthority("Corp CA")), proxy_(Issue("DNS:proxy.example")) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL's own sockets, at the server's end
    authority_.WriteCertificate(folder_ / "ca.pem");
  }

  Identity Issue(const std::string& alternatives, int from_days = -1, int to_days = 1) const {
    return Identity({.name = "a proxy",
                     .alternatives = alternatives,
                     .valid_from_days = from_days,
                     .valid_to_days = to_days},
                    &authority_);
  }
  TlsOptions Options(const std::string& host = kHost) {
    return {.host = host, .ca_file = folder_ / "ca.pem"};
  }
  static std::shared_ptr<const TlsContext> Context(const TlsOptions& options) {
    base::Failure failure;
    auto context = TlsContext::Make(options, &failure);
    EXPECT_NE(context, nullptr) << failure.detail_text();
    return context;
  }
  static std::unique_ptr<TlsStream> Over(base::Fd fd, const TlsOptions& options,
                                         size_t limit = SIZE_MAX, bool stutters = false) {
    return std::make_unique<TlsStream>(std::make_unique<PairStream>(std::move(fd), limit, stutters),
                                       Context(options));
  }

  static void Wait(const Stream& stream, short events) {
    pollfd poll_fd{stream.fd(), events, 0};
    poll(&poll_fd, 1, 1000);
  }
  static Progress Finish(TlsStream* stream) {
    const int64_t deadline = base::NowMs() + kPatienceMs;
    Progress progress = stream->Handshake();
    while (progress == Progress::kWaits && base::NowMs() < deadline) {
      Wait(*stream, stream->Wants(POLLIN));
      progress = stream->Handshake();
    }
    return progress;
  }
  // What Describe() says of the failed handshake; "" where it is through.
  static std::string Words(const Stream& stream) {
    const base::Failure* const failure = stream.trouble();
    if (failure == nullptr) {
      return "";
    }
    std::array<char, 512> buffer;
    return std::string(Describe(*failure, "target", buffer));
  }
  std::string Outcome(const ServerOptions& server_options, const TlsOptions& options) {
    Pair pair;
    TlsServer server(std::move(pair.theirs), server_options);
    auto stream = Over(std::move(pair.ours), options);
    if (Finish(stream.get()) == Progress::kDone) {
      EXPECT_EQ(stream->trouble(), nullptr) << Words(*stream);
      // With TLS 1.3 the server judges a client's certificate after the client is through.
      char byte = 0;
      return ReceiveSome(stream.get(), &byte, 1) == -ECONNRESET ? Words(*stream) : "end";
    }
    EXPECT_EQ(stream->Receive(buffer_, false), -ECONNRESET);
    EXPECT_EQ(stream->Send(buffer_), -ECONNRESET);
    return Words(*stream);
  }

  // Waits for it.
  static long ReceiveSome(Stream* stream, char* data, size_t size) {
    const int64_t deadline = base::NowMs() + kPatienceMs;
    while (base::NowMs() < deadline) {
      const long got = stream->Receive({reinterpret_cast<uint8_t*>(data), size}, false);
      if (got != -EAGAIN) return got;
      Wait(*stream, stream->Wants(POLLIN));
    }
    return -ETIMEDOUT;
  }
  static std::string ReceiveAll(Stream* stream, long* last) {
    std::string out;
    std::vector<char> data(100000);
    while ((*last = ReceiveSome(stream, data.data(), data.size())) > 0) {
      out.append(data.data(), static_cast<size_t>(*last));
    }
    return out;
  }
  static long SendAll(Stream* stream, std::string_view text) {
    const int64_t deadline = base::NowMs() + kPatienceMs;
    while (!text.empty() && base::NowMs() < deadline) {
      const long sent = stream->Send({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
      if (sent == -EAGAIN) {
        Wait(*stream, stream->Wants(POLLOUT));
      } else if (sent < 0) {
        return sent;
      } else {
        text.remove_prefix(static_cast<size_t>(sent));
      }
    }
    return text.empty() ? 0 : -ETIMEDOUT;
  }
  static void End(Stream* stream) {
    while (stream->ShutdownWrite() == -EAGAIN) {
      Wait(*stream, stream->Wants(POLLOUT));
    }
  }

  // The server's side: sends back what comes, and the end too.
  static void Echo(SSL* ssl) {
    char data[5000];
    int got = 0;
    while ((got = SSL_read(ssl, data, sizeof data)) > 0) {
      SSL_write(ssl, data, got);
    }
    SSL_shutdown(ssl);
  }

  TempFolder folder_;
  Identity authority_;
  Identity proxy_;
  std::array<uint8_t, 100> buffer_{};
};

std::string Pattern(size_t size) {
  std::string out(size, '\0');
  uint32_t state = 1;
  for (char& c : out) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

TEST_F(TlsStreamTest, SpeaksToAServerWhoseNameItsCertificateHas) {
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, Echo);
  auto stream = Over(std::move(pair.ours), Options());
  ASSERT_EQ(Finish(stream.get()), Progress::kDone) << Words(*stream);
  EXPECT_EQ(SendAll(stream.get(), "hello"), 0);
  End(stream.get());
  long last = -1;
  EXPECT_EQ(ReceiveAll(stream.get(), &last), "hello");
  EXPECT_EQ(last, 0);
  server.Join();
  EXPECT_EQ(server.server_name(), kHost);
  EXPECT_EQ(server.protocols(), "\x08http/1.1");
  EXPECT_EQ(server.version(), "TLSv1.3");
}

TEST_F(TlsStreamTest, ChecksAddressesAsAddressesAndSendsNoServerNameForThem) {
  const Identity with_addresses = Issue("IP:127.0.0.1,IP:2001:db8::1");
  for (const char* const host : {"127.0.0.1", "2001:db8::1"}) {
    Pair pair;
    TlsServer server(std::move(pair.theirs), {.identity = &with_addresses});
    auto stream = Over(std::move(pair.ours), Options(host));
    EXPECT_EQ(Finish(stream.get()), Progress::kDone) << Words(*stream);
    stream.reset();
    server.Join();
    EXPECT_EQ(server.server_name(), "");
  }
  // A name that reads like the address is none.
  const Identity with_name = Issue("DNS:127.0.0.1");
  EXPECT_EQ(Outcome({.identity = &with_name}, Options("127.0.0.1")),
            "certificate is for 127.0.0.1, not 127.0.0.1");
}

TEST_F(TlsStreamTest, RefusesACertificateForAnotherHostAndNamesIt) {
  const Identity other = Issue("DNS:other.example");
  EXPECT_EQ(Outcome({.identity = &other}, Options()),
            "certificate is for other.example, not proxy.example");
  const Identity many = Issue("DNS:*.other.example,DNS:b.example,IP:192.0.2.7");
  EXPECT_EQ(Outcome({.identity = &many}, Options()),
            "certificate is for *.other.example and 2 more, not proxy.example");
  const Identity address = Issue("IP:192.0.2.7");
  EXPECT_EQ(Outcome({.identity = &address}, Options("192.0.2.8")),
            "certificate is for 192.0.2.7, not 192.0.2.8");
  const Identity old_style = Issue("");
  EXPECT_EQ(Outcome({.identity = &old_style}, Options()),
            "certificate is for a proxy, not proxy.example");
}

TEST_F(TlsStreamTest, TakesAWildcardForOneLabelOnly) {
  const Identity wild = Issue("DNS:*.corp.example");
  EXPECT_EQ(Outcome({.identity = &wild}, Options("a.corp.example")),
            "connection closed during the handshake");  // it is through, and the server gone
  EXPECT_EQ(Outcome({.identity = &wild}, Options("a.b.corp.example")),
            "certificate is for *.corp.example, not a.b.corp.example");
}

TEST_F(TlsStreamTest, RefusesWhomNobodyTrustedHasSigned) {
  const Identity other_authority = MakeAuthority("Other CA");
  const Identity theirs({.name = "x", .alternatives = "DNS:proxy.example"}, &other_authority);
  EXPECT_EQ(Outcome({.identity = &theirs}, Options()),
            "certificate not trusted (issued by Other CA, which ca_file doesn't have)");
  TlsOptions system = Options();
  system.ca_file.clear();
  EXPECT_EQ(Outcome({.identity = &proxy_}, system),
            "certificate not trusted (issued by Corp CA; ca_file names an authority)");
  // The server may send the authority's own certificate along.
  EXPECT_EQ(Outcome({.identity = &theirs, .intermediate = &other_authority}, Options()),
            "certificate not trusted (issued by Other CA, which ca_file doesn't have)");
}

TEST_F(TlsStreamTest, RefusesASelfSignedCertificateUnlessItIsTheTrustedOne) {
  const Identity alone({.name = "alone", .alternatives = "DNS:proxy.example"});
  TlsOptions options = Options();
  EXPECT_EQ(Outcome({.identity = &alone}, options),
            "certificate not trusted (self-signed certificate, which ca_file doesn't have)");
  options.ca_file.clear();
  EXPECT_EQ(Outcome({.identity = &alone}, options),
            "certificate not trusted (self-signed certificate; ca_file names an authority)");
  alone.WriteCertificate(folder_ / "alone.pem");
  options.ca_file = folder_ / "alone.pem";
  EXPECT_EQ(Outcome({.identity = &alone}, options), "connection closed during the handshake");
}

TEST_F(TlsStreamTest, RefusesACertificateOfAnotherTime) {
  const Identity old = Issue("DNS:proxy.example", -10, -2);
  const std::string expired = Outcome({.identity = &old}, Options());
  EXPECT_TRUE(expired.starts_with("certificate not trusted (expired on 20")) << expired;
  const Identity early = Issue("DNS:proxy.example", 2, 10);
  const std::string not_yet = Outcome({.identity = &early}, Options());
  EXPECT_TRUE(not_yet.starts_with("certificate not trusted (not valid before 20")) << not_yet;
  EXPECT_TRUE(not_yet.ends_with("; is the clock right?)")) << not_yet;
}

TEST_F(TlsStreamTest, TakesACertificateOverAnIntermediateAuthority) {
  const Identity between({.name = "Between", .is_authority = true}, &authority_);
  const Identity leaf({.name = "x", .alternatives = "DNS:proxy.example"}, &between);
  EXPECT_EQ(Outcome({.identity = &leaf, .intermediate = &between}, Options()),
            "connection closed during the handshake");
  EXPECT_EQ(Outcome({.identity = &leaf}, Options()),
            "certificate not trusted (issued by Between, which ca_file doesn't have)");
}

TEST_F(TlsStreamTest, TrustsWhomTheSystemTrustsWhereNoFileIsNamed) {
  setenv("SSL_CERT_FILE", (folder_ / "ca.pem").c_str(), 1);
  TlsOptions options = Options();
  options.ca_file.clear();
  EXPECT_EQ(Outcome({.identity = &proxy_}, options), "connection closed during the handshake");
  unsetenv("SSL_CERT_FILE");
}

TEST_F(TlsStreamTest, TakesAnythingWhereInsecure) {
  const Identity wrong(
      {.name = "x", .alternatives = "DNS:z", .valid_from_days = -9, .valid_to_days = -8});
  TlsOptions options = Options();
  options.insecure = true;
  EXPECT_EQ(Outcome({.identity = &wrong}, options), "connection closed during the handshake");
}

class TlsStreamClientTest : public TlsStreamTest, public testing::WithParamInterface<int> {};

TEST_P(TlsStreamClientTest, SaysThatACertificateIsWantedOrRefused) {
  const ServerOptions server{
      .identity = &proxy_, .client_authority = &authority_, .max_version = GetParam()};
  TlsOptions options = Options();
  EXPECT_EQ(Outcome(server, options),
            "proxy authentication failed (it wants a client certificate; client_cert names one)");
  const Identity stranger({.name = "stranger"});
  stranger.WriteCertificate(folder_ / "stranger.pem");
  stranger.WriteKey(folder_ / "stranger.key");
  options.client_cert = folder_ / "stranger.pem";
  options.client_key = folder_ / "stranger.key";
  EXPECT_EQ(Outcome(server, options),
            "proxy authentication failed (it refused the certificate of client_cert)");
}

TEST_P(TlsStreamClientTest, ShowsItsCertificate) {
  const Identity alice({.name = "alice"}, &authority_);
  alice.WriteCertificate(folder_ / "alice.pem");
  alice.WriteKey(folder_ / "alice.key");
  Pair pair;
  TlsServer server(
      std::move(pair.theirs),
      {.identity = &proxy_, .client_authority = &authority_, .max_version = GetParam()}, Echo);
  TlsOptions options = Options();
  options.client_cert = folder_ / "alice.pem";
  options.client_key = folder_ / "alice.key";
  auto stream = Over(std::move(pair.ours), options);
  ASSERT_EQ(Finish(stream.get()), Progress::kDone) << Words(*stream);
  End(stream.get());
  long last = -1;
  EXPECT_EQ(ReceiveAll(stream.get(), &last), "");
  EXPECT_EQ(last, 0) << Words(*stream);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsStreamClientTest,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_F(TlsStreamTest, SpeaksTls12ButNothingOlder) {
  EXPECT_EQ(Outcome({.identity = &proxy_, .max_version = TLS1_2_VERSION}, Options()),
            "connection closed during the handshake");
  EXPECT_EQ(Outcome({.identity = &proxy_, .max_version = TLS1_1_VERSION}, Options()),
            "reply is not of the proxy's protocol (its TLS is older than 1.2)");
}

TEST_F(TlsStreamTest, SaysWhatAnswersWhereItIsNotTls) {
  const std::pair<const char*, const char*> table[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n",
       "plain HTTP, no TLS, on that port: its url begins with http://"},
      {"220 mail.example ESMTP ready\r\n", "no TLS on that port"},
      {"\x05\xff", "no TLS on that port"}};
  for (const auto& [answer, words] : table) {
    Pair pair;
    sys::Send(pair.theirs.get(), answer, strlen(answer), 0);
    shutdown(pair.theirs.get(), SHUT_WR);
    auto stream = Over(std::move(pair.ours), Options());
    EXPECT_EQ(Finish(stream.get()), Progress::kFailed);
    EXPECT_EQ(Words(*stream), "reply is not of the proxy's protocol (" + std::string(words) + ")");
  }
}

TEST_F(TlsStreamTest, SaysThatTheOtherSideHungUpInTheHandshake) {
  Pair pair;
  auto stream = Over(std::move(pair.ours), Options());
  EXPECT_EQ(stream->Handshake(), Progress::kWaits);
  EXPECT_EQ(stream->Wants(POLLOUT), POLLIN);
  pair.theirs.Reset();
  EXPECT_EQ(stream->Handshake(), Progress::kFailed);
  EXPECT_EQ(Words(*stream), "connection closed during the handshake (in the TLS handshake)");
  EXPECT_EQ(ToErrno(*stream->trouble()), ECONNRESET);
}

TEST_F(TlsStreamTest, FailsWhereverTheHandshakeIsCutOff) {
  bool is_up = false;
  for (size_t budget = 0; !is_up; budget += budget < 10 ? 1 : 90) {
    ASSERT_LT(budget, 10000u);
    Pair pair;
    TlsServer server(std::move(pair.theirs), {.identity = &proxy_, .max_version = TLS1_2_VERSION});
    auto below = std::make_unique<PairStream>(std::move(pair.ours));
    below->set_budget(budget);
    TlsStream stream(std::move(below), Context(Options()));
    is_up = Finish(&stream) == Progress::kDone;
    if (!is_up) {
      EXPECT_EQ(Words(stream), "connection closed during the handshake (in the TLS handshake)");
    }
  }
}

TEST_F(TlsStreamTest, GoesOnByteByByte) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair;
    TlsServer server(std::move(pair.theirs), {.identity = &proxy_, .max_version = version}, Echo);
    auto stream = Over(std::move(pair.ours), Options(), 1, true);
    ASSERT_EQ(Finish(stream.get()), Progress::kDone) << Words(*stream);
    const std::string text = Pattern(3000);
    EXPECT_EQ(SendAll(stream.get(), text), 0);
    End(stream.get());
    long last = -1;
    EXPECT_EQ(ReceiveAll(stream.get(), &last), text);
    EXPECT_EQ(last, 0);
  }
}

TEST_F(TlsStreamTest, PeeksWithoutTaking) {
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, Echo);
  auto stream = Over(std::move(pair.ours), Options());
  ASSERT_EQ(Finish(stream.get()), Progress::kDone);
  EXPECT_EQ(stream->Receive(buffer_, true), -EAGAIN);
  SendAll(stream.get(), "reply and tunnel");
  for (int i = 0; i < 2; ++i) {
    long got = -EAGAIN;
    while ((got = stream->Receive(buffer_, true)) == -EAGAIN) {
      Wait(*stream, POLLIN);
    }
    EXPECT_EQ(std::string(buffer_.begin(), buffer_.begin() + got), "reply and tunnel");
  }
  EXPECT_EQ(stream->Receive(std::span(buffer_).first(9), false), 9);
  EXPECT_TRUE(stream->has_buffered());
  EXPECT_EQ(stream->Receive(buffer_, false), 7);
  EXPECT_FALSE(stream->has_buffered());
  End(stream.get());
}

TEST_F(TlsStreamTest, KnowsOfRecordsThatItHasReadAhead) {
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, [](SSL* ssl) {
    SSL_write(ssl, "one", 3);
    SSL_write(ssl, "two", 3);
    SSL_shutdown(ssl);
  });
  auto stream = Over(std::move(pair.ours), Options());
  ASSERT_EQ(Finish(stream.get()), Progress::kDone);
  server.Join();
  EXPECT_EQ(stream->Receive(buffer_, false), 3);
  EXPECT_TRUE(stream->has_buffered());
  EXPECT_EQ(stream->Receive(buffer_, false), 3);
  EXPECT_TRUE(stream->has_buffered());  // the end
  EXPECT_EQ(stream->Receive(buffer_, false), 0);
}

TEST_F(TlsStreamTest, CarriesMuchBothWaysThroughSmallBuffers) {
  const std::string up = Pattern(3 << 20);
  const std::string down = Pattern((2 << 20) + 7);
  Pair pair(true);
  std::string arrived;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, [&](SSL* ssl) {
    // In turns: OpenSSL's session is for one thread.
    size_t sent = 0;
    char data[7000];
    while (arrived.size() < up.size() || sent < down.size()) {
      if (arrived.size() < up.size()) {
        const int got = SSL_read(ssl, data, sizeof data);
        if (got <= 0) return;
        arrived.append(data, static_cast<size_t>(got));
      }
      if (sent < down.size()) {
        const size_t piece = std::min<size_t>(down.size() - sent, 5000);
        if (SSL_write(ssl, down.data() + sent, static_cast<int>(piece)) <= 0) return;
        sent += piece;
      }
    }
    SSL_shutdown(ssl);
  });
  auto stream = Over(std::move(pair.ours), Options());
  ASSERT_EQ(Finish(stream.get()), Progress::kDone);
  std::string got;
  std::string_view rest = up;
  std::vector<uint8_t> data(30000);
  const int64_t deadline = base::NowMs() + kPatienceMs;
  long last = 1;
  while (last != 0 && base::NowMs() < deadline) {
    bool moved = false;
    if (!rest.empty()) {
      const long sent = stream->Send({reinterpret_cast<const uint8_t*>(rest.data()), rest.size()});
      ASSERT_TRUE(sent > 0 || sent == -EAGAIN) << sent;
      rest.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
      moved = sent > 0;
    }
    last = stream->Receive(data, false);
    ASSERT_TRUE(last >= 0 || last == -EAGAIN) << last;
    if (last > 0) {
      got.append(data.begin(), data.begin() + last);
    } else if (last == -EAGAIN && !moved) {
      Wait(*stream, static_cast<short>(POLLIN | (rest.empty() ? 0 : POLLOUT)));
    }
  }
  server.Join();
  EXPECT_TRUE(got == down);
  EXPECT_TRUE(arrived == up);
}

TEST_F(TlsStreamTest, ReceivesOnAfterItsOwnEnd) {
  const std::string answer = Pattern(300000);
  Pair pair;
  int end = 0;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, [&](SSL* ssl) {
    char data[100];
    while (SSL_read(ssl, data, sizeof data) > 0) {
    }
    end = SSL_get_shutdown(ssl);
    SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(ssl);
  });
  auto stream = Over(std::move(pair.ours), Options());
  ASSERT_EQ(Finish(stream.get()), Progress::kDone);
  EXPECT_EQ(SendAll(stream.get(), "question"), 0);
  End(stream.get());
  long last = -1;
  EXPECT_TRUE(ReceiveAll(stream.get(), &last) == answer);
  EXPECT_EQ(last, 0);
  server.Join();
  EXPECT_EQ(end, SSL_RECEIVED_SHUTDOWN);
}

TEST_F(TlsStreamTest, TakesAnEndWithoutGoodbyeForAReset) {
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_},
                   [](SSL* ssl) { SSL_write(ssl, "half", 4); });
  auto stream = Over(std::move(pair.ours), Options());
  ASSERT_EQ(Finish(stream.get()), Progress::kDone);
  long last = 0;
  EXPECT_EQ(ReceiveAll(stream.get(), &last), "half");
  EXPECT_EQ(last, -ECONNRESET);
  EXPECT_TRUE(stream->has_buffered());  // the error
  EXPECT_EQ(stream->Receive(buffer_, false), -ECONNRESET);
}

// As a server does that has answered before it has heard all.
TEST_F(TlsStreamTest, ReceivesWhatCameBeforeItCouldNoLongerSend) {
  for (const bool sends : {true, false}) {
    Pair pair;
    TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, [](SSL* ssl) {
      SSL_write(ssl, "too large", 9);
      SSL_shutdown(ssl);
    });
    auto stream = Over(std::move(pair.ours), Options());
    ASSERT_EQ(Finish(stream.get()), Progress::kDone);
    server.Join();
    if (sends) {
      EXPECT_EQ(stream->Send(buffer_), -EPIPE);
      EXPECT_EQ(stream->Send(buffer_), -ECONNRESET);
    }
    EXPECT_EQ(stream->ShutdownWrite(), 0);
    long last = -1;
    EXPECT_EQ(ReceiveAll(stream.get(), &last), "too large");
    EXPECT_EQ(last, 0);
  }
}

TEST_F(TlsStreamTest, SaysGoodbyeLaterWhereThereIsNoRoomForIt) {
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy_}, Echo);
  auto below = std::make_unique<PairStream>(std::move(pair.ours));
  PairStream* const socket = below.get();
  TlsStream stream(std::move(below), Context(Options()));
  ASSERT_EQ(Finish(&stream), Progress::kDone);
  socket->set_refuses(true);
  EXPECT_EQ(stream.Send(buffer_), -EAGAIN);
  EXPECT_EQ(stream.Wants(POLLIN | POLLOUT), POLLIN | POLLOUT);
  socket->set_refuses(false);
  EXPECT_EQ(stream.Send(buffer_), 100);
  socket->set_refuses(true);
  EXPECT_EQ(stream.ShutdownWrite(), -EAGAIN);
  EXPECT_EQ(stream.Wants(POLLIN | POLLOUT), POLLIN | POLLOUT);
  EXPECT_EQ(stream.ShutdownWrite(), -EAGAIN);
  socket->set_refuses(false);
  EXPECT_EQ(stream.ShutdownWrite(), 0);
  long last = -1;
  EXPECT_EQ(ReceiveAll(&stream, &last).size(), 100u);
  EXPECT_EQ(last, 0);
}

// An https:// hop behind an https:// hop: the outer server passes on what it decrypts.
TEST_F(TlsStreamTest, RunsOverAnotherTlsStream) {
  const Identity inner_identity = Issue("DNS:inner.example");
  Pair outer(true);
  Pair inner(true);
  TlsServer inner_server(std::move(inner.theirs), {.identity = &inner_identity}, Echo);
  base::Fd bridge = std::move(inner.ours);
  TlsServer outer_server(std::move(outer.theirs), {.identity = &proxy_}, [&](SSL* ssl) {
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    std::string up;
    std::string down;
    char data[3000];
    bool inner_ended = false;
    while (!inner_ended || !down.empty()) {
      pollfd fds[2] = {{SSL_get_fd(ssl), POLLIN, 0}, {inner_ended ? -1 : bridge.get(), POLLIN, 0}};
      fds[1].events = static_cast<short>(POLLIN | (up.empty() ? 0 : POLLOUT));
      if (SSL_pending(ssl) == 0 && poll(fds, 2, kPatienceMs) <= 0) return;
      if (up.empty() && (SSL_pending(ssl) > 0 || fds[0].revents != 0)) {
        const int got = SSL_read(ssl, data, sizeof data);
        if (got <= 0) {
          shutdown(bridge.get(), SHUT_WR);
          fds[0].fd = -1;
        } else {
          up.append(data, static_cast<size_t>(got));
        }
      }
      const long sent = sys::Send(bridge.get(), up.data(), up.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      up.erase(0, sent > 0 ? static_cast<size_t>(sent) : 0);
      const long got = sys::Recv(bridge.get(), data, sizeof data, MSG_DONTWAIT);
      inner_ended = got == 0;
      if (got > 0) {
        SSL_write(ssl, data, static_cast<int>(got));
      }
    }
    SSL_shutdown(ssl);
  });
  auto below = Over(std::move(outer.ours), Options());
  ASSERT_EQ(Finish(below.get()), Progress::kDone);
  TlsStream stream(std::move(below), Context(Options("inner.example")));
  ASSERT_EQ(Finish(&stream), Progress::kDone) << Words(stream);

  const std::string text = Pattern(1 << 20);
  std::string got;
  std::string_view rest = text;
  std::vector<uint8_t> data(5000);
  const int64_t deadline = base::NowMs() + kPatienceMs;
  while (got.size() < text.size() && base::NowMs() < deadline) {
    bool moved = stream.has_buffered();
    if (!rest.empty()) {
      const long sent = stream.Send({reinterpret_cast<const uint8_t*>(rest.data()), rest.size()});
      ASSERT_TRUE(sent > 0 || sent == -EAGAIN) << sent;
      rest.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
      moved = moved || sent > 0;
    }
    const long piece = stream.Receive(data, false);
    ASSERT_TRUE(piece > 0 || piece == -EAGAIN) << piece;
    if (piece > 0) {
      got.append(data.begin(), data.begin() + piece);
    } else if (!moved) {
      Wait(stream, static_cast<short>(POLLIN | (rest.empty() ? 0 : POLLOUT)));
    }
  }
  EXPECT_TRUE(got == text);
  End(&stream);
  long last = -1;
  EXPECT_EQ(ReceiveAll(&stream, &last), "");
  EXPECT_EQ(last, 0);
}

}  // namespace
}  // namespace relay
