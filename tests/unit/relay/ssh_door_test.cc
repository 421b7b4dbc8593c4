#include "relay/ssh_door.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../temp_folder.h"
#include "base/fd_message.h"

namespace relay {
namespace {

using base::Fd;

// The command in a process of its own, whose standard output is a socket as ssh's is.
class Command {
 public:
  Command(const std::string& path, const std::string& host, const std::string& port) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ssh_.Reset(ends[0]);
    const Fd theirs(ends[1]);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(theirs.get(), STDOUT_FILENO);
      _exit(RunDoorCommand(path, host, port));
    }
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command() { EXPECT_EQ(pid_, -1) << "not waited for"; }

  int Wait() {
    int status = -1;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WEXITSTATUS(status);
  }
  Fd Received() {
    char filler;
    Fd out;
    base::ReceiveMessage(ssh_.get(), &filler, &out);
    return out;
  }

 private:
  pid_t pid_;
  Fd ssh_;
};

class SshDoorTest : public testing::Test {
 protected:
  SshDoorTest() { EXPECT_EQ(door.Open(path), 0); }

  std::optional<SshDoor::Caller> Wait() {
    pollfd watched = {door.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&watched, 1, 20000), 1);
    return door.Take();
  }

  TempFolder folder;
  const std::string path = folder / "d";
  SshDoor door;
};

TEST_F(SshDoorTest, HandsADescriptorToSsh) {
  Command command(path, "Bastion.example", "2222");
  const auto caller = Wait();
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->wanted, *base::Endpoint::FromName("bastion.example", 2222));
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  SshDoor::Answer(*caller, null.get());
  EXPECT_EQ(command.Wait(), 0);
  EXPECT_TRUE(command.Received());
}

TEST_F(SshDoorTest, TellsAddressesFromNames) {
  Command command(path, "2001:db8::1", "22");
  const auto caller = Wait();
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->wanted, base::Endpoint(*base::IpAddress::Parse("2001:db8::1"), 22));
  SshDoor::Answer(*caller, -1);
  EXPECT_EQ(command.Wait(), 1);
  EXPECT_FALSE(command.Received());
}

TEST_F(SshDoorTest, RefusesWhatIsNoHostOrPort) {
  const struct {
    std::string host;
    std::string port;
  } cases[] = {
      {"h", "http"}, {"h", "22x"}, {"h", "70000"}, {"h", ""}, {std::string(300, 'h'), "22"}};
  for (const auto& c : cases) {
    Command command(path, c.host, c.port);
    EXPECT_EQ(command.Wait(), 1) << c.host << " " << c.port;
  }
  EXPECT_FALSE(door.Take());
}

TEST_F(SshDoorTest, FailsWhereTheRelayHasGone) {
  Command command(path, "h", "22");
  {
    const auto caller = Wait();
    EXPECT_TRUE(caller);
  }
  EXPECT_EQ(command.Wait(), 1);
  Command nobody(folder / "other", "h", "22");
  EXPECT_EQ(nobody.Wait(), 1);
}

}  // namespace
}  // namespace relay
