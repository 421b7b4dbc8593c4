// Complain: a line to the person who started gochain.
#ifndef GOCHAIN_PROCESS_COMPLAIN_H_
#define GOCHAIN_PROCESS_COMPLAIN_H_

#include <string_view>

namespace process {

// "gochain: MESSAGE" on standard error, which may be closed. Returns kOwnFailure.
int Complain(std::string_view message);

}  // namespace process

#endif  // GOCHAIN_PROCESS_COMPLAIN_H_
