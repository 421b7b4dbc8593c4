#include "config/route_sections.h"

#include "config/nearest_word.h"
#include "config/password.h"
#include "config/proxy_url.h"
#include "config/redact.h"
#include "config/values.h"

namespace config {
namespace {

void WarnOfReaders(RulesContext* context, Place place, const std::string& path) {
  context->Warn(place, "others can read this password (chmod 600 " + Shown(path) + ")");
}

}  // namespace

uint16_t ProxyReader::Declare(std::string_view name, const Source& source) {
  Proxy proxy;
  proxy.name = context_->image().AddText(name);
  proxy.source = source;
  const uint16_t index = context_->image().AddProxy(proxy);
  sections_.emplace_back().index = index;
  return index;
}

void ProxyReader::Read(Key key, const IniEntry& entry, uint16_t index) {
  Section& section = Find(index);
  if (key == Key::kUrl) {
    ReadUrl(entry, &section);
  } else if (key == Key::kPasswordFile) {
    section.file = {entry.place, entry.value};
  } else if (key == Key::kPasswordEnv) {
    section.variable = {entry.place, entry.value};
  } else if (AuthKeys::Has(key)) {
    section.auth.Read(context_, key, entry);
  } else if (key == Key::kPool) {
    Proxy& proxy = context_->image().proxies()[index];
    proxy.pool_at_once = true;
    if (auto complaint = ParsePool(entry.value, &proxy.pool)) {
      context_->Complain(entry.place, std::move(*complaint));
    }
  } else if (key == Key::kPipeline) {
    section.pipeline_place = entry.place;
    if (auto complaint = ParsePipeline(entry.value, &context_->image().proxies()[index].pipeline)) {
      context_->Complain(entry.place, std::move(*complaint));
    }
  } else if (key == Key::kSshConfig) {
    section.ssh.ReadConfig(entry);
  } else if (TlsKeys::Has(key)) {
    section.tls.Read(key, entry);
  } else if (auto complaint = ParseDns(entry.value, &context_->image().proxies()[index].dns)) {
    context_->Complain(entry.place, std::move(*complaint));
  }
}

void ProxyReader::ReadUrl(const IniEntry& entry, Section* section) {
  std::string text;
  if (!context_->Expand(entry.place, entry.value, &text)) {
    return;
  }
  ProxyUrl url;
  if (auto complaint = ParseProxyUrl(text, &url)) {
    context_->Complain(entry.place, std::move(*complaint));
    return;
  }
  ImageWriter& image = context_->image();
  Proxy& proxy = image.proxies()[section->index];
  proxy.type = url.type;
  proxy.host = image.AddText(url.host);
  proxy.port = url.port;
  proxy.default_port = url.default_port;
  proxy.user = image.AddText(url.user);
  proxy.password = image.AddText(url.password);
  proxy.source = context_->SourceOf(entry.place, RedactUrlLine(entry.line_text));
  if (HasWrittenPassword(entry.value) && OthersMayRead(context_->FileOf(entry.place).mode)) {
    WarnOfReaders(context_, entry.place, context_->diagnostics().FileName(entry.place.file));
  }
  section->url = std::move(url);
}

bool ProxyReader::MayHavePassword(const Section& section, const PasswordKey& key,
                                  std::string_view word) {
  if (section.url->type == ProxyType::kSsh) {
    context_->Complain(
        key.place, Quote(word) + " is not for ssh:// proxies: ssh logs in by keys and its agent");
    return false;
  }
  if (section.url->user.empty()) {
    context_->Complain(key.place, Quote(word) + " needs a user in the url");
    return false;
  }
  if (!section.url->password.empty()) {
    context_->Complain(key.place, "two passwords: " + Quote(word) + " and the url's");
    return false;
  }
  return true;
}

bool ProxyReader::ReadPassword(const Section& section, std::string* password, std::string* place) {
  std::optional<Complaint> complaint;
  if (section.variable) {
    complaint = TakeVariable(section.variable->value, context_->environment(), password);
    *place = "the variable " + Quote(section.variable->value);
    if (complaint) {
      context_->Complain(section.variable->place, std::move(*complaint));
    }
    return !complaint;
  }
  std::string path;
  if (!context_->ExpandPath(section.file->place, section.file->value, &path)) {
    return false;
  }
  struct stat status = {};
  complaint = ReadPasswordFile(path, password, &status);
  *place = Quote(path);
  if (complaint) {
    context_->Complain(section.file->place, std::move(*complaint));
  } else if (OthersMayRead(status.st_mode)) {
    WarnOfReaders(context_, section.file->place, path);
  }
  return !complaint;
}

std::vector<std::string> ProxyReader::Finish() {
  std::vector<std::string> variables;
  for (const Section& section : sections_) {
    if (section.url) {
      section.tls.Finish(context_, *section.url, section.index);
      section.ssh.Finish(context_, *section.url, section.index);
      const ProxyType type = section.url->type;
      if (section.pipeline_place && (type == ProxyType::kHttps || type == ProxyType::kSsh)) {
        context_->Complain(*section.pipeline_place, "'pipeline' is for socks and http proxies");
      }
    }
    const bool has_password_key = section.file || section.variable;
    if (section.url &&
        !section.auth.Finish(context_, *section.url, has_password_key, section.index)) {
      continue;
    }
    if (section.file && section.variable) {
      const bool file_last = section.variable->place < section.file->place;
      context_->Complain(file_last ? section.file->place : section.variable->place,
                         file_last ? "two passwords: 'password_file' and 'password_env'"
                                   : "two passwords: 'password_env' and 'password_file'");
      continue;
    }
    if ((!section.file && !section.variable) || !section.url) {
      continue;
    }
    const PasswordKey& key = section.file ? *section.file : *section.variable;
    std::string password;
    std::string place;
    if (!MayHavePassword(section, key, section.file ? "password_file" : "password_env") ||
        !ReadPassword(section, &password, &place)) {
      continue;
    }
    if (auto complaint = CheckPassword(*section.url, password, place)) {
      context_->Complain(key.place, std::move(*complaint));
      continue;
    }
    ImageWriter& image = context_->image();
    image.proxies()[section.index].password = image.AddText(password);
    if (section.variable) {
      variables.push_back(section.variable->value);
    }
  }
  return variables;
}

}  // namespace config
