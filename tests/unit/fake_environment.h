// The environment that code under test sees by Getenv().
#ifndef GOCHAIN_TESTS_UNIT_FAKE_ENVIRONMENT_H_
#define GOCHAIN_TESTS_UNIT_FAKE_ENVIRONMENT_H_

#include <string>
#include <utility>
#include <vector>

inline std::vector<std::pair<std::string, std::string>> environment;

inline const char* Getenv(const char* name) {
  for (const auto& [key, value] : environment) {
    if (key == name) {
      return value.c_str();
    }
  }
  return nullptr;
}

#endif  // GOCHAIN_TESTS_UNIT_FAKE_ENVIRONMENT_H_
