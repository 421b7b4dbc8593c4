// bufferevent COUNT HOST PORT: libevent's bufferevents, COUNT at once to an echo server at address
// HOST, beside a timer of 10 ms. Prints how many echoes came whole, and how often the timer ticked.
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kText[] = "through libevent";
static int open_count, echoed, ticks;
static struct event_base* base;

static void Finish(struct bufferevent* b) {
  bufferevent_free(b);
  if (--open_count == 0) event_base_loopbreak(base);
}

static void Read(struct bufferevent* b, void* unused) {
  (void)unused;
  struct evbuffer* const input = bufferevent_get_input(b);
  if (evbuffer_get_length(input) < sizeof kText) return;
  char text[sizeof kText];
  evbuffer_remove(input, text, sizeof text);
  echoed += !memcmp(text, kText, sizeof text);
  Finish(b);
}

static void Happened(struct bufferevent* b, short events, void* unused) {
  (void)unused;
  if (events & BEV_EVENT_CONNECTED) {
    bufferevent_write(b, kText, sizeof kText);
  } else {
    Finish(b);
  }
}

static void Tick(evutil_socket_t fd, short events, void* unused) {
  (void)fd, (void)events, (void)unused;
  ++ticks;
}

int main(int argc, char** argv) {
  if (argc != 4) return 9;
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3]))};
  if (inet_pton(AF_INET, argv[2], &target.sin_addr) != 1) return 9;
  base = event_base_new();
  if (strcmp(event_base_get_method(base), "epoll") != 0) return 8;
  const struct timeval often = {0, 10000};
  event_add(event_new(base, -1, EV_PERSIST, Tick, NULL), &often);
  open_count = atoi(argv[1]);
  for (int i = open_count; i > 0; --i) {
    struct bufferevent* const b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(b, Read, NULL, Happened, NULL);
    bufferevent_enable(b, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(b, (struct sockaddr*)&target, sizeof target) != 0) return 7;
  }
  event_base_dispatch(base);
  printf("%d %d\n", echoed, ticks);
  return 0;
}
