"""What stands between gochain and a real server, and lets a test hold, cut, spoil or record what
passes. The server behind it knows nothing of it."""

import os
import socket
import struct
import threading
import time

from waiting import readable
from world import inside

_CHUNK = 65536


class Cut:
    """What becomes of the server's bytes once `after` of them are through; None: nothing. `kind`:

    stall     nothing more comes
    drip      one byte comes each second
    fin, rst  the connection ends
    bytes     `data` comes in place of the rest
    """

    def __init__(self, kind, after=0, data=b""):
        self.kind, self.after, self.data = kind, after, data

    def __str__(self):
        return f"{self.kind} after {self.after} bytes"


class Forwarder:
    """Takes connections on `listener` and carries each to `server`, a peer; one thread each.

    `said`: what the programs sent, one entry a connection. `open`: connections whose program has not
    ended them yet.
    """

    def __init__(self, listener, server, cut=None):
        self._listener, self._server, self.cut = listener, server, cut
        self.address, self.port = listener.getsockname()[:2]
        self.said, self.open = [], 0
        self._stopped, self._stop = os.pipe()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def url(self, **kwargs):
        """The server's, by way of this one."""
        return self._server.url(**kwargs).replace(
            f"{self._server.address}:{self._server.port}", f"{self.address}:{self.port}")

    def stop(self):
        os.write(self._stop, b".")
        self._thread.join(10)
        self._listener.close()

    def _accept(self):
        while True:
            ready = readable([self._listener, self._stopped])
            if self._stopped in ready:
                return
            near, _ = self._listener.accept()
            with self._lock:
                self.open += 1
                self.said.append(bytearray())
                said = self.said[-1]
            threading.Thread(target=self._carry, args=(near, said), daemon=True).start()

    def _carry(self, near, said):
        try:
            with near, self._connect() as far:
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pass_on(near, far, said)
        except OSError:
            pass
        finally:
            with self._lock:
                self.open -= 1

    def _connect(self):
        with inside(self._server.ns):
            far = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            far.connect((self._server.address, self._server.port))
        except OSError:
            far.close()
            raise
        return far

    def _pass_on(self, near, far, said):
        """Until both have ended."""
        left = self.cut.after if self.cut else None
        reading, dripping, next_drop = [near, far], None, 0
        while reading:
            if left == 0:
                left, dripping = None, self._break(near)
                reading = [near, far] if dripping is not None else [near]
                if self.cut.kind == "rst":
                    return
            wait = max(0, next_drop - time.monotonic()) if dripping else None
            ready = readable(reading + [self._stopped], wait)
            if self._stopped in ready:
                return
            if near in ready:
                data = near.recv(_CHUNK)
                said += data
                if data:
                    far.sendall(data)
                elif self.cut:
                    return
                else:
                    reading.remove(near)
                    far.shutdown(socket.SHUT_WR)
            if far in ready:
                data = far.recv(_CHUNK)
                if not data:
                    reading.remove(far)
                    if dripping is None:
                        near.shutdown(socket.SHUT_WR)
                elif dripping is not None:
                    dripping += data
                elif left is None:
                    near.sendall(data)
                else:
                    near.sendall(data[:left])
                    if len(data) >= left and self.cut.kind == "drip":
                        rest, left = data[left:], None
                        reading, dripping = [near, far], bytearray(rest)
                    else:
                        left -= min(left, len(data))
            if dripping and time.monotonic() >= next_drop:
                near.sendall(dripping[:1])
                del dripping[:1]
                next_drop = time.monotonic() + 1

    def _break(self, near):
        """What is to be dripped from now on; or None: the program's end is awaited."""
        kind = self.cut.kind
        if kind == "drip":
            return bytearray()
        if kind == "fin":
            near.shutdown(socket.SHUT_WR)
        elif kind == "rst":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "bytes":
            near.sendall(self.cut.data)
        return None


class SlowToTake:
    """A listening socket whose queue is full: the kernel drops who asks to connect, who asks again
    a second later. Nothing else makes connect(2) itself slow: a listener's kernel answers at once.
    """

    def __init__(self, world, ns, address):
        self._listener = world.listen(ns, address, backlog=0)
        self.address, self.port = self._listener.getsockname()[:2]
        with inside(ns):
            self._first = socket.create_connection((self.address, self.port), timeout=5)

    def let_in(self):
        """Makes room. The listener, from which all is now to be taken."""
        self._listener.listen(64)
        self._first.close()
        return self._listener


def asks_to_connect(ns, port):
    """True where a socket of `ns` has asked for a connection to `port` and not got it (SYN_SENT)."""
    with inside(ns):
        # Of the thread's namespace.
        with open("/proc/thread-self/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
    return any(row[3] == "02" and row[2].endswith(f":{port:04X}") for row in rows)
