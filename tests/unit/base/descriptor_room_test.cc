#include "base/descriptor_room.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace base {
namespace {

// "FDSize" of proc_pid_status(5).
int Room() {
  std::FILE* const file = std::fopen("/proc/self/status", "re");
  char line[256];
  int room = -1;
  while (file != nullptr && room < 0 && std::fgets(line, sizeof line, file) != nullptr) {
    std::sscanf(line, "FDSize: %d", &room);
  }
  std::fclose(file);
  return room;
}

// In a child, whose table the kernel makes as small as it can. Its exit status.
template <typename Look>
int InChild(Look look) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(look());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(DescriptorRoomTest, MakesRoomForAThousand) {
  EXPECT_EQ(InChild([] {
              const bool was_small = Room() < 1024;
              MakeRoomForDescriptors(STDERR_FILENO);
              return was_small && Room() == 1024 ? 0 : 1;
            }),
            0);
}

TEST(DescriptorRoomTest, LeavesNoDescriptor) {
  EXPECT_EQ(InChild([] {
              MakeRoomForDescriptors(STDERR_FILENO);
              return fcntl(1023, F_GETFD) < 0 ? 0 : 1;
            }),
            0);
}

TEST(DescriptorRoomTest, DoesNothingBeyondTheLimit) {
  EXPECT_EQ(InChild([] {
              const rlimit few{64, 64};
              setrlimit(RLIMIT_NOFILE, &few);
              const int before = Room();
              MakeRoomForDescriptors(STDERR_FILENO);
              return Room() == before ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace base
