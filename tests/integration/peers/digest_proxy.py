"""An HTTP proxy of ours that asks for Digest in the ways of RFC 7616 that no proxy of Debian's knows.
curl's own Digest says whether it is right (peers_test.py)."""

import dataclasses
import hashlib
import re
import secrets
import socket
import threading

import world
from waiting import readable

REALM = "corp"


@dataclasses.dataclass
class Way:
    """How it asks, and what becomes of a connection at a 407."""

    algorithms: tuple = ("MD5",)  # offered in this order; "" is none said, which is MD5
    qop: str = "auth"  # "": as before RFC 2617
    opaque: str = ""
    userhash: bool = False
    one_use: bool = False  # each nonce is good for one request; the answer brings the next
    old_form: bool = False  # HTTP/1.0
    close: bool = False
    body: int = 200  # bytes of the 407's page
    chunked: bool = False


class DigestProxy:
    """`requests`: (status, algorithm, nonce, nc, username as sent) of each so far."""

    def __init__(self, server, ns, hosts, user, password, way=None):
        self._server, self._ns, self._hosts = server, ns, hosts
        self._user, self._password, self.way = user, password, way or Way()
        self.address, self.port = server.getsockname()[:2]
        self.requests = []
        self._nonces, self._lock = {}, threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, password=None):
        return f"http://{self._user}:{password or self._password}@{self.address}:{self.port}"

    def stop(self):
        if self._server.fileno() >= 0:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()

    def _accept(self):
        while True:
            try:
                conn, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with conn:
            try:
                while self._answer(conn):
                    pass
            except (OSError, ValueError):
                pass

    def _answer(self, conn):
        """One request; True where another may follow."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = conn.recv(4096)
            if not data:
                return False
            head += data
        lines = head.decode().split("\r\n")
        target = lines[0].split()[1]
        sent = [text.split(": ", 1)[1] for text in lines[1:]
                if text.lower().startswith("proxy-authorization: digest ")]
        fields = dict(
            (key, value.strip('"'))
            for key, value in re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', sent[0])) if sent else {}
        right, fresh = self._judge(fields, target) if fields else (False, False)
        status = 200 if right and fresh else 407
        with self._lock:
            self.requests.append((status, fields.get("algorithm"), fields.get("nonce"),
                                  fields.get("nc"), fields.get("username")))
        if status == 407:
            return self._refuse(conn, stale=right)
        more = b""
        if self.way.one_use:
            more = f'Proxy-Authentication-Info: nextnonce="{self._nonce()}"\r\n'.encode()
        host, port = target.rsplit(":", 1)
        with world.inside(self._ns):
            far = socket.create_connection((self._hosts.get(host, host), int(port)), timeout=10)
        with far:
            conn.sendall(b"HTTP/1.1 200 Connection established\r\n" + more + b"\r\n")
            pump(conn, far)
        return False

    def _nonce(self):
        nonce = secrets.token_hex(12)
        with self._lock:
            self._nonces[nonce] = 0
        return nonce

    def _judge(self, fields, target):
        """(is it the password, is the nonce still good and its count new)"""
        algorithm, way = fields.get("algorithm", ""), self.way
        name = algorithm.removesuffix("-sess")

        def h(*parts):
            make = hashlib.sha256 if name == "SHA-256" else hashlib.md5
            return make(":".join(parts).encode()).hexdigest()

        nonce, cnonce, nc = (fields.get(key, "") for key in ("nonce", "cnonce", "nc"))
        ha1 = h(self._user, REALM, self._password)
        if algorithm.endswith("-sess"):
            ha1 = h(ha1, nonce, cnonce)
        tail = (nc, cnonce, "auth") if way.qop else ()
        user = h(self._user, REALM) if way.userhash else self._user
        right = (fields["response"] == h(ha1, nonce, *tail, h("CONNECT", target))
                 and fields["username"] == user and fields["uri"] == target
                 and fields.get("opaque", "") == way.opaque and algorithm in way.algorithms
                 and fields.get("qop", "") == ("auth" if way.qop else ""))
        with self._lock:
            count = int(nc, 16) if way.qop else self._nonces.get(nonce, 0) + 1
            last = self._nonces.get(nonce)
            fresh = last is not None and (count == 1 if way.one_use else count > 0)
            if right and fresh:
                if way.one_use:
                    del self._nonces[nonce]
                else:
                    self._nonces[nonce] = max(last, count)
        return right, fresh

    def _refuse(self, conn, stale):
        way, nonce = self.way, self._nonce()
        asked = ""
        for algorithm in way.algorithms:
            asked += f'Proxy-Authenticate: Digest realm="{REALM}", nonce="{nonce}"'
            asked += f', qop="{way.qop}"' if way.qop else ""
            asked += f", algorithm={algorithm}" if algorithm else ""
            asked += f', opaque="{way.opaque}"' if way.opaque else ""
            asked += ", userhash=true" if way.userhash else ""
            asked += ", stale=true\r\n" if stale else "\r\n"
        page = b"<p>who are you?</p>\n" * (way.body // 20)
        if way.chunked:
            length = "Transfer-Encoding: chunked\r\n"
            page = b"".join(b"%x;x=y\r\n%s\r\n" % (len(page[at:at + 300]), page[at:at + 300])
                            for at in range(0, len(page), 300)) + b"0\r\nTrailer: 1\r\n\r\n"
        else:
            length = f"Content-Length: {len(page)}\r\n"
        closes = way.close or way.old_form
        conn.sendall((f"HTTP/1.{0 if way.old_form else 1} 407 Authentication Required\r\n{asked}"
                      f"{length}{'Connection: close' if way.close else 'X: y'}\r\n\r\n").encode() + page)
        return not closes


def pump(a, b):
    """Both ways, until either side ends."""
    while True:
        for ready in readable([a, b], 60):
            data = ready.recv(65536)
            if not data:
                return
            (b if ready is a else a).sendall(data)
