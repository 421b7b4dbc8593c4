#include "engine/outside_daemon.h"

#include <gtest/gtest.h>

namespace engine {
namespace {

TEST(OutsideDaemonTest, KnowsSocketsWhereverTheyLie) {
  for (const char* const path :
       {"/var/run/docker.sock", "/run/docker.sock", "docker.sock",
        "/home/a/.docker/run/docker.sock", "/run/containerd/containerd.sock",
        "/run/podman/podman.sock", "/run/user/1000/podman/podman.sock",
        "/run/buildkit/buildkitd.sock", "/run/crio/crio.sock"}) {
    EXPECT_TRUE(IsDaemonSocket(path)) << path;
  }
}

TEST(OutsideDaemonTest, LeavesOthersAlone) {
  for (const char* const path :
       {"", "/", "/run/docker.sock/x", "/run/mydocker.sock", "/run/docker.soc", "/tmp/.X11-unix/X0",
        "/run/dbus/system_bus_socket"}) {
    EXPECT_FALSE(IsDaemonSocket(path)) << path;
  }
}

}  // namespace
}  // namespace engine
