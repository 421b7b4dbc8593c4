#include "loop/seats.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <vector>

namespace loop {
namespace {

constexpr size_t kMany = 200;

std::vector<Seat*> Take(size_t count) {
  std::vector<Seat*> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back(TakeSeat());
  }
  return out;
}

void Return(const std::vector<Seat*>& seats) {
  for (Seat* const seat : seats) {
    ReturnSeat(seat);
  }
}

uintptr_t PageOf(const void* at) {
  return reinterpret_cast<uintptr_t>(at) & ~static_cast<uintptr_t>(getpagesize() - 1);
}

bool IsMapped(const Seat* seat) {
  unsigned char is_resident;
  return mincore(reinterpret_cast<void*>(PageOf(seat)), 1, &is_resident) == 0;
}

size_t CountMapped(const std::vector<Seat*>& seats) {
  size_t out = 0;
  for (const Seat* const seat : seats) {
    out += IsMapped(seat);
  }
  return out;
}

TEST(SeatsTest, AreApart) {
  const std::vector<Seat*> seats = Take(kMany);
  for (size_t i = 0; i < seats.size(); ++i) {
    ASSERT_NE(seats[i], nullptr);
    seats[i]->slot = i;
    std::memset(seats[i]->rider, static_cast<int>(i), sizeof seats[i]->rider);
  }
  for (size_t i = 0; i < seats.size(); ++i) {
    EXPECT_EQ(seats[i]->slot, i);
    EXPECT_EQ(seats[i]->rider[0], static_cast<unsigned char>(i));
    EXPECT_EQ(seats[i]->rider[sizeof seats[i]->rider - 1], static_cast<unsigned char>(i));
  }
  Return(seats);
}

TEST(SeatsTest, AreFoundByTheirRiders) {
  Seat* const seat = TakeSeat();
  EXPECT_EQ(SeatOf(reinterpret_cast<Rider*>(seat->rider)), seat);
  ReturnSeat(seat);
}

TEST(SeatsTest, AreTakenAgain) {
  Seat* const seat = TakeSeat();
  ReturnSeat(seat);
  EXPECT_EQ(TakeSeat(), seat);
  ReturnSeat(seat);
}

TEST(SeatsTest, FewStayMappedAfterMany) {
  std::vector<Seat*> seats = Take(kMany);
  EXPECT_EQ(CountMapped(seats), kMany);
  std::shuffle(seats.begin(), seats.end(), std::mt19937(7));
  Return(seats);
  EXPECT_GT(CountMapped(seats), 0u);
  EXPECT_LE(CountMapped(seats), 16u);
}

TEST(SeatsTest, GoOnAfterAnyOrder) {
  std::mt19937 random(11);
  std::set<Seat*> taken;
  for (int turn = 0; turn < 10000; ++turn) {
    if (random() % 100 < (turn / 1000 % 2 == 0 ? 70 : 30) || taken.empty()) {
      Seat* const seat = TakeSeat();
      ASSERT_NE(seat, nullptr);
      EXPECT_TRUE(taken.insert(seat).second);
    } else {
      const auto chosen = std::next(taken.begin(), static_cast<int>(random() % taken.size()));
      ReturnSeat(*chosen);
      taken.erase(chosen);
    }
  }
  Return({taken.begin(), taken.end()});
}

}  // namespace
}  // namespace loop
