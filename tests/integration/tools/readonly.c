// readonly: makes everything mounted in this mount namespace read-only, but /proc.
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

int main(void) {
  struct mount_attr on = {.attr_set = MOUNT_ATTR_RDONLY};
  struct mount_attr off = {.attr_clr = MOUNT_ATTR_RDONLY};
  if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &on, sizeof on) ||
      syscall(SYS_mount_setattr, AT_FDCWD, "/proc", 0, &off, sizeof off)) {
    perror("mount_setattr");
    return 1;
  }
  return 0;
}
