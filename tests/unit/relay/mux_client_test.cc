#include "relay/mux_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "../temp_folder.h"
#include "base/clock.h"
#include "base/fd_message.h"
#include "relay/mux_message.h"

namespace relay {
namespace {

using base::Fd;
using namespace std::string_literals;

constexpr int64_t kLongMs = 20000;

std::string Packet(const std::string& body) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(body.size() >> shift & 0xff);
  }
  return out + body;
}

const std::string kOpened = Packet("\x80\0\0\x06\0\0\0\x01\0\0\0\x02"s);
const std::string kRefused = Packet("\x80\0\0\x03\0\0\0\x01\0\0\0\x02no"s);
const std::string kAlive = Packet("\x80\0\0\x05\0\0\0\x01\0\0\0\x02"s);

// A master of the test's own: one client, then whatever the script says.
class ScriptedMaster {
 public:
  using Script = std::function<void(int client)>;

  explicit ScriptedMaster(Script script) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path = folder_ / "s";
    std::strcpy(address.sun_path, path.c_str());
    listener_.Reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    thread_ = std::thread([this, script = std::move(script)] {
      const Fd client(accept(listener_.get(), nullptr, nullptr));
      script(client.get());
    });
  }
  ~ScriptedMaster() { thread_.join(); }
  ScriptedMaster(const ScriptedMaster&) = delete;
  ScriptedMaster& operator=(const ScriptedMaster&) = delete;

  std::string path;

 private:
  TempFolder folder_;
  Fd listener_;
  std::thread thread_;
};

// `size` bytes, or all up to the end; also of a socket that doesn't block.
std::string Read(int fd, size_t size) {
  std::string out(size, '\0');
  size_t have = 0;
  while (have < size) {
    pollfd watched = {fd, POLLIN, 0};
    EXPECT_EQ(poll(&watched, 1, kLongMs), 1);
    const ssize_t got = recv(fd, out.data() + have, size - have, 0);
    if (got <= 0) {
      break;
    }
    have += static_cast<size_t>(got);
  }
  out.resize(have);
  return out;
}

void Write(int fd, const std::string& bytes) {
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

const base::Endpoint kTarget = *base::Endpoint::FromName("git.example", 443);
const std::string kRequest = MuxHello() + MuxForward(1, "git.example", 443);

// Takes the request and its descriptors.
void TakeRequest(int client, Fd* input, Fd* output) {
  EXPECT_EQ(Read(client, kRequest.size()), kRequest);
  char filler;
  EXPECT_TRUE(base::ReceiveMessage(client, &filler, input));
  EXPECT_TRUE(base::ReceiveMessage(client, &filler, output));
}

MuxOutcome Open(const std::string& path, SshChannel* out, std::string* reason,
                int64_t timeout_ms = kLongMs, int program = -1) {
  return OpenChannel(path, kTarget, Patience(program), base::NowMs() + timeout_ms, out, reason);
}

TEST(MuxClientTest, OpensAChannelOfTwoDirections) {
  ScriptedMaster master([](int client) {
    Fd input;
    Fd output;
    TakeRequest(client, &input, &output);
    Write(client, MuxHello() + kOpened);
    Write(output.get(), "from afar");
    output.Reset();
    EXPECT_EQ(Read(input.get(), 100), "to there") << "the end of one direction";
  });
  SshChannel channel;
  std::string reason;
  ASSERT_EQ(Open(master.path, &channel, &reason), MuxOutcome::kOpened);
  EXPECT_TRUE(channel.control);
  Write(channel.write.get(), "to there");
  shutdown(channel.write.get(), SHUT_WR);
  EXPECT_EQ(Read(channel.read.get(), 100), "from afar");
}

TEST(MuxClientTest, TakesAnswersByteByByte) {
  ScriptedMaster master([](int client) {
    Fd input;
    Fd output;
    TakeRequest(client, &input, &output);
    for (const char c : MuxHello() + kOpened) {
      Write(client, std::string(1, c));
      usleep(200);
    }
  });
  SshChannel channel;
  std::string reason;
  EXPECT_EQ(Open(master.path, &channel, &reason), MuxOutcome::kOpened);
}

TEST(MuxClientTest, TellsOfARefusal) {
  ScriptedMaster master([](int client) {
    Fd input;
    Fd output;
    TakeRequest(client, &input, &output);
    Write(client, MuxHello() + kRefused);
  });
  SshChannel channel;
  std::string reason;
  EXPECT_EQ(Open(master.path, &channel, &reason), MuxOutcome::kRefused);
  EXPECT_EQ(reason, "no");
}

TEST(MuxClientTest, UnderstandsNoOtherProtocol) {
  const std::string other_version = Packet("\0\0\0\x01\0\0\0\x05"s);
  const std::string other_request = Packet("\x80\0\0\x06\0\0\0\x09\0\0\0\x02"s);
  for (const std::string& answer :
       {other_version + kOpened, kOpened, MuxHello() + other_request, MuxHello() + kAlive,
        MuxHello() + MuxHello() + kOpened, "SSH-2.0-OpenSSH_9.2\r\n"s}) {
    ScriptedMaster master([&answer](int client) {
      Fd input;
      Fd output;
      TakeRequest(client, &input, &output);
      Write(client, answer);
      (void)Read(client, 1);
    });
    SshChannel channel;
    std::string reason;
    EXPECT_EQ(Open(master.path, &channel, &reason), MuxOutcome::kNotUnderstood) << answer.size();
  }
}

TEST(MuxClientTest, NoticesAMasterThatGoesAway) {
  for (const std::string& answer : {""s, MuxHello(), MuxHello() + kOpened.substr(0, 9)}) {
    ScriptedMaster master([&answer](int client) {
      Fd input;
      Fd output;
      TakeRequest(client, &input, &output);
      Write(client, answer);
    });
    SshChannel channel;
    std::string reason;
    EXPECT_EQ(Open(master.path, &channel, &reason), MuxOutcome::kMasterGone) << answer.size();
  }
  SshChannel channel;
  std::string reason;
  EXPECT_EQ(Open("/nonexistent/s", &channel, &reason), MuxOutcome::kMasterGone);
  EXPECT_EQ(Open("/" + std::string(200, 'x'), &channel, &reason), MuxOutcome::kMasterGone);
}

TEST(MuxClientTest, WaitsNoLongerThanItMay) {
  ScriptedMaster master([](int client) { (void)Read(client, 1000); });
  SshChannel channel;
  std::string reason;
  EXPECT_EQ(Open(master.path, &channel, &reason, 50), MuxOutcome::kTimedOut);
}

TEST(MuxClientTest, EndsWithTheProgram) {
  ScriptedMaster master([](int client) { (void)Read(client, 1000); });
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Fd program(ends[0]);
  Fd other(ends[1]);
  std::thread leaving([&other] {
    usleep(50000);
    other.Reset();
  });
  SshChannel channel;
  std::string reason;
  EXPECT_EQ(Open(master.path, &channel, &reason, kLongMs, program.get()), MuxOutcome::kProgramGone);
  leaving.join();
}

TEST(MuxClientTest, AsksWhetherTheMasterLives) {
  ScriptedMaster living([](int client) {
    EXPECT_EQ(Read(client, 24), MuxHello() + MuxAliveCheck(1));
    Write(client, MuxHello() + kAlive);
  });
  EXPECT_TRUE(MasterAnswers(living.path, base::NowMs() + kLongMs));
  ScriptedMaster dying([](int client) { Write(client, MuxHello()); });
  EXPECT_FALSE(MasterAnswers(dying.path, base::NowMs() + kLongMs));
  ScriptedMaster silent([](int client) { (void)Read(client, 1000); });
  EXPECT_FALSE(MasterAnswers(silent.path, base::NowMs() + 50));
}

}  // namespace
}  // namespace relay
