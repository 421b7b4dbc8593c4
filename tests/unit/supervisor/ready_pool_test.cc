#include "supervisor/ready_pool.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "../temp_folder.h"
#include "base/clock.h"
#include "config/builder.h"
#include "scripted_proxy.h"

namespace supervisor {
namespace {

using protocol::Socks5Method;

class ReadyPoolTest : public testing::Test {
 protected:
  void Use(const std::string& url, const std::string& keys = "pool = 1\n") {
    const std::string path = folder_ / "rules.conf";
    std::ofstream(path) << "[gochain]\ndefault = far\n[proxy far]\nurl = " << url << "\n" << keys;
    config::Inputs inputs;
    inputs.file = path;
    const auto built = config::Build(inputs);
    for (const auto& diagnostic : built.diagnostics) {
      ADD_FAILURE() << diagnostic.Text();
    }
    engine::Settings settings;
    auto created = engine::Session::Create(settings, built.image, built.lists);
    ASSERT_TRUE(created.ok());
    session_ = created->session;
    pool_ = std::make_unique<ReadyPool>(session_);
    pool_->Start();
  }

  static bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 300; ++i) {
      if (holds()) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  // Without a word to the pool that somebody wants one.
  bool HasReady() {
    return session_.ready().MayAsk(0, true, 1) && session_.ready().MayAsk(0, true, 1);
  }

  TempFolder folder_;
  ScriptedProxy proxy_;
  engine::Session session_;
  std::unique_ptr<ReadyPool> pool_;
};

TEST_F(ReadyPoolTest, HasOneGreetedBeforeAnybodyAsks) {
  Use(proxy_.url());
  ASSERT_TRUE(Eventually([&] { return HasReady(); }));
  EXPECT_EQ(proxy_.opened, 1);
  const auto ready = pool_->Take(0, AF_INET);
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->method, Socks5Method::kNone);
  // The proxy has been greeted: what comes next is the request.
  const char request[] = {5, 1, 0, 1, 127, 0, 0, 1, 0, 9};
  send(ready->socket.get(), request, sizeof request, MSG_NOSIGNAL);
  char reply[10];
  pollfd watched{ready->socket.get(), POLLIN, 0};
  ASSERT_EQ(poll(&watched, 1, 3000), 1);
  EXPECT_EQ(recv(ready->socket.get(), reply, sizeof reply, 0), 10);
  EXPECT_EQ(reply[1], 0);
}

TEST_F(ReadyPoolTest, MakesUpForOneThatWasTakenOnceASecondDialAsks) {
  Use(proxy_.url());
  ASSERT_TRUE(Eventually([&] { return HasReady(); }));
  ASSERT_TRUE(pool_->Take(0, AF_INET));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(proxy_.opened, 1);
  EXPECT_FALSE(pool_->Take(0, AF_INET));
  EXPECT_TRUE(Eventually([&] { return HasReady(); }));
  EXPECT_EQ(proxy_.opened, 2);
}

TEST_F(ReadyPoolTest, HasTwoFromTheSecondDialOnWhereNoNumberIsNamed) {
  proxy_.greeting_delay_ms = 10;
  Use(proxy_.url(), "");
  EXPECT_FALSE(session_.ready().MayAsk(0, false, base::NowMs()));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(proxy_.opened, 0);
  ASSERT_TRUE(session_.ready().MayAsk(0, false, base::NowMs()));
  EXPECT_FALSE(pool_->Take(0, AF_INET));
  EXPECT_TRUE(Eventually([&] { return HasReady(); }));
  EXPECT_TRUE(pool_->Take(0, AF_INET));
  EXPECT_TRUE(Eventually([&] { return proxy_.opened == 3; }));
}

TEST_F(ReadyPoolTest, KeepsNoneToAProxyThatIsNearWhereNoNumberIsNamed) {
  Use(proxy_.url(), "");
  // However busy the machine: one of these is greeted in no time.
  EXPECT_TRUE(Eventually([&] {
    pool_->Take(0, AF_INET);
    const int opened = proxy_.opened;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return opened > 0 && proxy_.closed == opened && proxy_.opened == opened;
  }));
  EXPECT_FALSE(HasReady());
}

TEST_F(ReadyPoolTest, GivesNoneOfAnotherFamily) {
  Use(proxy_.url());
  ASSERT_TRUE(Eventually([&] { return HasReady(); }));
  EXPECT_FALSE(pool_->Take(0, AF_INET6));
  EXPECT_FALSE(pool_->Take(1, AF_INET));
}

TEST_F(ReadyPoolTest, ClosesThemInTheEnd) {
  Use(proxy_.url());
  ASSERT_TRUE(Eventually([&] { return HasReady(); }));
  pool_.reset();
  EXPECT_TRUE(proxy_.WaitForClosed(1, 3000));
  EXPECT_FALSE(HasReady());
}

TEST_F(ReadyPoolTest, SaysNothingToAnHttpProxy) {
  std::string url = proxy_.url();
  Use("http" + url.substr(url.find(':')));
  ASSERT_TRUE(Eventually([&] { return HasReady(); }));
  const auto ready = pool_->Take(0, AF_INET);
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->method, Socks5Method::kUnknown);
  EXPECT_EQ(proxy_.carried, 0);
}

// Takes what comes and closes at once.
TEST_F(ReadyPoolTest, LeavesAProxyAloneThatHasNoPatience) {
  const base::Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  bind(listener.get(), plain, size);
  listen(listener.get(), 8);
  getsockname(listener.get(), plain, &size);
  std::atomic<int> opened = 0;
  std::thread server([&] {
    for (int client; (client = accept(listener.get(), nullptr, nullptr)) >= 0; close(client)) {
      ++opened;
    }
  });
  Use("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  EXPECT_TRUE(Eventually([&] { return opened == 1 && !HasReady(); }));
  pool_->Take(0, AF_INET);
  EXPECT_FALSE(pool_->Take(0, AF_INET));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(opened, 1);
  pool_.reset();
  shutdown(listener.get(), SHUT_RDWR);
  server.join();
}

}  // namespace
}  // namespace supervisor
