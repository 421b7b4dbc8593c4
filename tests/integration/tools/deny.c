// deny pidfd_getfd|docker|docker-ptrace|seccomp|memory COMMAND…: runs COMMAND under an outer seccomp
// filter, as a container does. pidfd_getfd: that call alone answers EPERM. docker: also those that Docker's
// default profile refuses to who has no capabilities (EPERM; clone3: ENOSYS), as far as a program may
// do without. docker-ptrace: the same with CAP_SYS_PTRACE added, which allows pidfd_getfd and others.
// seccomp: further filters, as on a kernel that has none (ENOSYS). memory: looking into other
// processes, as Yama refuses it with kernel.yama.ptrace_scope 2.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define NAMESPACES 0x7e020000u  // CLONE_NEWNS … CLONE_NEWNET
#define KEY_SOCKETS 38           // AF_ALG
#define VIRTUAL_MACHINES 40      // AF_VSOCK

// Refused to who has no CAP_SYS_PTRACE; process_vm_readv and its sister up to Docker 20.10.
static const int kPtrace[] = {438 /* pidfd_getfd */, SYS_process_vm_readv, SYS_process_vm_writev,
                              SYS_kcmp};
static const int kDocker[] = {
    // namespaces and mounts
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, 428 /* open_tree */,
    429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */,
    442 /* mount_setattr */,
    // looks into the kernel and other processes
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_syslog, SYS_lookup_dcookie, SYS_fanotify_init,
    SYS_open_by_handle_at,
    // keys, memory policies, the machine
    SYS_add_key, SYS_keyctl, SYS_request_key, SYS_mbind, SYS_set_mempolicy, SYS_get_mempolicy,
    SYS_move_pages, SYS_acct, SYS_quotactl, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_clock_settime, SYS_settimeofday,
    SYS_vhangup,
    // as of Docker 25
    425 /* io_uring_setup */, 426 /* io_uring_enter */, 427 /* io_uring_register */};

static struct sock_filter filter[256];
static unsigned short length;

static void Add(struct sock_filter step) { filter[length++] = step; }

static void Fail(unsigned value, int error) {
  Add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  Add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error));
}

static void FailAll(const int* numbers, size_t count) {
  for (size_t i = 0; i < count; ++i) Fail((unsigned)numbers[i], EPERM);
}

// Of a call, by its first argument; what follows is for others.
static void InCall(int number, unsigned char steps) {
  Add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, steps));
  Add((struct sock_filter)LOAD(args[0]));
}

static void Allow(void) { Add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)); }

static void AddDocker(void) {
  FailAll(kDocker, sizeof kDocker / sizeof *kDocker);
  Fail(435 /* clone3 */, ENOSYS);
  InCall(SYS_clone, 4);
  Add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1));
  Add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  Allow();
  InCall(SYS_socket, 6);
  Fail(KEY_SOCKETS, EPERM);
  Fail(VIRTUAL_MACHINES, EPERM);
  Allow();
}

static void AddMemory(void) {
  Fail(SYS_process_vm_readv, EPERM);
  // /proc/PID/mem is read at addresses; no other file has so large an offset.
  Add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 0, 3));
  Add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                   offsetof(struct seccomp_data, args[3]) + 4));
  Add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
  Add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  const char* const kind = argv[1];
  Add((struct sock_filter)LOAD(nr));
  if (!strcmp(kind, "seccomp")) Fail(SYS_seccomp, ENOSYS);
  if (!strcmp(kind, "pidfd_getfd") || !strcmp(kind, "memory")) FailAll(kPtrace, 1);
  if (!strcmp(kind, "docker")) FailAll(kPtrace, sizeof kPtrace / sizeof *kPtrace);
  if (!strncmp(kind, "docker", 6)) AddDocker();
  if (!strcmp(kind, "memory")) AddMemory();
  Allow();
  struct sock_fprog program = {length, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
    perror("deny");
    return 125;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
