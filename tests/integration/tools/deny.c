// deny pidfd_getfd|docker|seccomp|memory COMMAND…: runs COMMAND under an outer seccomp filter, as a
// container does. pidfd_getfd: that call alone answers EPERM. docker: also those that Docker's default
// profile refuses without capabilities (namespaces, mounts: EPERM; clone3: ENOSYS; io_uring).
// seccomp: further filters, as on a kernel that has none (ENOSYS). memory: looking into other
// processes, as Yama refuses it with kernel.yama.ptrace_scope 2.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define NR offsetof(struct seccomp_data, nr)
#define ARG0 offsetof(struct seccomp_data, args[0])
#define ARG3_HIGH (offsetof(struct seccomp_data, args[3]) + 4)
#define FAIL(number, error)                            \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define NAMESPACES 0x7e020000u  // CLONE_NEWNS … CLONE_NEWNET

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  struct sock_filter narrow[] = {
      LOAD(NR),
      FAIL(438 /* pidfd_getfd */, EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_filter docker[] = {
      LOAD(NR),
      FAIL(438 /* pidfd_getfd */, EPERM),
      FAIL(SYS_unshare, EPERM),
      FAIL(SYS_setns, EPERM),
      FAIL(SYS_mount, EPERM),
      FAIL(SYS_umount2, EPERM),
      FAIL(SYS_bpf, EPERM),
      FAIL(SYS_perf_event_open, EPERM),
      FAIL(435 /* clone3 */, ENOSYS),
      FAIL(425 /* io_uring_setup */, EPERM),
      FAIL(426 /* io_uring_enter */, EPERM),
      FAIL(427 /* io_uring_register */, EPERM),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
      LOAD(ARG0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_filter no_filters[] = {
      LOAD(NR),
      FAIL(SYS_seccomp, ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_filter no_memory[] = {
      LOAD(NR),
      FAIL(438 /* pidfd_getfd */, EPERM),
      FAIL(SYS_process_vm_readv, EPERM),
      // /proc/PID/mem is read at addresses; no other file has so large an offset.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 0, 3),
      LOAD(ARG3_HIGH),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof narrow / sizeof *narrow, narrow};
  if (!strcmp(argv[1], "docker")) {
    program.len = sizeof docker / sizeof *docker;
    program.filter = docker;
  }
  if (!strcmp(argv[1], "seccomp")) {
    program.len = sizeof no_filters / sizeof *no_filters;
    program.filter = no_filters;
  }
  if (!strcmp(argv[1], "memory")) {
    program.len = sizeof no_memory / sizeof *no_memory;
    program.filter = no_memory;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
    perror("deny");
    return 125;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
