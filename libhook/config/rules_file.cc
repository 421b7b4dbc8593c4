#include "config/rules_file.h"

#include <algorithm>

#include "config/nearest_word.h"
#include "config/values.h"

namespace config {
namespace {

std::optional<Complaint> ReadSeconds(const IniEntry& entry, uint32_t* out_ms) {
  const uint32_t ms = ParseSeconds(entry.value);
  if (ms == 0) {
    return Complaint{"bad " + entry.key + " " + Quote(entry.value) +
                         ": seconds above 0 and at most 3600 are needed",
                     {}};
  }
  *out_ms = ms;
  return std::nullopt;
}

}  // namespace

RulesFile::RulesFile(RulesContext* context)
    : context_(context),
      proxies_(context),
      chains_(context),
      rules_(context),
      rewrites_(context),
      hosts_(context),
      env_(context) {}

RulesOutcome RulesFile::Read(const IniFile& ini) {
  for (const IniSection& section : ini.sections) {
    object_of_section_.push_back(Declare(section));
  }
  RulesOutcome out;
  ReadEntries(ini, false);
  out.env = env_.Finish();
  rules_.SetEnv(out.env);
  ReadEntries(ini, true);
  out.go_private_paths = rules_.Finish();
  hosts_.Finish();
  chains_.Finish();
  out.password_variables = proxies_.Finish();
  FindMissingKeys();
  CheckTimeouts();
  rewrites_.Finish();
  return out;
}

void RulesFile::ReadEntries(const IniFile& ini, bool rules) {
  bool taken = true;
  for (const IniEntry& entry : ini.entries) {
    const auto index = object_of_section_[entry.section];
    if (!index || (objects_[*index].row->kind == SectionKind::kRules) != rules) {
      continue;
    }
    if (taken || !entry.continues) {
      taken = ReadEntry(entry, objects_[*index]);
    }
  }
}

std::optional<size_t> RulesFile::Declare(const IniSection& section) {
  std::string_view name = section.text;
  const std::string_view word = NextWord(&name);
  name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
  const SectionRow* const row = FindSection(word);
  if (row == nullptr) {
    context_->Complain(section.place, "unknown section [" + Shown(section.text) + "]",
                       NearestWord(word, SectionWords()));
    return std::nullopt;
  }
  if (row->has_name && name.empty()) {
    context_->Complain(section.place, "the section has no name: write " + SectionHeader(*row));
    return std::nullopt;
  }
  if (!row->has_name && !name.empty()) {
    context_->Complain(section.place, "the section takes no name: write " + SectionHeader(*row));
    return std::nullopt;
  }
  Object object{row, 0, section.place, "[" + section.text + "]", {}};
  if (!row->has_name) {
    for (size_t i = 0; i < objects_.size(); ++i) {
      if (objects_[i].row == row) {
        return i;
      }
    }
  } else if (const auto index = DeclareNamed(*row, name, section)) {
    object.index = *index;
  } else {
    return std::nullopt;
  }
  objects_.push_back(std::move(object));
  return objects_.size() - 1;
}

std::optional<uint16_t> RulesFile::DeclareNamed(const SectionRow& row, std::string_view name,
                                                const IniSection& section) {
  const Place place = section.place;
  const std::string header = "[" + section.text + "]";
  const Source source = context_->SourceOf(place, header);
  if (row.kind == SectionKind::kRewrite) {
    return rewrites_.Declare(name, place, source);
  }
  const bool proxy = row.kind == SectionKind::kProxy;
  ImageWriter& image = context_->image();
  const size_t index = proxy ? image.proxies().size() : image.chains().size();
  const Route route{proxy ? RouteKind::kProxy : RouteKind::kChain, static_cast<uint16_t>(index)};
  if (auto complaint = context_->names().Add(
          name, route, {context_->diagnostics().FileName(place.file), place.line})) {
    context_->Complain(place, std::move(*complaint));
    return std::nullopt;
  }
  return proxy ? proxies_.Declare(name, source) : chains_.Declare(name, header, place, source);
}

bool RulesFile::ReadEntry(const IniEntry& entry, Object& object) {
  const KeyRow* const row = FindKey(object.row->kind, entry.key);
  if (row == nullptr) {
    context_->Complain(entry.place, "unknown key " + Quote(entry.key) + " in " + object.header,
                       NearestWord(entry.key, KeyWords(object.row->kind)));
    return false;
  }
  if (entry.continues && !row->is_list) {
    context_->Complain(entry.place, "an indented line continues the line above, and " +
                                        Quote(entry.key) + " takes one line");
    return true;
  }
  if (row->form == KeyForm::kWord && !entry.continues) {
    std::optional<Place>& first = object.keys[static_cast<size_t>(row->key)];
    if (first) {
      context_->Complain(entry.place, Quote(entry.key) + " is given twice; first on " +
                                          context_->diagnostics().Reference(*first, entry.place));
      return false;
    }
    first = entry.place;
  }
  if (row->key != Key::kVariable && !row->is_list && entry.value.empty()) {
    context_->Complain(entry.place, Quote(entry.key) + " has no value");
    return true;
  }
  return ReadValue(entry, *row, object);
}

bool RulesFile::ReadValue(const IniEntry& entry, const KeyRow& row, const Object& object) {
  switch (object.row->kind) {
    case SectionKind::kGlobal:
      ReadSetting(entry, row.key);
      return true;
    case SectionKind::kProxy:
      proxies_.Read(row.key, entry, object.index);
      return true;
    case SectionKind::kChain:
      chains_.Read(row.key, entry, object.index);
      return true;
    case SectionKind::kRules:
      return rules_.Read(entry);
    case SectionKind::kRewrite:
      rewrites_.Read(row.key, entry, object.index);
      return true;
    case SectionKind::kHosts:
      return hosts_.Read(entry);
    case SectionKind::kEnv:
      env_.Read(row.key, entry);
      return true;
  }
  return true;
}

void RulesFile::ReadSetting(const IniEntry& entry, Key key) {
  Globals& globals = context_->image().globals();
  std::optional<Complaint> complaint;
  if (key == Key::kDefault) {
    complaint = context_->names().FindRoute(entry.value, &globals.default_route);
    if (!complaint) {
      globals.default_source = DefaultSource::kFile;
      globals.default_line = context_->SourceOf(entry);
    }
  } else if (key == Key::kConnectTimeout) {
    complaint = ReadSeconds(entry, &globals.connect_timeout_ms);
  } else if (key == Key::kChainTimeout) {
    complaint = ReadSeconds(entry, &globals.chain_timeout_ms);
  } else if (key == Key::kRetryAfter) {
    complaint = ReadSeconds(entry, &globals.retry_after_ms);
  } else if (key == Key::kDns) {
    complaint = ParseDns(entry.value, &globals.dns);
  } else if (key == Key::kConnect) {
    complaint = ParseConnect(entry.value, &globals.connect);
  } else if (key == Key::kUdp) {
    complaint = ParseUdp(entry.value, &globals.udp);
  } else if (key == Key::kSetuid) {
    complaint = ParseSetuid(entry.value, &globals.setuid);
  }
  if (complaint) {
    context_->Complain(entry.place, std::move(*complaint));
  }
}

// A chain takes at least as long as one of its hops may.
void RulesFile::CheckTimeouts() {
  Globals& globals = context_->image().globals();
  std::optional<Place> connect;
  std::optional<Place> chain;
  for (const Object& object : objects_) {
    if (object.row->kind == SectionKind::kGlobal) {
      connect = object.keys[static_cast<size_t>(Key::kConnectTimeout)];
      chain = object.keys[static_cast<size_t>(Key::kChainTimeout)];
    }
  }
  if (!chain) {
    globals.chain_timeout_ms = std::max(globals.chain_timeout_ms, globals.connect_timeout_ms);
  } else if (connect && globals.chain_timeout_ms < globals.connect_timeout_ms) {
    context_->Complain(*chain, "chain_timeout is shorter than the connect_timeout of " +
                                   context_->diagnostics().Reference(*connect, *chain));
  }
}

void RulesFile::FindMissingKeys() {
  for (const Object& object : objects_) {
    for (const KeyRow& row : Keys()) {
      // A list that is given may still be empty: that is for its reader to tell.
      if (row.section == object.row->kind && row.default_value == kMustBeGiven && !row.is_list &&
          !object.keys[static_cast<size_t>(row.key)]) {
        context_->Complain(object.place, object.header + " has no " + std::string(row.word));
      }
    }
  }
}

}  // namespace config
