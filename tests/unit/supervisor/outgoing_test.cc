#include "supervisor/outgoing.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace supervisor {
namespace {

sockaddr_in Address(sa_family_t family = AF_INET) {
  sockaddr_in out{};
  out.sin_family = family;
  out.sin_port = htons(443);
  out.sin_addr.s_addr = htonl(0xc0000207);
  return out;
}

// Reads out of this very process.
class OutgoingTest : public testing::Test {
 protected:
  void SetUp() override {
    header_.msg_name = &address_;
    header_.msg_namelen = sizeof(sockaddr_in);
    header_.msg_iov = pieces_;
    header_.msg_iovlen = 2;
  }
  int Read() { return ReadMessage(caller_, header_, &message_); }
  static ProgramSocket Socket(int domain, int type) {
    ProgramSocket out;
    out.domain = domain;
    out.type = type;
    return out;
  }

  PidfdCache pidfds_;
  const Caller caller_{gettid(), pidfds_};
  sockaddr_in address_[16] = {Address()};
  std::string first_ = "ab";
  std::string second_ = "cde";
  iovec pieces_[2] = {{first_.data(), 2}, {second_.data(), 3}};
  msghdr header_{};
  Outgoing message_;
};

TEST_F(OutgoingTest, ReadsAddressDataAndControl) {
  header_.msg_control = &address_;
  header_.msg_controllen = 24;
  ASSERT_EQ(Read(), 0);
  EXPECT_EQ(message_.destination.size, sizeof(sockaddr_in));
  EXPECT_EQ(std::memcmp(message_.address(), &address_, sizeof(sockaddr_in)), 0);
  EXPECT_EQ(message_.control_size, 24u);
  std::vector<uint8_t> data;
  ASSERT_EQ(ReadData(caller_, message_, &data), 0);
  EXPECT_EQ(std::string(data.begin(), data.end()), "abcde");
}

TEST_F(OutgoingTest, TakesAMessageWithoutAddressOrData) {
  header_ = {};
  ASSERT_EQ(Read(), 0);
  EXPECT_FALSE(message_.has_address());
  EXPECT_TRUE(message_.pieces.empty());
  header_.msg_name = &address_;
  EXPECT_FALSE(NamesAddress(header_));
}

TEST_F(OutgoingTest, CutsALongAddressAsTheKernelDoes) {
  header_.msg_namelen = sizeof address_;
  ASSERT_EQ(Read(), 0);
  EXPECT_EQ(message_.destination.size, sizeof(sockaddr_storage));
  EXPECT_EQ(AddressOf(message_, Socket(AF_INET, SOCK_DGRAM)),
            base::Endpoint(base::IpAddress::V4(0xc0000207), 443));
}

TEST_F(OutgoingTest, RefusesWhatTheKernelRefuses) {
  header_.msg_namelen = static_cast<socklen_t>(-1);
  EXPECT_EQ(Read(), -EINVAL);
  header_.msg_namelen = sizeof(sockaddr_in);
  header_.msg_iovlen = 1025;
  EXPECT_EQ(Read(), -EMSGSIZE);
  header_.msg_iovlen = 1;
  header_.msg_iov = reinterpret_cast<iovec*>(16);
  EXPECT_EQ(Read(), -EFAULT);
  header_.msg_name = reinterpret_cast<void*>(16);
  EXPECT_EQ(Read(), -EFAULT);
}

TEST_F(OutgoingTest, ReadsNoMoreThanADatagramHas) {
  std::string much(kMaxData, 'x');
  pieces_[1] = {much.data(), much.size()};
  ASSERT_EQ(Read(), 0);
  std::vector<uint8_t> data;
  ASSERT_EQ(ReadData(caller_, message_, &data), 0);
  EXPECT_EQ(data.size(), kMaxData);
}

TEST_F(OutgoingTest, TakesNoFamilyForTheSocketsOwnAsTheKernelDoes) {
  address_[0] = Address(AF_UNSPEC);
  const auto address_of = [this](int domain, int type) {
    message_ = {};
    EXPECT_EQ(Read(), 0);
    return AddressOf(message_, Socket(domain, type));
  };
  EXPECT_TRUE(address_of(AF_INET, SOCK_DGRAM).has_value());
  EXPECT_TRUE(address_of(AF_INET, SOCK_RAW).has_value());
  EXPECT_FALSE(address_of(AF_INET6, SOCK_DGRAM).has_value());
  header_.msg_namelen = 24;
  EXPECT_TRUE(address_of(AF_INET6, SOCK_RAW).has_value());
}

}  // namespace
}  // namespace supervisor
