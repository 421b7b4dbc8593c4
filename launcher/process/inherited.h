// What a process of gochain's lets go of: it may outlive COMMAND, and then a pipe, a lock or a file
// system of whoever started gochain must not stay busy.
#ifndef GOCHAIN_PROCESS_INHERITED_H_
#define GOCHAIN_PROCESS_INHERITED_H_

#include <vector>

namespace process {

// Descriptors that this process got from whoever started gochain: all above 2 that aren't `own`.
std::vector<int> InheritedDescriptors(const std::vector<int>& own);

// Makes `fd` one of /dev/null.
void PointAtNull(int fd);

// Ignores the signals that end a job, closes `inherited`, standard input and output, and leaves
// the folder. Standard error stays, for what there is to say while COMMAND runs.
void LetGo(const std::vector<int>& inherited);

}  // namespace process

#endif  // GOCHAIN_PROCESS_INHERITED_H_
