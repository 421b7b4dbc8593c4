// Rights: programs that bring rights of their own (setuid, setgid, file capabilities), started
// where the supervisor's no_new_privs takes them away.
#ifndef GOCHAIN_HOOKS_RIGHTS_H_
#define GOCHAIN_HOOKS_RIGHTS_H_

namespace hooks {

// What the rules say of starting `path`, which the caller is about to execute: 0, or EACCES. Where
// the program will lack its rights a line says so, once a run. For a process under a supervisor;
// async-signal-safe, safe between vfork and exec.
int CheckRights(const char* path);
// The same for the file that execvp(3) finds for `name`.
int CheckRightsOfNamed(const char* name);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_RIGHTS_H_
