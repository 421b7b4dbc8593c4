// OpenSsl: the functions of the system's OpenSSL, loaded when the first https:// hop is used.
//
// The launcher isn't linked with it: that would cost each start of gochain some milliseconds, and
// most runs have no such hop. The types come from the headers at build time; only functions that
// OpenSSL 1.1.1 and 3 both have, and no macros for functions that one of them lacks. Relay process
// only, any thread.
#ifndef GOCHAIN_RELAY_OPENSSL_H_
#define GOCHAIN_RELAY_OPENSSL_H_

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// The symbols of libcrypto are found through libssl, which needs it.
#define GOCHAIN_OPENSSL_FUNCTIONS(X)    \
  X(OPENSSL_init_ssl)                   \
  X(TLS_client_method)                  \
  X(SSL_CTX_new)                        \
  X(SSL_CTX_free)                       \
  X(SSL_CTX_ctrl)                       \
  X(SSL_CTX_set_options)                \
  X(SSL_CTX_set_verify)                 \
  X(SSL_CTX_set_default_verify_paths)   \
  X(SSL_CTX_load_verify_locations)      \
  X(SSL_CTX_use_certificate_chain_file) \
  X(SSL_CTX_use_PrivateKey_file)        \
  X(SSL_CTX_check_private_key)          \
  X(SSL_CTX_set_default_passwd_cb)      \
  X(SSL_CTX_set_client_cert_cb)         \
  X(SSL_CTX_set_alpn_protos)            \
  X(SSL_CTX_get0_param)                 \
  X(SSL_new)                            \
  X(SSL_free)                           \
  X(SSL_ctrl)                           \
  X(SSL_set_bio)                        \
  X(SSL_set_connect_state)              \
  X(SSL_set_ex_data)                    \
  X(SSL_get_ex_data)                    \
  X(SSL_get_ex_data_X509_STORE_CTX_idx) \
  X(SSL_do_handshake)                   \
  X(SSL_read)                           \
  X(SSL_peek)                           \
  X(SSL_write)                          \
  X(SSL_pending)                        \
  X(SSL_shutdown)                       \
  X(SSL_get_error)                      \
  X(BIO_get_new_index)                  \
  X(BIO_meth_new)                       \
  X(BIO_meth_set_read)                  \
  X(BIO_meth_set_write)                 \
  X(BIO_meth_set_ctrl)                  \
  X(BIO_new)                            \
  X(BIO_set_init)                       \
  X(BIO_set_data)                       \
  X(BIO_get_data)                       \
  X(BIO_set_flags)                      \
  X(BIO_clear_flags)                    \
  X(X509_VERIFY_PARAM_set_hostflags)    \
  X(X509_VERIFY_PARAM_set1_host)        \
  X(X509_VERIFY_PARAM_set1_ip)          \
  X(X509_STORE_CTX_get_error)           \
  X(X509_STORE_CTX_get_error_depth)     \
  X(X509_STORE_CTX_get_current_cert)    \
  X(X509_STORE_CTX_get_ex_data)         \
  X(X509_verify_cert_error_string)      \
  X(X509_get_ext_d2i)                   \
  X(X509_get_subject_name)              \
  X(X509_get_issuer_name)               \
  X(X509_get0_notBefore)                \
  X(X509_get0_notAfter)                 \
  X(X509_NAME_get_text_by_NID)          \
  X(ASN1_TIME_to_tm)                    \
  X(ASN1_STRING_get0_data)              \
  X(ASN1_STRING_length)                 \
  X(GENERAL_NAMES_free)                 \
  X(OPENSSL_sk_num)                     \
  X(OPENSSL_sk_value)                   \
  X(ERR_clear_error)                    \
  X(ERR_peek_error)                     \
  X(ERR_reason_error_string)

namespace relay {

struct OpenSsl {
#define GOCHAIN_MEMBER(function) decltype(&::function) function;
  GOCHAIN_OPENSSL_FUNCTIONS(GOCHAIN_MEMBER)
#undef GOCHAIN_MEMBER

  // Loads it at the first call; nullptr where it isn't installed.
  static const OpenSsl* Get();
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_OPENSSL_H_
