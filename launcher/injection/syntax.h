// Syntax: how a change of the environment is written for who is to read it.
#ifndef GOCHAIN_INJECTION_SYNTAX_H_
#define GOCHAIN_INJECTION_SYNTAX_H_

#include <span>
#include <string>
#include <string_view>

#include "config/env_change.h"

namespace injection {

enum class Syntax {
  kSh,      // for eval: POSIX sh, bash, zsh
  kFish,    // for source
  kGithub,  // a file of GitHub Actions' $GITHUB_ENV
  kGitlab,  // a report of GitLab's artifacts:reports:dotenv
  kDotenv   // NAME=VALUE as sh reads it, as bare as the value lets it be
};

// In the order of Syntax.
inline constexpr std::string_view kSyntaxWords[] = {"sh", "fish", "github", "gitlab", "dotenv"};

// False where `word` is none of them.
bool ParseSyntax(std::string_view word, Syntax* out);

// One line for each change, longer only where a value has line breaks. What can't take a variable
// away sets it to nothing. False, with one line in `error`, where the syntax can't hold a value;
// no message has a value in it.
bool Format(std::span<const config::EnvChange> changes, Syntax syntax, std::string* text,
            std::string* error);

}  // namespace injection

#endif  // GOCHAIN_INJECTION_SYNTAX_H_
