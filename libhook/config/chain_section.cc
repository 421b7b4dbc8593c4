#include "config/chain_section.h"

#include <iterator>

#include "config/hop_reach.h"
#include "config/host_name.h"
#include "config/nearest_word.h"
#include "config/values.h"

namespace config {
uint16_t ChainReader::Declare(std::string_view name, std::string header, Place place,
                              const Source& source) {
  Chain chain;
  chain.name = context_->image().AddText(name);
  chain.source = source;
  const uint16_t index = context_->image().AddChain(chain);
  sections_.push_back({index, std::move(header), place, false, false, {}});
  return index;
}

void ChainReader::Read(Key key, const IniEntry& entry, uint16_t index) {
  Section& section = Find(index);
  if (key == Key::kHops) {
    ReadHops(entry, &section);
  } else if (key == Key::kMode) {
    ReadMode(entry, &section);
  } else if (key == Key::kLength) {
    ReadLength(entry, &section);
  } else if (auto complaint = ParseDns(entry.value, &ChainOf(section).dns)) {
    context_->Complain(entry.place, std::move(*complaint));
  }
}

void ChainReader::Finish() {
  for (const Section& section : sections_) {
    if (!section.has_hops) {
      context_->Complain(section.place, section.header + " has no hops");
    }
    CheckLength(section);
    if (auto complaint = FindUnsayableHop(context_->image(), ChainOf(section))) {
      context_->Complain(section.place, std::move(*complaint));
    }
  }
}

void ChainReader::ReadHops(const IniEntry& entry, Section* section) {
  Chain& chain = ChainOf(*section);
  std::string_view rest = entry.value;
  for (std::string_view word = NextWord(&rest); !word.empty(); word = NextWord(&rest)) {
    section->has_hops = true;
    uint16_t hop = 0;
    if (auto complaint = context_->names().FindHop(word, &hop)) {
      context_->Complain(entry.place, std::move(*complaint));
      continue;
    }
    if (chain.hop_count == kMaxHops) {
      context_->Complain(entry.place,
                         "more than " + std::to_string(kMaxHops) + " hops in " + section->header);
      return;
    }
    for (size_t i = 0; i < chain.hop_count; ++i) {
      if (chain.hops[i] == hop) {
        context_->Complain(entry.place,
                           "the hop " + Quote(word) + " stands twice in " + section->header);
        break;
      }
    }
    chain.hops[chain.hop_count++] = hop;
  }
}

void ChainReader::ReadMode(const IniEntry& entry, Section* section) {
  for (size_t i = 0; i < std::size(kModeWords); ++i) {
    if (entry.value == kModeWords[i]) {
      ChainOf(*section).mode = static_cast<ChainMode>(i);
      return;
    }
  }
  section->has_bad_mode = true;
  context_->Complain(entry.place,
                     "bad mode " + Quote(entry.value) +
                         ": strict, dynamic, random, round_robin, failover or fastest is needed",
                     NearestWord(entry.value, kModeWords));
}

void ChainReader::ReadLength(const IniEntry& entry, Section* section) {
  uint32_t number = 0;
  if (!ParseNumber(entry.value, kMaxHops, &number) || number == 0) {
    context_->Complain(entry.place, "bad length " + Quote(entry.value) + ": a number from 1 to " +
                                        std::to_string(kMaxHops) + " is needed");
    return;
  }
  section->length = entry.place;
  ChainOf(*section).length = static_cast<uint16_t>(number);
}

void ChainReader::CheckLength(const Section& section) {
  Chain& chain = ChainOf(section);
  if (!section.length) {
    return;
  }
  if (!HasLength(chain.mode)) {
    if (!section.has_bad_mode) {
      context_->Complain(*section.length,
                         "'length' says nothing with mode = " + std::string(ModeWord(chain.mode)) +
                             ": random or round_robin is needed");
    }
  } else if (section.has_hops && chain.length > chain.hop_count) {
    context_->Complain(*section.length, "length " + std::to_string(chain.length) +
                                            " is more than the hops of " + section.header +
                                            ", which are " + std::to_string(chain.hop_count));
  }
}

}  // namespace config
