// A session with the rules of a text.
#ifndef GOCHAIN_TESTS_UNIT_ENGINE_RULES_SESSION_H_
#define GOCHAIN_TESTS_UNIT_ENGINE_RULES_SESSION_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "../config/rules_text.h"
#include "engine/session.h"

namespace engine {

inline Session SessionOf(std::string_view rules) {
  const config::BuiltText built(rules);
  EXPECT_EQ(built.Complaints(), "");
  Settings settings;
  settings.log_level = LogLevel::kOff;
  auto created = Session::Create(settings, built.image(), built.lists());
  EXPECT_TRUE(created.ok());
  return created.ok() ? created->session : Session();
}

inline base::IpAddress Ip(const std::string& text) { return *base::IpAddress::Parse(text); }

}  // namespace engine

#endif  // GOCHAIN_TESTS_UNIT_ENGINE_RULES_SESSION_H_
