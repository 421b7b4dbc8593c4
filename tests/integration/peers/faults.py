"""A proxy that breaks off its handshake wherever a test wants it to: what no real one does on
demand.

A conversation is what a proxy of one protocol reads and answers, message by message. A Fault says
at which message and after how many bytes of its answer something goes wrong, and what that is.
"""

import asyncio
import socket
import struct
import threading

# How long a proxy takes for an answer that comes byte by byte but does come: see Fault.
SLOW_SECONDS = 0.6
_NEVER = 60


def _socks4(data):
    return len(data) >= 9 and data[8:].count(0) >= (2 if data[4:7] == b"\0\0\0" else 1)


def _greeting(data):
    return len(data) >= 2 and len(data) >= 2 + data[1]


def _login(data):
    return len(data) >= 2 and len(data) > 2 + data[1] and len(data) >= (
        3 + data[1] + data[2 + data[1]])


def _socks5(data):
    if len(data) < 5:
        return False
    return len(data) >= 6 + {1: 4, 4: 16, 3: 1 + data[4]}[data[3]]


def _http(data):
    return data.endswith(b"\r\n\r\n")


HTTP_OK = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: faulty\r\n\r\n"


class Protocol:
    """`exchanges`: when a request is whole, and the answer to it. `rubbish` and `too_much`: for each
    exchange, answers that can't be of the protocol, and those that don't end in time."""

    def __init__(self, scheme, login, exchanges, rubbish, too_much):
        self.scheme, self.login, self.exchanges = scheme, login, exchanges
        self.rubbish, self.too_much = rubbish, too_much


_MAIL = b"220 mail.example ESMTP ready\r\n"
_REPLY5 = b"\5\0\0\1\x0a\0\0\1\0\x50"
_RUBBISH4 = [(0, _MAIL), (0, b"\4\x5a" + bytes(6)), (0, b"\0\xff" + bytes(6)), (0, b"HTTP/1.1 400 No")]
_RUBBISH5 = [(0, _MAIL), (0, b"\5\3"), (0, b"HTTP/1.1 400 No")]

PROTOCOLS = {
    "socks4": Protocol("socks4", "", [(_socks4, b"\0\x5a" + bytes(6))], _RUBBISH4, []),
    "socks4a": Protocol("socks4a", "alice@", [(_socks4, b"\0\x5a" + bytes(6))], _RUBBISH4, []),
    "socks5": Protocol(
        "socks5", "", [(_greeting, b"\5\0"), (_socks5, _REPLY5)],
        _RUBBISH5 + [(0, b"\5\2"), (1, _MAIL), (1, b"\5\0\0\7" + bytes(20)), (1, b"\4\x5a")],
        [(0, b"\5\0\0\0\0")]),
    "socks5 with password": Protocol(
        "socks5", "alice:sesame@",
        [(_greeting, b"\5\2"), (_login, b"\1\0"), (_socks5, _REPLY5)],
        _RUBBISH5 + [(1, _MAIL), (2, _MAIL), (2, b"\5\0\0\0" + bytes(20))],
        [(0, b"\5\2\0\0\0"), (1, b"\1\0\1\0")]),
    "http": Protocol(
        "http", "", [(_http, HTTP_OK)],
        [(0, _MAIL), (0, b"\5\0" + bytes(40)), (0, b"HTTP/1.1 abc\r\n\r\n"), (0, b"\r\n\r\n")],
        [(0, b"HTTP/1.1 200 OK\r\n" + (b"X-Fill: " + b"a" * 1000 + b"\r\n") * 80),
         (0, b"HTTP/1.1 200 " + b"a" * 80000)]),
    "http with password": Protocol(
        "http", "alice:sesame@", [(_http, HTTP_OK)], [(0, _MAIL)], []),
}


class Fault:
    """What goes wrong, once `sent` bytes of the answer number `exchange` are out. `kind`:

    stall    nothing more comes
    drip     the rest comes byte by byte, and not in time
    slow     it all comes byte by byte within SLOW_SECONDS
    fin, rst the connection ends
    bytes    `data` comes in place of the rest
    more     the answer comes, and `data` right behind it
    none     all is well
    `exchange` -1: the request is not even read.
    """

    def __init__(self, kind, exchange=0, sent=0, data=b""):
        self.kind, self.exchange, self.sent, self.data = kind, exchange, sent, data

    def __str__(self):
        where = "connected" if self.exchange < 0 else f"answer {self.exchange + 1}"
        return f"{self.kind} at {where}, byte {self.sent}" + (
            f" ({self.data[:12]!r})" if self.data else "")


class FaultyProxies:
    """Any number of such proxies, served by one thread; each stops with the tests.

    After a handshake that came to its end they send back what comes.
    """

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._servers = []
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def add(self, listener, protocol, fault, timeout=_NEVER):
        """A proxy on `listener`; an answer that drips takes longer than `timeout`."""
        proxy = FaultyProxy(protocol, fault, timeout)
        proxy.address, proxy.port = listener.getsockname()[:2]
        listener.setblocking(False)
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(proxy.serve, sock=listener), self._loop).result(10)
        self._servers.append(server)
        return proxy

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self):
        for server in self._servers:
            server.close()
        self._servers.clear()


class FaultyProxy:
    """`open`: connections whose other side has not ended them yet."""

    def __init__(self, protocol, fault, timeout):
        self.protocol, self.fault, self._timeout = PROTOCOLS[protocol], fault, timeout
        self.accepted = 0
        self.open = 0

    def url(self):
        return f"{self.protocol.scheme}://{self.protocol.login}{self.address}:{self.port}"

    async def serve(self, reader, writer):
        self.accepted += 1
        self.open += 1
        try:
            await self._converse(reader, writer)
            # The other side ends what has not been ended here.
            while await reader.read(4096):
                pass
        except OSError:
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _converse(self, reader, writer):
        fault = self.fault
        for number, (is_whole, answer) in enumerate(self.protocol.exchanges):
            if fault.exchange < 0:
                return await self._break(reader, writer, answer)
            request = b""
            while not is_whole(request):
                data = await reader.read(4096)
                if not data:
                    raise ConnectionError("ended by the other side")
                request += data
            if fault.kind == "slow":
                await self._drip(reader, writer, answer, SLOW_SECONDS / len(self.protocol.exchanges))
            elif number != fault.exchange or fault.kind == "none":
                writer.write(answer)
            elif fault.kind == "more":
                writer.write(answer + fault.data)
            else:
                writer.write(answer[:fault.sent])
                return await self._break(reader, writer, answer[fault.sent:])
        while data := await reader.read(4096):
            writer.write(data)

    async def _break(self, reader, writer, rest):
        kind = self.fault.kind
        if kind == "drip":
            await self._drip(reader, writer, rest, 2 * self._timeout)
        elif kind == "bytes":
            writer.write(self.fault.data)
            await writer.drain()
        elif kind == "fin":
            writer.close()
        elif kind == "rst":
            await writer.drain()
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    @staticmethod
    async def _drip(reader, writer, data, seconds):
        """Nagle's algorithm is off (asyncio): each byte is a segment."""
        for number in range(len(data)):
            try:
                if not await asyncio.wait_for(reader.read(4096), seconds / len(data)):
                    raise ConnectionError("ended by the other side")
            except asyncio.TimeoutError:
                writer.write(data[number:number + 1])
