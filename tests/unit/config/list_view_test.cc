#include "config/list_view.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "config/list_file.h"
#include "config/list_writer.h"

namespace config {
namespace {

std::vector<uint8_t> Compiled(const std::string& text) {
  ListWriter writer;
  std::vector<Diagnostic> diagnostics;
  EXPECT_TRUE(CompileList(text, "l", &writer, &diagnostics));
  return writer.Finish({1, 2, 3, 4, 5}, "/lists/l");
}

// A list of every part, long enough for several lines of the table and levels of the trees.
std::string LongText() {
  std::string text = "*.glob*.example\n*x\n@private:22\nport.example:443\n::1\n127.0.0.1\n*:99\n";
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    text += "h" + n + ".example\n.s" + n + ".a.example\n10." + std::to_string(i % 256) +
            ".0.0/17\n" + "2001:db8:" + n + "::/48\n2001:db8::" + n + "\n";
  }
  return text;
}

// Asks everything there is to ask, and returns how often the answer was yes.
int AskAll(const ListView& view) {
  int yes = 0;
  for (const ListGroup& group : view.groups()) {
    for (int i = 0; i < 320; i += 7) {
      const std::string n = std::to_string(i);
      for (const std::string& name :
           {"h" + n + ".example", "x.s" + n + ".a.example", "q." + n + ".glob1.example"}) {
        yes += view.TakesName(group, NameSuffixes(name)) ? 1 : 0;
      }
      const auto v4 = *base::IpAddress::Parse("10." + std::to_string(i % 256) + ".1.1");
      const auto v6 = *base::IpAddress::Parse("2001:db8::" + n);
      for (const base::IpAddress& address : {v4, v6}) {
        yes += view.TakesAddress(group.v4, group.v6, address) ? 1 : 0;
        yes += view.TakesAddress(group.single_v4, group.single_v6, address) ? 1 : 0;
        yes += view.TakesAddress(group.loopback_v4, group.v6, address) ? 1 : 0;
      }
    }
    std::string_view rest = view.Globs(group);
    while (!ListView::NextGlob(&rest).empty()) {
      ++yes;
    }
  }
  return yes + static_cast<int>(view.path().size());
}

// A copy of an image that ends at a page that can't be read.
class Fenced {
 public:
  explicit Fenced(const std::vector<uint8_t>& image) : size_(image.size()) {
    mapped_ = (size_ + 4095) / 4096 * 4096 + 4096;
    memory_ = static_cast<uint8_t*>(
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(mprotect(memory_ + mapped_ - 4096, 4096, PROT_NONE), 0);
    // To the fence with it, as near as the records' alignment lets it.
    image_ = memory_ + (mapped_ - 4096 - size_) / 8 * 8;
    std::memcpy(image_, image.data(), size_);
  }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;
  ~Fenced() { munmap(memory_, mapped_); }

  uint8_t* data() { return image_; }
  std::span<const uint8_t> bytes() const { return {image_, size_}; }

 private:
  size_t size_;
  size_t mapped_;
  uint8_t* memory_;
  uint8_t* image_;
};

TEST(ListViewTest, TakesNamesBySuffix) {
  const auto image = Compiled("a.example\n.b.example\n*.c.example\n");
  const auto view = ListView::FromImage(image);
  ASSERT_TRUE(view.ok());
  ASSERT_EQ(view->groups().size(), 1u);
  const auto takes = [&](const char* name) {
    return view->TakesName(view->groups()[0], NameSuffixes(name));
  };
  for (const char* const name :
       {"a.example", "b.example", "x.b.example", "x.y.b.example", "x.c.example"}) {
    EXPECT_TRUE(takes(name)) << name;
  }
  for (const char* const name : {"x.a.example", "example", "c.example", "xb.example", "", ".",
                                 "b.example.org", "..", "a.example."}) {
    EXPECT_FALSE(takes(name)) << name;
  }
  // Longer than any name, but below one.
  EXPECT_TRUE(takes((std::string(500, 'a') + ".b.example").c_str()));
  std::string labels;
  for (int i = 0; i < 200; ++i) {
    labels += "a.";
  }
  EXPECT_TRUE(takes((labels + "b.example").c_str()));
}

// Some lines of the table have no room for all their names.
TEST(ListViewTest, FindsEveryNameOfALongList) {
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text += "host" + std::to_string(i) + ".example\n";
  }
  const auto image = Compiled(text);
  const auto view = ListView::FromImage(image);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->NameCount(), 20000u);
  for (int i = 0; i < 40000; ++i) {
    const std::string name = "host" + std::to_string(i) + ".example";
    EXPECT_EQ(view->TakesName(view->groups()[0], NameSuffixes(name)), i < 20000) << name;
  }
}

TEST(ListViewTest, MergesWhatIsThereTwiceInWhateverOrder) {
  const auto image = Compiled("a\n.a\n*.a\nb*\n10.0.0.0/8\n10.1.0.0/16\n11.0.0.0/8\n:80\n*:80\n");
  EXPECT_EQ(image, Compiled("*:80\n11.0.0.0/8\n10.0.0.0/8\nB*\n.A.\n"));
  const auto view = ListView::FromImage(image);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->NameCount(), 1u);
}

TEST(ListViewTest, KnowsItsKeyAndPath) {
  const auto image = Compiled("");
  const auto view = ListView::FromImage(image);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->key(), (ListKey{1, 2, 3, 4, 5}));
  EXPECT_EQ(view->path(), "/lists/l");
  EXPECT_EQ(view->groups().size(), 0u);
}

TEST(ListViewTest, TakesAddressesAtTheEndsOfTheirNetworks) {
  const auto image = Compiled(
      "10.0.0.0/8\n0.0.0.0/32\n255.255.255.255\n2001:db8::/33\n2001:db8:8000::5\nffff::/16\n::\n");
  const auto view = ListView::FromImage(image);
  ASSERT_TRUE(view.ok());
  const ListGroup& group = view->groups()[0];
  const auto takes = [&](const char* address) {
    return view->TakesAddress(group.v4, group.v6, *base::IpAddress::Parse(address));
  };
  for (const char* const address :
       {"10.0.0.0", "10.255.255.255", "0.0.0.0", "255.255.255.255",
        "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::5",
        "ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", "::ffff:10.1.1.1"}) {
    EXPECT_TRUE(takes(address)) << address;
  }
  for (const char* const address : {"9.255.255.255", "11.0.0.0", "0.0.0.1", "255.255.255.254",
                                    "2001:db7:ffff::", "2001:db8:8000::", "2001:db8:8000::4",
                                    "2001:db8:8000::6", "fffe:ffff::", "::1"}) {
    EXPECT_FALSE(takes(address)) << address;
  }
}

TEST(ListViewTest, RefusesATruncatedImage) {
  const auto image = Compiled(LongText());
  for (size_t size = 0; size < image.size(); size += 1 + size / 8) {
    const std::vector<uint8_t> part(image.begin(), image.begin() + static_cast<long>(size));
    EXPECT_FALSE(ListView::FromImage(part).ok()) << size;
  }
}

// Other processes of the same user can write caches. Where a flipped bit is found out it is
// refused; else whatever is asked, nothing outside the image is read.
TEST(ListViewTest, StaysInsideASpoiltImage) {
  const auto image = Compiled(LongText());
  const auto whole = ListView::FromImage(image);
  ASSERT_TRUE(whole.ok());
  EXPECT_GT(AskAll(whole.value()), 100);
  const size_t groups_size = whole->groups().size_bytes();
  const auto groups_at =
      static_cast<size_t>(reinterpret_cast<const uint8_t*>(whole->groups().data()) - image.data());
  Fenced fenced(image);
  std::mt19937 random(1);
  for (int round = 0; round < 6000; ++round) {
    // The header and the groups say where everything is; the rest gets its share.
    const size_t where = round % 3 == 0   ? random() % sizeof(ListHeader)
                         : round % 3 == 1 ? groups_at + random() % groups_size
                                          : random() % image.size();
    const uint8_t before = fenced.data()[where];
    fenced.data()[where] = static_cast<uint8_t>(random() % 2 == 0   ? before ^ (1u << random() % 8)
                                                : random() % 2 == 0 ? 0xff
                                                                    : random());
    const auto view = ListView::FromImage(fenced.bytes());
    if (view.ok()) {
      AskAll(view.value());
    }
    // Now and then several stay.
    if (round % 4 != 0) {
      fenced.data()[where] = before;
    } else if (round % 64 == 0) {
      std::memcpy(fenced.data(), image.data(), image.size());
    }
  }
}

TEST(ListViewTest, StaysInsideAnImageOfZerosOrOnesBehindItsHeader) {
  const auto image = Compiled(LongText());
  for (const int byte : {0, 0xff}) {
    Fenced fenced(image);
    ListHeader header;
    std::memcpy(&header, image.data(), sizeof header);
    std::memset(fenced.data() + sizeof header, byte, image.size() - sizeof header);
    const auto view = ListView::FromImage(fenced.bytes());
    ASSERT_TRUE(view.ok());
    AskAll(view.value());
  }
}

}  // namespace
}  // namespace config
