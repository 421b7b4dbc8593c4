"""A proxy that breaks off its handshake wherever a test wants it to: what no real one does on
demand.

A conversation is what a proxy of one protocol reads and answers, message by message. A Fault says
at which message and after how many bytes of its answer something goes wrong, and what that is.
"""

import asyncio
import base64
import socket
import ssl
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


def _hello(data):
    """A record of TLS (RFC 8446 §5.1)."""
    return len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[3:5], "big")


def _http(data):
    return data.endswith(b"\r\n\r\n")


HTTP_OK = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: faulty\r\n\r\n"


def _is_question(answer):
    return answer is not None and answer.startswith(b"HTTP/1.1 407")


class Protocol:
    """`exchanges`: when a request is whole, and the answer to it; None: what TLS answers. `rubbish`
    and `too_much`: for each exchange, answers that can't be of the protocol, and those that don't end
    in time."""

    def __init__(self, scheme, login, exchanges, rubbish, too_much):
        self.scheme, self.login, self.exchanges = scheme, login, exchanges
        self.rubbish, self.too_much = rubbish, too_much
        self.is_tls = scheme == "https"
        self.asks = _is_question(exchanges[0][1])

    def begins_at(self, request):
        """The exchange that a connection's first request belongs to. Who was asked and comes back on
        another connection knows what to say."""
        if b"\r\nProxy-Authorization: NTLM" in request:
            return 1
        return len(self.exchanges) - 1 if b"\r\nProxy-Authorization:" in request else 0

    def has_asked(self, number, cut):
        """So much of the answer says what the proxy wants: who hears the end then can come back."""
        answer = self.exchanges[number][1]
        return number == 0 and self.asks and answer.index(b"\r\n\r\n") + 4 <= cut


_MAIL = b"220 mail.example ESMTP ready\r\n"
_REPLY5 = b"\5\0\0\1\x0a\0\0\1\0\x50"
_RUBBISH4 = [(0, _MAIL), (0, b"\4\x5a" + bytes(6)), (0, b"\0\xff" + bytes(6)), (0, b"HTTP/1.1 400 No")]
_RUBBISH5 = [(0, _MAIL), (0, b"\5\3"), (0, b"HTTP/1.1 400 No")]



def _asks(*offers):
    """A 407 that leaves the connection open, with a page that is to be skipped."""
    page = b"<html>who are you?</html>\n" * 4
    return (b"HTTP/1.1 407 Proxy Authentication Required\r\n"
            + b"".join(b"Proxy-Authenticate: %s\r\n" % offer for offer in offers)
            + b"Content-Length: %d\r\n\r\n%s" % (len(page), page))


_DIGEST = b'Digest realm="corp", qop="auth", algorithm=SHA-256, nonce="bm9uY2U", opaque="b3BhcXVl"'
# MS-NLMP 2.2.1.2: Unicode, NTLM with extended security, a target that says no more than its name.
_NTLM_CHALLENGE = base64.b64encode(
    b"NTLMSSP\0" + struct.pack("<IHHIIQQHHI", 2, 8, 8, 48, 0x00898205, 0x1122334455667788, 0,
                               16, 16, 56)
    + "CORP".encode("utf-16le") + struct.pack("<HH", 2, 8) + "CORP".encode("utf-16le")
    + struct.pack("<HH", 0, 0))

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
    "http, Basic": Protocol(
        "http", "alice:sesame@", [(_http, _asks(b'Basic realm="corp"')), (_http, HTTP_OK)],
        [(1, _MAIL)], []),
    "http, Digest": Protocol(
        "http", "alice:sesame@", [(_http, _asks(_DIGEST, b'Basic realm="corp"')), (_http, HTTP_OK)],
        [(1, _MAIL)], []),
    "http, NTLM": Protocol(
        "http", "CORP%5Calice:sesame@",
        [(_http, _asks(b"NTLM")), (_http, _asks(b"NTLM " + _NTLM_CHALLENGE)), (_http, HTTP_OK)],
        [(1, _MAIL), (2, _MAIL)], []),
    "https": Protocol(
        "https", "", [(_hello, None), (_http, HTTP_OK)],
        [(0, _MAIL), (0, b"HTTP/1.1 400 No TLS\r\n\r\n"), (0, b"\x16\3\3\0\4\2\0\0\0"), (1, _MAIL)],
        []),
}


class Fault:
    """What goes wrong, once `part` of the answer number `exchange` is out: 0, 0.5, or 1, which is all
    but its last byte. `kind`:

    stall    nothing more comes
    drip     the rest comes byte by byte, and not in time
    slow     it all comes byte by byte within `seconds`
    fin, rst the connection ends
    bytes    `data` comes in place of the rest
    raw      the same, past the encryption
    more     the answer comes, and `data` right behind it
    none     all is well
    `exchange` -1: the request is not even read. `hops`: this proxy is so many hops of a chain.
    """

    def __init__(self, kind, exchange=0, part=0, data=b"", seconds=SLOW_SECONDS, hops=1):
        self.kind, self.exchange, self.part, self.data = kind, exchange, part, data
        self.seconds, self.hops = seconds, hops

    def cut(self, answer):
        """How much of the answer comes."""
        return {0: 0, 0.5: len(answer) // 2, 1: len(answer) - 1}[self.part]

    def __str__(self):
        where = "connected" if self.exchange < 0 else f"answer {self.exchange + 1}"
        return f"{self.kind} at {where}, part {self.part}" + (
            f" ({len(self.data)}: {self.data[:12]!r})" if self.data else "") + (
            f" of {self.hops} hops" if self.hops > 1 else "")


class FaultyProxies:
    """Any number of such proxies, served by one thread; each stops with the tests. `certificate` is of
    those that speak TLS: its file and that of its key.

    After a handshake that came to its end they send back what comes.
    """

    def __init__(self, certificate=None):
        self._loop = asyncio.new_event_loop()
        self._servers = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate:
            self._context.load_cert_chain(*certificate)
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def add(self, listener, protocol, fault, timeout=_NEVER):
        """A proxy on `listener`; an answer that drips takes longer than `timeout`."""
        proxy = FaultyProxy(protocol, fault, timeout, self._context)
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


class Wire:
    """One connection's bytes, encrypted from when TLS is up."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self._tls = None

    async def read(self):
        """What came, as it was meant; the end is an error."""
        while True:
            if self._tls is not None:
                try:
                    # Nothing: the other side says that it ends.
                    if data := self._tls.read(4096):
                        return data
                    raise ConnectionError("ended by the other side")
                except ssl.SSLWantReadError:
                    pass
            data = await self.reader.read(4096)
            if not data:
                raise ConnectionError("ended by the other side")
            if self._tls is None:
                return data
            self._in.write(data)

    def seal(self, data):
        """`data` as it goes out."""
        if self._tls is None:
            return data
        self._tls.write(data)
        return self._out.read()

    def answer_hello(self, context, hello):
        """The server's first flight."""
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._pending = context.wrap_bio(self._in, self._out, server_side=True)
        self._in.write(hello)
        try:
            self._pending.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self._out.read()

    async def finish_hello(self):
        while True:
            self._in.write(await self.read())
            try:
                self._pending.do_handshake()
                self._tls = self._pending
                return
            except ssl.SSLWantReadError:
                self.writer.write(self._out.read())

    async def drip(self, data, seconds):
        """Nagle's algorithm is off (asyncio): each byte is a segment. The flight of TLS has some
        thousand, and goes in pieces."""
        size = max(1, len(data) // 100)
        pieces = [data[at:at + size] for at in range(0, len(data), size)]
        for piece in pieces:
            try:
                if not await asyncio.wait_for(self.reader.read(4096), seconds / len(pieces)):
                    raise ConnectionError("ended by the other side")
            except asyncio.TimeoutError:
                self.writer.write(piece)


class FaultyProxy:
    """`open`: connections whose other side has not ended them yet."""

    def __init__(self, protocol, fault, timeout, context):
        self.protocol, self.fault = PROTOCOLS[protocol], fault
        self._timeout, self._context = timeout, context
        self.accepted = 0
        self.open = 0

    def url(self):
        return f"{self.protocol.scheme}://{self.protocol.login}{self.address}:{self.port}"

    async def serve(self, reader, writer):
        self.accepted += 1
        self.open += 1
        try:
            await self._converse(Wire(reader, writer))
            # The other side ends what has not been ended here.
            while await reader.read(4096):
                pass
        except (OSError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _converse(self, wire):
        fault = self.fault
        exchanges = self.protocol.exchanges * fault.hops
        if fault.exchange < 0:
            return await self._break(wire, b"")
        number = 0
        while number < len(exchanges):
            is_whole, answer = exchanges[number]
            request = b""
            while not is_whole(request):
                request += await wire.read()
            if number == 0 and self.protocol.asks:
                number = self.protocol.begins_at(request)
                answer = exchanges[number][1]
            is_hello = answer is None
            answer = wire.answer_hello(self._context, request) if is_hello else wire.seal(answer)
            if fault.kind == "slow":
                await wire.drip(answer, fault.seconds * fault.hops / len(exchanges))
            elif number != fault.exchange or fault.kind == "none":
                wire.writer.write(answer)
            elif fault.kind == "more":
                wire.writer.write(answer + wire.seal(fault.data))
            else:
                cut = fault.cut(answer)
                wire.writer.write(answer[:cut])
                return await self._break(wire, answer[cut:])
            if is_hello:
                await wire.finish_hello()
            number += 1
        while True:
            wire.writer.write(wire.seal(await wire.read()))

    async def _break(self, wire, rest):
        kind, writer = self.fault.kind, wire.writer
        if kind == "drip":
            await wire.drip(rest, 2 * self._timeout)
        elif kind in ("bytes", "raw"):
            writer.write(self.fault.data if kind == "raw" else wire.seal(self.fault.data))
            await writer.drain()
        elif kind == "fin":
            writer.close()
        elif kind == "rst":
            await writer.drain()
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
