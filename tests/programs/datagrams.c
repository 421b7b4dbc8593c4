// datagrams: what datagrams on loopback, sent in each way, keep under any door: their data in
// pieces, their ancillary data, the counts and lengths of sendmmsg, and descriptors that go over
// AF_UNIX. One line each, "WHAT: ok" or what is wrong.
#include <sys/un.h>

#include "program.h"

static int receiver, sender;
static struct sockaddr_in own;

static void Check(const char* what, int is_right) {
  printf("%s: %s\n", what, is_right ? "ok" : ErrnoName(errno));
}

static int Receives(const char* wanted) {
  char data[64] = {0};
  const ssize_t size = recv(receiver, data, sizeof data, MSG_DONTWAIT);
  return size == (ssize_t)strlen(wanted) && memcmp(data, wanted, (size_t)size) == 0;
}

static struct msghdr Message(struct iovec* pieces, size_t count) {
  struct msghdr out = {0};
  out.msg_name = &own;
  out.msg_namelen = sizeof own;
  out.msg_iov = pieces;
  out.msg_iovlen = count;
  return out;
}

static void SendInPieces(void) {
  struct iovec pieces[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  const struct msghdr message = Message(pieces, 3);
  Check("pieces", sendmsg(sender, &message, 0) == 5 && Receives("abcde"));
}

static void SendNothing(void) {
  const struct msghdr message = Message(NULL, 0);
  Check("empty", sendmsg(sender, &message, 0) == 0 && Receives(""));
}

// The time to live of one datagram.
static void SendWithControl(void) {
  char room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec piece = {"x", 1};
  struct msghdr message = Message(&piece, 1);
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_TTL;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int ttl = 77;
  memcpy(CMSG_DATA(header), &ttl, sizeof ttl);
  const int on = 1;
  setsockopt(receiver, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  int received = 0;
  if (sendmsg(sender, &message, 0) == 1) {
    struct msghdr got = {.msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(receiver, &got, 0) >= 0 && (header = CMSG_FIRSTHDR(&got)) != NULL) {
      memcpy(&received, CMSG_DATA(header), sizeof received);
    }
  }
  Check("control", received == ttl);
}

static void SendMany(void) {
  struct iovec pieces[] = {{"one", 3}, {"three", 5}};
  struct mmsghdr messages[] = {{.msg_hdr = Message(&pieces[0], 1)},
                               {.msg_hdr = Message(&pieces[1], 1)}};
  const int sent = sendmmsg(sender, messages, 2, 0);
  Check("many", sent == 2 && messages[0].msg_len == 3 && messages[1].msg_len == 5 &&
                    Receives("one") && Receives("three"));
}

// The second goes nowhere: a port 0.
static void SendManyUpToABadOne(void) {
  struct iovec piece = {"x", 1};
  struct sockaddr_in nowhere = own;
  nowhere.sin_port = 0;
  struct mmsghdr messages[] = {{.msg_hdr = Message(&piece, 1)}, {.msg_hdr = Message(&piece, 1)}};
  messages[1].msg_hdr.msg_name = &nowhere;
  const int some = sendmmsg(sender, messages, 2, 0);
  const int none = sendmmsg(sender, messages + 1, 1, 0);
  Check("some", some == 1 && Receives("x") && none == -1 && errno == EINVAL);
}

static void SendWhatIsTooLong(void) {
  static char data[70000];
  struct iovec piece = {data, sizeof data};
  const struct msghdr message = Message(&piece, 1);
  Check("too long", sendmsg(sender, &message, 0) == -1 && errno == EMSGSIZE);
}

static void SendFromNowhere(void) {
  struct iovec piece = {(void*)16, 1};
  struct msghdr message = Message(&piece, 1);
  const int data = sendmsg(sender, &message, 0) == -1 && errno == EFAULT;
  piece.iov_base = "x";
  message.msg_name = (void*)16;
  Check("bad pointer", data && sendmsg(sender, &message, 0) == -1 && errno == EFAULT);
}

static void SendConnected(void) {
  struct iovec piece = {"there", 5};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  Check("connected", connect(sender, (struct sockaddr*)&own, sizeof own) == 0 &&
                         sendmsg(sender, &message, 0) == 5 && Receives("there"));
}

static void PassADescriptor(void) {
  int ends[2], passed = -1;
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  char room[CMSG_SPACE(sizeof(int))] = {0};
  char byte = 'd';
  struct iovec piece = {&byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room,
                           .msg_controllen = sizeof room};
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &receiver, sizeof receiver);
  if (sendmsg(ends[0], &message, MSG_NOSIGNAL) == 1 && recvmsg(ends[1], &message, 0) == 1 &&
      (header = CMSG_FIRSTHDR(&message)) != NULL) {
    memcpy(&passed, CMSG_DATA(header), sizeof passed);
  }
  struct sockaddr_in there = {0};
  socklen_t length = sizeof there;
  Check("descriptor", passed >= 0 && getsockname(passed, (struct sockaddr*)&there, &length) == 0 &&
                          there.sin_port == own.sin_port);
}

static void SendToAPath(void) {
  const struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  struct iovec piece = {"x", 1};
  struct msghdr message = Message(&piece, 1);
  message.msg_name = (void*)&nobody;
  message.msg_namelen = sizeof nobody;
  Check("path", sendmsg(fd, &message, 0) == -1 && errno == ENOENT);
}

int main(void) {
  receiver = socket(AF_INET, SOCK_DGRAM, 0);
  sender = socket(AF_INET, SOCK_DGRAM, 0);
  own = (struct sockaddr_in){.sin_family = AF_INET};
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof own;
  if (bind(receiver, (struct sockaddr*)&own, length) != 0 ||
      getsockname(receiver, (struct sockaddr*)&own, &length) != 0) {
    Die("bind");
  }
  SendInPieces();
  SendNothing();
  SendWithControl();
  SendMany();
  SendManyUpToABadOne();
  SendWhatIsTooLong();
  SendFromNowhere();
  SendConnected();
  PassADescriptor();
  SendToAPath();
  return 0;
}
