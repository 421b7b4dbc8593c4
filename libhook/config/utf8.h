// What a rules file's bytes may be.
#ifndef GOCHAIN_CONFIG_UTF8_H_
#define GOCHAIN_CONFIG_UTF8_H_

#include <string>
#include <string_view>

namespace config {

// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
bool IsUtf8(std::string_view text);

// The first control byte but the tab; a C1 control (U+0080 to U+009F, which terminals obey) counts
// by its second byte. -1 where there is none.
int FindControlByte(std::string_view text);

// "a control byte (0x1b)"
std::string ControlByteText(int byte);

}  // namespace config

#endif  // GOCHAIN_CONFIG_UTF8_H_
