// libuv_client COUNT HOST PORT: as libevent_client, on a libuv loop.
#include <string.h>
#include <uv.h>

#include "loop_client.h"

static uv_timer_t timer;
static int open_count, good, ticks;

static void OnClose(uv_handle_t* handle) {
  free(handle);
  if (--open_count == 0) {
    uv_close((uv_handle_t*)&timer, NULL);
  }
}

static void OnRoom(uv_handle_t* handle, size_t size, uv_buf_t* room) {
  (void)handle, (void)size;
  static char memory[64];
  *room = uv_buf_init(memory, sizeof memory);
}

static void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* data) {
  good += count == 5 && memcmp(data->base, "ping\n", 5) == 0;
  if (count != 0) {
    uv_close((uv_handle_t*)stream, OnClose);
  }
}

static void OnConnect(uv_connect_t* request, int status) {
  uv_stream_t* const stream = request->handle;
  free(request);
  const uv_buf_t ping = uv_buf_init("ping\n", 5);
  if (status != 0 || uv_try_write(stream, &ping, 1) != 5) {
    uv_close((uv_handle_t*)stream, OnClose);
    return;
  }
  uv_read_start(stream, OnRoom, OnRead);
}

static void OnTick(uv_timer_t* unused) {
  (void)unused;
  ++ticks;
}

int main(int argc, char** argv) {
  const struct Wish wish = ReadWish(argc, argv);
  uv_loop_t* const loop = uv_default_loop();
  uv_timer_init(loop, &timer);
  uv_timer_start(&timer, OnTick, kTickMs, kTickMs);
  for (int i = 0; i < wish.count; ++i) {
    uv_tcp_t* const stream = malloc(sizeof *stream);
    uv_connect_t* const request = malloc(sizeof *request);
    uv_tcp_init(loop, stream);
    uv_tcp_nodelay(stream, 1);
    ++open_count;
    if (uv_tcp_connect(request, stream, wish.address->ai_addr, OnConnect) != 0) {
      printf("connect failed\n");
      return 1;
    }
  }
  uv_run(loop, UV_RUN_DEFAULT);
  Conclude(&wish, good, ticks);
  return 0;
}
