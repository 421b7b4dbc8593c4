// libevent_client COUNT HOST PORT: COUNT connects at once to an echo server, on one libevent loop
// whose timer ticks meanwhile. Prints how many echoes were right, and whether the timer kept time.
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop_client.h"

static struct event_base* base;
static int open_count, good, ticks;

static void OnRead(struct bufferevent* stream, void* unused) {
  (void)unused;
  char answer[8];
  if (evbuffer_get_length(bufferevent_get_input(stream)) < 5) {
    return;
  }
  bufferevent_read(stream, answer, 5);
  good += memcmp(answer, "ping\n", 5) == 0;
  bufferevent_free(stream);
  if (--open_count == 0) {
    event_base_loopbreak(base);
  }
}

static void OnEvent(struct bufferevent* stream, short what, void* unused) {
  (void)unused;
  if ((what & BEV_EVENT_CONNECTED) != 0) {
    bufferevent_write(stream, "ping\n", 5);
    return;
  }
  bufferevent_free(stream);
  if (--open_count == 0) {
    event_base_loopbreak(base);
  }
}

static void OnTick(int fd, short what, void* unused) {
  (void)fd, (void)what, (void)unused;
  ++ticks;
}

int main(int argc, char** argv) {
  const struct Wish wish = ReadWish(argc, argv);
  base = event_base_new();
  for (int i = 0; i < wish.count; ++i) {
    struct bufferevent* stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(stream, OnRead, NULL, OnEvent, NULL);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    ++open_count;
    if (bufferevent_socket_connect(stream, wish.address->ai_addr,
                                   (int)wish.address->ai_addrlen) != 0) {
      printf("connect failed\n");
      return 1;
    }
  }
  struct event* tick = event_new(base, -1, EV_PERSIST, OnTick, NULL);
  const struct timeval every = {0, kTickMs * 1000};
  event_add(tick, &every);
  event_base_dispatch(base);
  Conclude(&wish, good, ticks);
  return 0;
}
