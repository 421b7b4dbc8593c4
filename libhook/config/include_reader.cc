#include "config/include_reader.h"

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "config/schema.h"

namespace config {
namespace {

// No rules file is anywhere near it; a device or the wrong file is.
constexpr size_t kLargestFile = size_t{1} << 20;
constexpr size_t kMaxDepth = 16;
// So that files that include others twice, over and over, come to an end.
constexpr size_t kMaxFiles = 1000;

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

bool IsInclude(const IniFile& ini, const IniEntry& entry) {
  const SectionRow* const section = FindSection(ini.sections[entry.section].text);
  const KeyRow* const key = section != nullptr ? FindKey(section->kind, entry.key) : nullptr;
  return key != nullptr && key->key == Key::kInclude;
}

}  // namespace

RulesLines IncludeReader::Read() {
  const std::string& path = diagnostics_->FileName(0);
  Contents contents;
  if (const int error = base::ReadFile(path, kLargestFile, &contents.text, &contents.status);
      error != 0) {
    diagnostics_->Add({}, {std::string("cannot read: ") + strerror(error), {}});
  } else {
    Append(0, contents);
  }
  return std::move(out_);
}

void IncludeReader::Append(uint16_t file, const Contents& contents) {
  out_.files.resize(std::max<size_t>(out_.files.size(), file + 1u));
  out_.files[file] = {FolderOf(diagnostics_->FileName(file)), contents.status.st_mode};
  open_.push_back({contents.status.st_dev, contents.status.st_ino});
  const IniFile ini = ParseIni(contents.text, file, diagnostics_);
  std::vector<size_t> section_at;  // where each of its sections went
  const auto append_sections = [&](size_t end) {
    while (section_at.size() < end) {
      section_at.push_back(out_.ini.sections.size());
      out_.ini.sections.push_back(ini.sections[section_at.size() - 1]);
    }
  };
  for (size_t i = 0; i < ini.entries.size(); ++i) {
    IniEntry entry = ini.entries[i];
    append_sections(entry.section + 1);
    if (!IsInclude(ini, entry)) {
      entry.section = section_at[entry.section];
      out_.ini.entries.push_back(std::move(entry));
    } else if (!entry.value.empty()) {
      Include(entry);
    } else if (i + 1 == ini.entries.size() || !ini.entries[i + 1].continues) {
      diagnostics_->Add(entry.place, {Quote(entry.key) + " has no value", {}});
    }
  }
  append_sections(ini.sections.size());
  open_.pop_back();
}

void IncludeReader::Include(const IniEntry& entry) {
  std::string path;
  if (auto complaint =
          ExpandPath(entry.value, out_.files[entry.place.file].folder, getenv_fn_, &path)) {
    diagnostics_->Add(entry.place, std::move(*complaint));
    return;
  }
  if (open_.size() > kMaxDepth) {
    diagnostics_->Add(entry.place,
                      {"includes are nested deeper than " + std::to_string(kMaxDepth), {}});
    return;
  }
  if (out_.files.size() == kMaxFiles) {
    diagnostics_->Add(entry.place, {"more than " + std::to_string(kMaxFiles) + " files", {}});
    return;
  }
  Contents contents;
  if (const int error = base::ReadFile(path, kLargestFile, &contents.text, &contents.status);
      error != 0) {
    diagnostics_->Add(entry.place, {"can't read " + Quote(path) + ": " + strerror(error), {}});
    return;
  }
  const Identity identity{contents.status.st_dev, contents.status.st_ino};
  if (std::find(open_.begin(), open_.end(), identity) != open_.end()) {
    diagnostics_->Add(entry.place,
                      {"the include " + Quote(entry.value) + " leads back to this file", {}});
    return;
  }
  Append(diagnostics_->AddFile(path), contents);
}

}  // namespace config
