// holdback MICROSECONDS (NETNS DEVICE NETNS DEVICE)…: links with a delay. For each four words it
// makes a tun device in either network namespace and carries packets between the two, each so long
// after it came, none lost, none overtaken. Prints "ready" once the devices are there, and at
// SIGTERM, on standard error, how late it was beyond the delay. As root, or as who is root in a
// user namespace.
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { kMaxEnds = 32, kMaxHeld = 1 << 14, kMaxPacket = 2048 };
static const int64_t kSecond = 1000000000;

// All links have one delay, so that what comes first goes first: one queue for all of them.
struct Packet {
  int64_t due;
  int out;
  uint32_t size;
  unsigned char bytes[kMaxPacket];
};
static struct Packet held[kMaxHeld];  // pages are taken as they are used
static uint32_t first, end;           // of `held`, counted on without end

static struct pollfd ends[kMaxEnds];  // that of link n: 2n and 2n + 1
static int end_count;

static struct {
  long packets;
  int64_t late, worst;
} seen;

static volatile sig_atomic_t told_to_end;
static void End(int signal) {
  (void)signal;
  told_to_end = 1;
}

static void Die(const char* what) {
  fprintf(stderr, "holdback: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

static int MakeDevice(const char* netns, const char* name) {
  const int ns = open(netns, O_RDONLY | O_CLOEXEC);
  if (ns < 0 || setns(ns, CLONE_NEWNET) != 0) Die(netns);
  close(ns);
  const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) Die("/dev/net/tun");
  struct ifreq wanted = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  snprintf(wanted.ifr_name, sizeof wanted.ifr_name, "%s", name);
  if (ioctl(tun, TUNSETIFF, &wanted) != 0) Die(name);
  return tun;
}

static void TakeAll(int in, int out, int64_t delay) {
  while (end - first < kMaxHeld) {
    struct Packet* const packet = &held[end % kMaxHeld];
    const ssize_t size = read(in, packet->bytes, sizeof packet->bytes);
    if (size <= 0) {
      // EIO: the device isn't up yet.
      if (size == 0 || (errno != EAGAIN && errno != EINTR && errno != EIO)) Die("read");
      return;
    }
    packet->size = (uint32_t)size;
    packet->out = out;
    packet->due = Now() + delay;
    ++end;
  }
}

static void SendDue(void) {
  for (; first != end; ++first) {
    const struct Packet* const packet = &held[first % kMaxHeld];
    const int64_t late = Now() - packet->due;
    if (late < 0) return;
    if (write(packet->out, packet->bytes, packet->size) < 0 && errno != EIO) Die("write");
    ++seen.packets;
    seen.late += late;
    if (late > seen.worst) seen.worst = late;
  }
}

static void Carry(int64_t delay) {
  sigset_t none;
  sigemptyset(&none);
  while (!told_to_end) {
    struct timespec rest = {0};
    if (first != end) {
      const int64_t left = held[first % kMaxHeld].due - Now();
      if (left > 0) rest = (struct timespec){left / kSecond, left % kSecond};
    }
    // Where nothing more can be held, packets wait in the devices.
    const nfds_t count = end - first < kMaxHeld ? (nfds_t)end_count : 0;
    const int ready = ppoll(ends, count, first != end ? &rest : NULL, &none);
    if (ready < 0 && errno != EINTR) Die("ppoll");
    SendDue();
    for (int i = 0; ready > 0 && i < (int)count; ++i) {
      if (ends[i].revents & POLLIN) TakeAll(ends[i].fd, ends[i ^ 1].fd, delay);
    }
  }
}

int main(int argc, char** argv) {
  const int64_t delay = argc > 1 ? atol(argv[1]) * 1000 : 0;
  if (delay <= 0 || argc < 6 || (argc - 2) % 4 != 0 || (argc - 2) / 2 > kMaxEnds) return 2;
  for (int i = 2; i < argc; i += 2) {
    ends[end_count++] = (struct pollfd){.fd = MakeDevice(argv[i], argv[i + 1]), .events = POLLIN};
  }
  // A delay that depends on who else has the processor is none. Where this is refused, the figures
  // at the end say what that meant.
  const struct sched_param priority = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO, &priority);
  prctl(PR_SET_TIMERSLACK, 1UL);
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL);
  const struct sigaction action = {.sa_handler = End};
  sigaction(SIGTERM, &action, NULL);
  puts("ready");
  fflush(stdout);
  Carry(delay);
  fprintf(stderr, "%ld packets, on average %.3f ms late, %.1f ms at most\n", seen.packets,
          seen.packets > 0 ? (double)seen.late / (double)seen.packets / 1e6 : 0.0,
          (double)seen.worst / 1e6);
  return 0;
}
