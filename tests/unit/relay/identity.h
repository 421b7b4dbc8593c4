// Certificates of the tests' own making, in memory and as PEM files.
#ifndef GOCHAIN_TESTS_UNIT_RELAY_IDENTITY_H_
#define GOCHAIN_TESTS_UNIT_RELAY_IDENTITY_H_

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace relay {

struct Freer {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

struct Subject {
  std::string name;               // CN
  std::string alternatives = {};  // "DNS:proxy.example,IP:127.0.0.1"; empty: none
  bool is_authority = false;
  int valid_from_days = -1;  // from now
  int valid_to_days = 1;
};

// A key and a certificate for it.
class Identity {
 public:
  // Signed by `issuer`, or by itself.
  explicit Identity(const Subject& subject, const Identity* issuer = nullptr)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509* const x = certificate_.get();
    X509_set_version(x, 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), 86400L * subject.valid_from_days);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400L * subject.valid_to_days);
    X509_set_pubkey(x, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.name.c_str()), -1, -1,
                               0);
    X509* const signer = issuer != nullptr ? issuer->certificate() : x;
    X509_set_issuer_name(x, X509_get_subject_name(signer));
    Extend(signer, NID_basic_constraints, subject.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!subject.alternatives.empty()) {
      Extend(signer, NID_subject_alt_name, subject.alternatives);
    }
    X509_sign(x, issuer != nullptr ? issuer->key() : key_.get(), EVP_sha256());
  }

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

  void WriteCertificate(const std::string& path) const {
    Write(path, [this](FILE* file) { PEM_write_X509(file, certificate()); });
  }
  void WriteKey(const std::string& path, const char* passphrase = nullptr) const {
    Write(path, [&](FILE* file) {
      PEM_write_PrivateKey(file, key(), passphrase != nullptr ? EVP_aes_128_cbc() : nullptr,
                           nullptr, 0, nullptr, const_cast<char*>(passphrase));
    });
  }

 private:
  void Extend(X509* signer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, certificate(), nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    X509_add_ext(certificate(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <typename Action>
  static void Write(const std::string& path, Action action) {
    FILE* const file = fopen(path.c_str(), "we");
    action(file);
    fclose(file);
  }

  std::unique_ptr<EVP_PKEY, Freer> key_;
  std::unique_ptr<X509, Freer> certificate_;
};

}  // namespace relay

#endif  // GOCHAIN_TESTS_UNIT_RELAY_IDENTITY_H_
