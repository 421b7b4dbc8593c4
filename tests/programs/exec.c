// exec CALL PROGRAM [ARG…]: starts PROGRAM by CALL in a child and prints how that ends; the child's
// output comes before. CALL is one of the calls below, with "vfork-" before it where the child is made
// by vfork(2). In CALL-clean the program is given no environment but PATH. Its argv[0] is one that no
// file has.
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "program.h"

extern char** environ;

static char** g_environment;
static char* g_path_alone[2];

static int IsCall(const char* call, const char* name) {
  return strcmp(call, name) == 0;
}

static int OpenFolder(const char* path, const char** base) {
  char folder[4096];
  const char* const slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
  *base = slash + 1;
  return open(folder, O_RDONLY | O_DIRECTORY);
}

// -1 with errno, or doesn't return.
static int Exec(const char* call, char** argv) {
  char* const file = argv[0];
  const char* base __attribute__((unused)) = file;
  int fd;
  argv[0] = "name of its own";
  if (IsCall(call, "execve")) return execve(file, argv, g_environment);
  if (IsCall(call, "execv")) return execv(file, argv);
  if (IsCall(call, "execvp")) return execvp(file, argv);
  if (IsCall(call, "execvpe")) return execvpe(file, argv, g_environment);
  if (IsCall(call, "execl")) return execl(file, argv[0], argv[1], NULL);
  if (IsCall(call, "execlp")) return execlp(file, argv[0], argv[1], NULL);
  if (IsCall(call, "execle")) return execle(file, argv[0], argv[1], NULL, g_environment);
  if (IsCall(call, "fexecve") || IsCall(call, "fexecve-cloexec") || IsCall(call, "fexecve-path")) {
    const int flags = IsCall(call, "fexecve-cloexec") ? O_CLOEXEC : 0;
    fd = open(file, flags | (IsCall(call, "fexecve-path") ? O_PATH : O_RDONLY));
    if (fd < 0) return -1;
    return fexecve(fd, argv, g_environment);
  }
  if (IsCall(call, "syscall-execve")) {
    return (int)syscall(SYS_execve, file, argv, g_environment);
  }
  if (IsCall(call, "syscall-execveat")) {
    fd = OpenFolder(file, &base);
    return (int)syscall(SYS_execveat, fd, base, argv, g_environment, 0);
  }
#ifdef __GLIBC__
  if (IsCall(call, "execveat")) {
    fd = OpenFolder(file, &base);
    return execveat(fd, base, argv, g_environment, 0);
  }
  if (IsCall(call, "execveat-cloexec")) {
    fd = OpenFolder(file, &base);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return execveat(fd, base, argv, g_environment, AT_SYMLINK_NOFOLLOW);
  }
  if (IsCall(call, "execveat-here")) return execveat(AT_FDCWD, file, argv, g_environment, 0);
  if (IsCall(call, "execveat-empty")) {
    fd = open(file, O_PATH);
    return execveat(fd, "", argv, g_environment, AT_EMPTY_PATH);
  }
#endif
  fprintf(stderr, "no call %s\n", call);
  _exit(2);
}

static void PrintEnd(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) != child) {
    Die("waitpid");
  }
  if (WIFSIGNALED(status)) {
    printf("ended by signal %d\n", WTERMSIG(status));
  } else {
    printf("ended with %d\n", WEXITSTATUS(status));
  }
}

static void PrintPiped(int fd) {
  char text[4096];
  ssize_t size;
  printf("piped:\n");
  while ((size = read(fd, text, sizeof text)) > 0) {
    fwrite(text, 1, (size_t)size, stdout);
  }
}

// The child leaves its errno in a pipe.
static void RunExec(const char* call, char** argv, int by_vfork) {
  int ends[2];
  int error = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    Die("pipe");
  }
  fflush(stdout);
  const pid_t child = by_vfork ? vfork() : fork();
  if (child == 0) {
    Exec(call, argv);
    error = errno;
    _exit(write(ends[1], &error, sizeof error) == sizeof error ? 99 : 98);
  }
  close(ends[1]);
  if (read(ends[0], &error, sizeof error) == sizeof error) {
    printf("%s: %s\n", call, ErrnoName(error));
    waitpid(child, NULL, 0);
    return;
  }
  PrintEnd(child);
}

// The actions send the output to a pipe and open a descriptor; the attributes block SIGUSR1 and make a
// process group.
static void RunSpawn(const char* call, char** argv) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t mask;
  pid_t child;
  int ends[2];
  char* const file = argv[0];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    Die("pipe");
  }
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 7, "/dev/null", O_RDONLY, 0);
  if (IsCall(call, "posix_spawn-chdir")) {
    const char* base;
    posix_spawn_file_actions_addfchdir_np(&actions, OpenFolder(file, &base));
    char* relative;
    if (asprintf(&relative, "./%s", base) < 0) {
      Die("asprintf");
    }
    argv[0] = relative;
  }
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  char* const given = argv[0];
  argv[0] = "name of its own";
  const int error =
      IsCall(call, "posix_spawnp")
          ? posix_spawnp(&child, given, &actions, &attributes, argv, g_environment)
          : posix_spawn(&child, given, &actions, &attributes, argv, g_environment);
  if (error != 0) {
    printf("%s: %s\n", call, ErrnoName(error));
    return;
  }
  close(ends[1]);
  PrintPiped(ends[0]);
  PrintEnd(child);
}

static void RunShell(const char* call, char** argv) {
  char command[4096] = "";
  for (; *argv != NULL; ++argv) {
    strcat(strcat(strcat(command, "'"), *argv), "' ");
  }
  fflush(stdout);
  environ = g_environment;
  if (IsCall(call, "system")) {
    const int status = system(command);
    printf("ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return;
  }
  FILE* const output = popen(command, "r");
  if (output == NULL) {
    Die("popen");
  }
  PrintPiped(fileno(output));
  printf("ended with %d\n", WEXITSTATUS(pclose(output)));
}

int main(int argc, char** argv) {
  char call[64];
  if (argc < 3 || strlen(argv[1]) >= sizeof call) {
    Usage("exec CALL PROGRAM [ARG...]");
  }
  strcpy(call, argv[1]);
  g_environment = environ;
  char* const clean = strstr(call, "-clean");
  if (clean != NULL) {
    *clean = '\0';
    g_path_alone[0] = "PATH=/usr/bin:/bin";
    g_environment = g_path_alone;
  }
  if (strncmp(call, "posix_spawn", 11) == 0) {
    RunSpawn(call, argv + 2);
  } else if (IsCall(call, "system") || IsCall(call, "popen")) {
    RunShell(call, argv + 2);
  } else if (strncmp(call, "vfork-", 6) == 0) {
    RunExec(call + 6, argv + 2, 1);
  } else {
    RunExec(call, argv + 2, 0);
  }
  return 0;
}
