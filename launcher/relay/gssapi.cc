#include "relay/gssapi.h"

#include <dlfcn.h>
#include <gssapi/gssapi.h>

#include <array>

namespace relay {
namespace {

constexpr const char* kLibrary = "libgssapi_krb5.so.2";

// What is used of the library; all null where it isn't there.
struct Library {
  decltype(&gss_import_name) import_name = nullptr;
  decltype(&gss_release_name) release_name = nullptr;
  decltype(&gss_init_sec_context) init_sec_context = nullptr;
  decltype(&gss_delete_sec_context) delete_sec_context = nullptr;
  decltype(&gss_release_buffer) release_buffer = nullptr;
  decltype(&gss_display_status) display_status = nullptr;
  std::string trouble;
};

template <typename Function>
void Find(void* handle, const char* name, Function& function, std::string& trouble) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr) {
    trouble = std::string(kLibrary) + " lacks " + name;
  }
}

Library Load() {
  Library out;
  void* handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* words = dlerror();
    out.trouble = words != nullptr ? words : std::string(kLibrary) + " can't be loaded";
    return out;
  }
  Find(handle, "gss_import_name", out.import_name, out.trouble);
  Find(handle, "gss_release_name", out.release_name, out.trouble);
  Find(handle, "gss_init_sec_context", out.init_sec_context, out.trouble);
  Find(handle, "gss_delete_sec_context", out.delete_sec_context, out.trouble);
  Find(handle, "gss_release_buffer", out.release_buffer, out.trouble);
  Find(handle, "gss_display_status", out.display_status, out.trouble);
  return out;
}

// Never unloaded: libkrb5 has state of its threads.
const Library& TheLibrary() {
  static const Library library = Load();
  return library;
}

// The headers name these as variables of the library, which isn't linked. DER, without its head.
std::array<unsigned char, 10> host_service = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                              0x12, 0x01, 0x02, 0x01, 0x04};
std::array<unsigned char, 6> spnego = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x02};  // RFC 4178
std::array<unsigned char, 9> krb5 = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};

template <size_t kSize>
gss_OID_desc Oid(std::array<unsigned char, kSize>& bytes) {
  return {.length = static_cast<OM_uint32>(kSize), .elements = bytes.data()};
}

// The library's words for a status, of which there may be several.
std::string Words(const Library& library, OM_uint32 status, int kind, gss_OID mechanism) {
  std::string out;
  OM_uint32 more = 0;
  do {
    OM_uint32 minor = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (GSS_ERROR(library.display_status(&minor, status, kind, mechanism, &more, &text))) {
      break;
    }
    out += out.empty() ? "" : "; ";
    out.append(static_cast<const char*>(text.value), text.length);
    library.release_buffer(&minor, &text);
  } while (more != 0);
  return out;
}

// The mechanism's own words say more, where it has any.
std::string Trouble(const Library& library, OM_uint32 major, OM_uint32 minor, gss_OID mechanism) {
  std::string out;
  if (minor != 0) {
    out = Words(library, minor, GSS_C_MECH_CODE, mechanism);
  }
  return out.empty() ? Words(library, major, GSS_C_GSS_CODE, GSS_C_NO_OID) : out;
}

GssToken FirstMessage(const Library& library, gss_name_t name, gss_OID mechanism) {
  GssToken out;
  gss_ctx_id_t context = GSS_C_NO_CONTEXT;
  gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor = 0;
  const OM_uint32 major = library.init_sec_context(
      &minor, GSS_C_NO_CREDENTIAL, &context, name, mechanism, 0, 0, GSS_C_NO_CHANNEL_BINDINGS,
      GSS_C_NO_BUFFER, nullptr, &message, nullptr, nullptr);
  if (GSS_ERROR(major)) {
    out.trouble = Trouble(library, major, minor, mechanism);
  } else if (message.length == 0) {
    out.trouble = "GSSAPI made an empty message";
  } else {
    out.bytes.assign(static_cast<const char*>(message.value), message.length);
  }
  library.release_buffer(&minor, &message);
  if (context != GSS_C_NO_CONTEXT) {
    library.delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
  }
  return out;
}

}  // namespace

GssToken MakeGssToken(const std::string& host) {
  const Library& library = TheLibrary();
  if (!library.trouble.empty()) {
    return {.bytes = {}, .trouble = library.trouble};
  }
  std::string service = "HTTP@" + host;
  gss_buffer_desc text{.length = service.size(), .value = service.data()};
  gss_OID_desc kind = Oid(host_service);
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 minor = 0;
  const OM_uint32 major = library.import_name(&minor, &text, &kind, &name);
  if (GSS_ERROR(major)) {
    return {.bytes = {}, .trouble = Trouble(library, major, minor, GSS_C_NO_OID)};
  }
  gss_OID_desc mechanism = Oid(spnego);
  GssToken out = FirstMessage(library, name, &mechanism);
  if (out.bytes.empty()) {
    // SPNEGO hides why its only mechanism failed. Asked by itself, that one says it; or, where the
    // library has no SPNEGO, makes a message that acceptors take as well.
    mechanism = Oid(krb5);
    out = FirstMessage(library, name, &mechanism);
  }
  library.release_name(&minor, &name);
  return out;
}

}  // namespace relay
