"""A SOCKS5 proxy that takes its time and then is the target itself, which behaves by the port asked
for. A thread of its own; any number of connections."""

import asyncio
import contextlib
import socket
import struct
import threading

ECHO = 7        # all that comes, and its end
GREET = 8       # speaks first, then as ECHO
RESET = 19      # resets at the first byte
LAST_WORDS = 20  # sends a line and its end, then hears on
SOURCE = 21     # sends without end
DEAF = 22       # takes nothing
REFUSED = 1     # the proxy says so


class SocksTargets:
    """`answer_s`: how long each dial takes."""

    def __init__(self, listener, answer_s=0.0):
        self.answer_s = answer_s
        self.address, self.port = listener.getsockname()[:2]
        self.opened = 0       # connections so far
        self.open = 0
        self.heard = []       # (bytes, "end" or "reset") of each that has ended, but ECHO's bytes
        self._loop = asyncio.new_event_loop()
        self._listener = listener
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def url(self):
        return f"socks5://{self.address}:{self.port}"

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self._listener, limit=65536, backlog=4096))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._listener.close()

    async def _serve(self, reader, writer):
        self.opened += 1
        self.open += 1
        try:
            await self._converse(reader, writer)
        finally:
            self.open -= 1
            writer.close()

    async def _converse(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            (count,) = (await reader.readexactly(2))[1:]
            await reader.readexactly(count)
            writer.write(b"\5\0")
            kind = (await reader.readexactly(4))[3]
            length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
            await reader.readexactly(length)
            port, = struct.unpack("!H", await reader.readexactly(2))
            until = self._loop.time() + self.answer_s
            # A dial that is given up is reset, or ended.
            while self._loop.time() < until and not (reader.at_eof() or reader.exception()):
                await asyncio.sleep(0.01)
            writer.write(bytes([5, 5 if port == REFUSED else 0, 0, 1]) + bytes(6))
            if port != REFUSED:
                await self._be(port, reader, writer)

    async def _be(self, port, reader, writer):
        heard = b""
        how = "end"
        try:
            if port == GREET:
                writer.write(b"h")
            elif port == LAST_WORDS:
                writer.write(b"farewell\n")
                writer.write_eof()
            elif port == RESET:
                await reader.read(1)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            elif port == DEAF:
                writer.transport.pause_reading()
                await asyncio.sleep(3600)
            while port == SOURCE:
                writer.write(bytes(65536))
                await writer.drain()
            while data := await reader.read(65536):
                if port in (ECHO, GREET):
                    writer.write(data)
                    await writer.drain()
                if len(heard) < 4096:
                    heard += data
            if port in (ECHO, GREET):
                writer.write_eof()
        except OSError:  # shutdown(2) of a connection that was reset says ENOTCONN
            how = "reset"
        self.heard.append((heard, how))
