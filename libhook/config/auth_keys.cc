#include "config/auth_keys.h"

#include "config/values.h"

namespace config {
namespace {

// Of a NetBIOS name, which is what a workstation's is (MS-NLMP §2.2.2.1).
constexpr size_t kLongestWorkstation = 15;

bool IsHttp(const ProxyUrl& url) {
  return url.type == ProxyType::kHttp || url.type == ProxyType::kHttps;
}

}  // namespace

void AuthKeys::Read(RulesContext* context, Key key, const IniEntry& entry) {
  if (key == Key::kWorkstation) {
    workstation_ = Value{entry.place, entry.value};
  } else if (auto complaint = ParseAuth(entry.value, &auth_)) {
    context->Complain(entry.place, std::move(*complaint));
  } else {
    auth_place_ = entry.place;
  }
}

bool AuthKeys::Finish(RulesContext* context, const ProxyUrl& url, bool has_password_key,
                      uint16_t index) const {
  const bool good_auth = !auth_place_ || MayHaveAuth(context, url, has_password_key);
  const bool good_workstation = !workstation_ || MayHaveWorkstation(context, url);
  if (!good_auth || !good_workstation) {
    return false;
  }
  ImageWriter& image = context->image();
  image.proxies()[index].auth = auth_;
  if (workstation_) {
    image.proxies()[index].workstation = image.AddText(workstation_->text);
  }
  return true;
}

bool AuthKeys::MayHaveAuth(RulesContext* context, const ProxyUrl& url,
                           bool has_password_key) const {
  if (!IsHttp(url)) {
    context->Complain(*auth_place_, "'auth' is for http and https proxies");
    return false;
  }
  const bool has_user = !url.user.empty();
  if (auth_ != Auth::kNegotiate) {
    if (!has_user) {
      context->Complain(*auth_place_, "'auth' needs a user in the url");
    }
    return has_user;
  }
  if (has_user || !url.password.empty() || has_password_key) {
    context->Complain(*auth_place_,
                      "negotiate takes no user and no password: the Kerberos ticket says who you "
                      "are");
    return false;
  }
  return true;
}

bool AuthKeys::MayHaveWorkstation(RulesContext* context, const ProxyUrl& url) const {
  const Place place = workstation_->place;
  if (!IsHttp(url)) {
    context->Complain(place, "'workstation' is for http and https proxies");
  } else if (auth_ != Auth::kAny && auth_ != Auth::kNtlm) {
    context->Complain(place, "'workstation' is for ntlm, and 'auth' says another");
  } else if (url.user.empty()) {
    context->Complain(place, "'workstation' needs a user in the url");
  } else if (workstation_->text.size() > kLongestWorkstation) {
    context->Complain(place, "the workstation has more than 15 bytes");
  } else {
    return true;
  }
  return false;
}

}  // namespace config
