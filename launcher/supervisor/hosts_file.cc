#include "supervisor/hosts_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/lookup.h"

namespace supervisor {
namespace {

// About what the table of answers has room for.
constexpr size_t kMaxKnown = 4096;
constexpr std::string_view kBlank = " \t\r";

// Takes the first word off `line`; empty at its end.
std::string_view TakeWord(std::string_view* line) {
  line->remove_prefix(std::min(line->find_first_not_of(kBlank), line->size()));
  const std::string_view word = line->substr(0, line->find_first_of(kBlank));
  line->remove_prefix(word.size());
  return word;
}

struct Known {
  base::IpAddress address;
  base::Endpoint name;
  bool asked;  // the name is looked up as usual, so are all of the address's names so far
};

void Note(const engine::Session& session, const base::IpAddress& address, std::string_view word,
          std::vector<Known>* known) {
  const auto name = base::Endpoint::FromName(word, 0);
  if (!name) {
    return;
  }
  const bool asked = engine::HowToTell(session.config(), name->name()) == engine::Telling::kAsk;
  const auto found =
      std::ranges::find_if(*known, [&](const Known& one) { return one.address == address; });
  if (found == known->end()) {
    known->push_back({address, *name, asked});
  } else if (found->asked && !asked) {
    // A program that reads the file by itself can't be asked which of the names it means: the one
    // that may not go straight out.
    *found = {address, *name, false};
  }
}

}  // namespace

void RememberHostsFile(engine::Session& session, std::string_view text) {
  std::vector<Known> known;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    line = line.substr(0, line.find('#'));
    const auto address = base::IpAddress::Parse(TakeWord(&line));
    if (!address || address->IsLoopback() || known.size() >= kMaxKnown) {
      continue;
    }
    for (std::string_view word = TakeWord(&line); !word.empty(); word = TakeWord(&line)) {
      Note(session, *address, word, &known);
    }
  }
  for (const Known& one : known) {
    engine::Answered(session, one.name.name(), {&one.address, 1});
  }
}

}  // namespace supervisor
