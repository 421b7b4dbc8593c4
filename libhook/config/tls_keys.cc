#include "config/tls_keys.h"

#include <sys/stat.h>

#include <cstring>

#include "base/file.h"
#include "config/nearest_word.h"
#include "config/password.h"

namespace config {
namespace {

constexpr size_t kLargestFile = size_t{16} << 20;  // a whole system's authorities are 0.2 MB

constexpr std::string_view kYesNo[] = {"yes", "no"};

// A PEM file as it was read.
struct PemFile {
  Place place;
  std::string path;  // as the messages say it
  std::string text;
  mode_t mode = 0;

  bool HasCertificate() const {
    return text.find(" CERTIFICATE-----") !=
           std::string::npos;  // X509 or TRUSTED before it, or not
  }
  bool HasKey() const { return text.find("PRIVATE KEY-----") != std::string::npos; }
  // RFC 7468 §11, or RFC 1421 as OpenSSL still writes it.
  bool HasPassphrase() const {
    return text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string::npos ||
           text.find("Proc-Type: 4,ENCRYPTED") != std::string::npos;
  }
};

// False with a complaint.
bool ReadPem(RulesContext* context, Place place, std::string_view value, PemFile* out) {
  out->place = place;
  if (!context->ExpandPath(place, value, &out->path)) {
    return false;
  }
  struct stat status = {};
  if (const int error = base::ReadFile(out->path, kLargestFile, &out->text, &status); error != 0) {
    context->Complain(place, "can't read " + Quote(out->path) + ": " + strerror(error));
    return false;
  }
  out->mode = status.st_mode;
  return true;
}

bool MustHaveCertificate(RulesContext* context, const PemFile& file) {
  if (!file.HasCertificate()) {
    context->Complain(file.place,
                      Quote(file.path) + " has no certificate in it (in the form of PEM)");
  }
  return file.HasCertificate();
}

bool MustHaveKey(RulesContext* context, const PemFile& file, std::string_view hint) {
  if (!file.HasKey()) {
    context->Complain(file.place, Quote(file.path) + " has no private key in it (in the form of " +
                                      "PEM)" + std::string(hint));
  } else if (file.HasPassphrase()) {
    context->Complain(file.place, "the key in " + Quote(file.path) +
                                      " has a passphrase, for which gochain can't ask");
  }
  return file.HasKey() && !file.HasPassphrase();
}

}  // namespace

bool TlsKeys::Has(Key key) {
  return key == Key::kCaFile || key == Key::kClientCert || key == Key::kClientKey ||
         key == Key::kInsecure;
}

void TlsKeys::Read(Key key, const IniEntry& entry) {
  std::optional<Value>* const slot = key == Key::kCaFile       ? &ca_file_
                                     : key == Key::kClientCert ? &client_cert_
                                     : key == Key::kClientKey  ? &client_key_
                                                               : &insecure_;
  *slot = Value{entry.place, entry.value};
}

void TlsKeys::Finish(RulesContext* context, const ProxyUrl& url, uint16_t index) const {
  const std::pair<const std::optional<Value>&, std::string_view> keys[] = {
      {ca_file_, "ca_file"},
      {client_cert_, "client_cert"},
      {client_key_, "client_key"},
      {insecure_, "insecure"}};
  if (url.type != ProxyType::kHttps) {
    for (const auto& [value, word] : keys) {
      if (value) {
        context->Complain(value->place, Quote(word) + " is for https:// proxies alone");
      }
    }
    return;
  }
  if (insecure_) {
    ReadInsecure(context, *insecure_, url, index);
  }
  if (ca_file_) {
    ReadAuthorities(context, *ca_file_, index);
  }
  if (client_cert_) {
    ReadCertificate(context, index);
  } else if (client_key_) {
    context->Complain(client_key_->place, "'client_key' needs 'client_cert'");
  }
}

void TlsKeys::ReadInsecure(RulesContext* context, const Value& value, const ProxyUrl& url,
                           uint16_t index) {
  if (value.text != kYesNo[0] && value.text != kYesNo[1]) {
    context->Complain(value.place, "bad insecure " + Quote(value.text) + ": yes or no is needed",
                      NearestWord(value.text, kYesNo));
    return;
  }
  const bool insecure = value.text == kYesNo[0];
  context->image().proxies()[index].insecure = insecure;
  if (insecure) {
    context->Warn(value.place, "any certificate will do for " + url.host +
                                   ": whoever is on the way can read and change what it carries");
  }
}

void TlsKeys::ReadAuthorities(RulesContext* context, const Value& value, uint16_t index) {
  PemFile file;
  if (ReadPem(context, value.place, value.text, &file) && MustHaveCertificate(context, file)) {
    context->image().proxies()[index].ca_file = context->AddFullPath(file.path);
  }
}

void TlsKeys::ReadCertificate(RulesContext* context, uint16_t index) const {
  PemFile certificate;
  PemFile key;
  const bool has_certificate =
      ReadPem(context, client_cert_->place, client_cert_->text, &certificate) &&
      MustHaveCertificate(context, certificate);
  bool has_key = false;
  if (client_key_) {
    has_key = ReadPem(context, client_key_->place, client_key_->text, &key) &&
              MustHaveKey(context, key, "");
  } else if (has_certificate) {
    has_key = MustHaveKey(context, certificate, ": 'client_key' names its file");
  }
  if (!has_certificate || !has_key) {
    return;
  }
  const PemFile& key_file = client_key_ ? key : certificate;
  if (OthersMayRead(key_file.mode)) {
    context->Warn(key_file.place,
                  "others can read this private key (chmod 600 " + Shown(key_file.path) + ")");
  }
  Proxy& proxy = context->image().proxies()[index];
  proxy.client_cert = context->AddFullPath(certificate.path);
  proxy.client_key = client_key_ ? context->AddFullPath(key.path) : Text{};
}

}  // namespace config
