"""A module server that can be stopped between two requests, so that a test may take a hop away while
no answer is on its way."""

import ctypes
import http.server
import os
import socket
import struct
import threading

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27


class GatedModules:
    """Serves the files below `root` on `listener`, each on a connection of its own, in daemon threads.

    From the request number `hold_at` on it holds its answers back until let_go().
    """

    def __init__(self, listener, root, hold_at):
        self._listener, self._root, self._hold_at = listener, root, hold_at
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.address, self.port = listener.getsockname()
        self.requests = 0
        self.held = 0  # requests that wait for let_go()
        self.open = 0  # connections
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer._answer(self)

            def log_message(self, *_):
                pass

        self._handler = Handler
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection, peer):
        with self._lock:
            self.open += 1
        try:
            with connection:
                self._handler(connection, peer, self)
                connection.shutdown(socket.SHUT_WR)
                # The client has read all when its own end comes.
                while connection.recv(4096):
                    pass
        except OSError:
            pass
        with self._lock:
            self.open -= 1

    def _answer(self, handler):
        with self._lock:
            self.requests += 1
            holds = self.requests >= self._hold_at and not self._released.is_set()
            self.held += holds
        if holds:
            self._released.wait()
        path = os.path.join(self._root, handler.path.lstrip("/"))
        found = os.path.isfile(path)
        handler.send_response(200 if found else 404)
        handler.send_header("Connection", "close")
        handler.end_headers()
        if found:
            with open(path, "rb") as file:
                handler.wfile.write(file.read())

    def shut(self):
        """Connects get no answer from here on: no refusal either. Those there are go on."""
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
        self._listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER,
                                  struct.pack("@HP", 1, ctypes.addressof(drop_all)))

    def reopen(self):
        self._listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    def let_go(self):
        self._released.set()

    def stop(self):
        self.let_go()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
