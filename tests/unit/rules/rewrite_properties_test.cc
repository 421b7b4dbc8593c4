// [rewrite] against naive rewriting, on random ones that often lead to one another.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "naive_pattern.h"
#include "random_pattern.h"
#include "rules/rewrite.h"

namespace rules {
namespace {

using config::BuiltText;

constexpr int kFiles = 3000;
constexpr size_t kEndless = 50;

struct NaiveRewrite {
  NaivePattern from;
  std::string to_name;
  std::optional<Address> to_address;
  uint16_t to_port = 0;
};

bool operator==(const NaiveQuery& a, const NaiveQuery& b) {
  return a.name == b.name && a.address == b.address && a.port == b.port;
}

bool Takes(const NaiveRewrite& rewrite, const NaiveQuery& target) {
  return TakesHost(rewrite.from, target) && target.port >= rewrite.from.low &&
         target.port <= rewrite.from.high;
}

NaiveQuery Apply(const NaiveRewrite& rewrite, NaiveQuery target) {
  if (!rewrite.to_name.empty()) {
    target.name = rewrite.to_name;
    target.address.reset();
  } else if (rewrite.to_address) {
    target.name.clear();
    target.address = rewrite.to_address;
  }
  target.port = rewrite.to_port != 0 ? rewrite.to_port : target.port;
  return target;
}

// A host that the pattern takes, on a random port.
NaiveQuery HostOf(const NaivePattern& pattern, Random* random) {
  NaiveQuery out = RandomTarget(random, true);
  switch (pattern.form) {
    case Form::kName:
    case Form::kSelfOrBelow:
      out.name = pattern.host;
      break;
    case Form::kBelow:
      out.name = "b." + pattern.host;
      break;
    case Form::kGlob:
      out.name = pattern.host;
      for (char& c : out.name) {
        c = c == '*' ? 'a' : c;
      }
      break;
    case Form::kNetwork:
      out.name.clear();
      out.address = pattern.network;
      break;
    case Form::kEverything:
    case Form::kLoopback:
    case Form::kPrivate:
      break;
  }
  return out;
}

class NaiveRewrites {
 public:
  explicit NaiveRewrites(Random* random) {
    std::vector<std::string> written;
    for (size_t count = 1 + random->Below(5); rewrites_.size() < count;) {
      std::string from;
      const NaivePattern pattern = RandomPattern(random, &from);
      if (from.starts_with('*') && !from.starts_with("*.") && pattern.form != Form::kGlob) {
        continue;  // `*`: not for [rewrite]
      }
      if (!from.starts_with('@')) {
        rewrites_.push_back({pattern, {}, {}, 0});
        written.push_back(from);
      }
    }
    for (size_t i = 0; i < rewrites_.size(); ++i) {
      text_ += "[rewrite r" + std::to_string(i) + "]\nfrom = " + written[i] +
               "\nto = " + ChooseResult(&rewrites_[i], random) + "\n";
    }
  }

  const std::string& text() const { return text_; }

  // The first that takes the target, then the first of the others that takes the result.
  NaiveQuery Rewritten(NaiveQuery target) const {
    std::vector<bool> used(rewrites_.size());
    for (size_t i = 0; i < rewrites_.size();) {
      if (used[i] || !Takes(rewrites_[i], target)) {
        ++i;
        continue;
      }
      target = Apply(rewrites_[i], target);
      used[i] = true;
      i = 0;
    }
    return target;
  }

  // Would it never end, if a rewrite could take its part again?
  bool LeadsInACircle(NaiveQuery target) const {
    size_t steps = 0;
    for (size_t i = 0; i < rewrites_.size() && steps < kEndless;) {
      const NaiveQuery result = Takes(rewrites_[i], target) ? Apply(rewrites_[i], target) : target;
      const bool changes = !(result == target);
      steps += changes ? 1u : 0u;
      i = changes ? 0 : i + 1;
      target = result;
    }
    return steps == kEndless;
  }

  // Does one name `name`, on some port? Ports alone name none.
  bool Names(const std::string& name) const {
    NaiveQuery target;
    target.name = name;
    return std::ranges::any_of(rewrites_, [&](const NaiveRewrite& rewrite) {
      return rewrite.from.form != Form::kEverything && TakesHost(rewrite.from, target);
    });
  }

  // Targets that the rewrites take, on every port where one of them begins or ends to.
  std::vector<NaiveQuery> Targets(Random* random) const {
    std::vector<NaiveQuery> out = {RandomTarget(random, true), RandomTarget(random, false)};
    for (const NaiveRewrite& rewrite : rewrites_) {
      NaiveQuery target = HostOf(rewrite.from, random);
      for (const uint16_t port : kPorts) {
        for (const int beside : {-1, 0, 1}) {
          target.port = static_cast<uint16_t>(port + beside);
          if (target.port != 0) {
            out.push_back(target);
          }
        }
      }
    }
    return out;
  }

 private:
  // Often a host that another rewrite takes.
  std::string ChooseResult(NaiveRewrite* rewrite, Random* random) {
    const size_t host = random->Below(4);
    if (host > 0) {
      const NaiveQuery to = host == 1
                                ? RandomTarget(random, random->OneIn(2))
                                : HostOf(rewrites_[random->Below(rewrites_.size())].from, random);
      rewrite->to_name = to.name;
      rewrite->to_address = to.address;
    }
    if (host == 0 || random->OneIn(2)) {
      rewrite->to_port = random->Of(kPorts);
    }
    std::string out = rewrite->to_name;
    if (rewrite->to_address) {
      out = rewrite->to_address->v4 ? rewrite->to_address->text
                                    : "[" + rewrite->to_address->text + "]";
    }
    return rewrite->to_port != 0 ? out + ":" + std::to_string(rewrite->to_port) : out;
  }

  std::vector<NaiveRewrite> rewrites_;
  std::string text_;
};

base::Endpoint EndpointOf(const NaiveQuery& target) {
  return target.address
             ? base::Endpoint(base::IpAddress::Parse(target.address->text).value(), target.port)
             : base::Endpoint::FromName(target.name, target.port).value();
}

std::string TextOf(const base::Endpoint& endpoint) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(endpoint.Text(buffer));
}

TEST(RewritePropertiesTest, RewritesAsTheNaiveOnesDo) {
  Random random(1);
  size_t taken = 0;
  for (int i = 0; i < kFiles; ++i) {
    const NaiveRewrites naive(&random);
    const BuiltText built(naive.text());
    if (!built.ok()) {
      continue;
    }
    for (const NaiveQuery& target : naive.Targets(&random)) {
      const base::Endpoint asked = EndpointOf(target);
      const auto result = Rewritten(built.config(), asked);
      taken += result ? 1u : 0u;
      ASSERT_EQ(TextOf(result.value_or(asked)), TextOf(EndpointOf(naive.Rewritten(target))))
          << naive.text() << TextOf(asked);
    }
  }
  EXPECT_GT(taken, size_t{kFiles});
}

TEST(RewritePropertiesTest, RefusesWhatLeadsInACircle) {
  Random random(2);
  for (int i = 0; i < kFiles; ++i) {
    const NaiveRewrites naive(&random);
    const BuiltText built(naive.text());
    if (!built.ok()) {
      continue;
    }
    for (const NaiveQuery& target : naive.Targets(&random)) {
      ASSERT_FALSE(naive.LeadsInACircle(target)) << naive.text() << TextOf(EndpointOf(target));
    }
  }
}

TEST(RewritePropertiesTest, KnowsWhichNamesMayBeRewritten) {
  Random random(3);
  for (int i = 0; i < kFiles; ++i) {
    const NaiveRewrites naive(&random);
    const BuiltText built(naive.text());
    if (!built.ok()) {
      continue;
    }
    for (const NaiveQuery& target : naive.Targets(&random)) {
      if (!target.name.empty()) {
        ASSERT_EQ(MayBeRewritten(built.config(), target.name), naive.Names(target.name))
            << naive.text() << target.name;
      }
    }
  }
}

}  // namespace
}  // namespace rules
