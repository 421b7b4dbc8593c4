#include "errand/errand.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <memory>
#include <string>

namespace errand {
namespace {

bool BecomesReadable(const Errand& errand, int timeout_ms) {
  pollfd watched{errand.fd(), POLLIN, 0};
  return poll(&watched, 1, timeout_ms) == 1;
}

TEST(ErrandTest, ShowsWhatWasWrittenOnceItIsDone) {
  const auto written = std::make_shared<std::string>();
  const Errand errand([written] { *written = "there"; });
  ASSERT_TRUE(BecomesReadable(errand, 20000));
  ASSERT_TRUE(errand.done());
  EXPECT_EQ(errand.error(), 0);
  EXPECT_EQ(*written, "there");
  EXPECT_TRUE(BecomesReadable(errand, 0)) << "and stays so";
}

TEST(ErrandTest, GoesOnWithoutAnOwner) {
  const auto may_go_on = std::make_shared<std::atomic<bool>>(false);
  const auto has_ended = std::make_shared<std::atomic<bool>>(false);
  {
    const Errand errand([may_go_on, has_ended] {
      may_go_on->wait(false);
      *has_ended = true;
      has_ended->notify_all();
    });
    EXPECT_FALSE(errand.done());
    EXPECT_FALSE(BecomesReadable(errand, 20));
  }
  *may_go_on = true;
  may_go_on->notify_all();
  has_ended->wait(false);
}

}  // namespace
}  // namespace errand
