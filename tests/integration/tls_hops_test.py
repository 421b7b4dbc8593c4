"""https:// proxies: real programs through real TLS proxies, alone and between other hops, by every
door; certificates that are right and wrong; ends that are orderly and not."""

import os
import socket
import ssl
import threading
import time

import pytest

import interop
import world
from doors import DOORS, run_by
from gochain import NOBODY, real_root
from peers import certificates, http_proxies, proxies
from peers.process import Peer
from programs_test import downloaded, go_env, in_folder, main_module  # noqa: F401  fixtures
from rig import NAMES

NAME = "proxy.corp.test"
OUTER, INNER = world.PROXY_SIDE[0], world.PROXY_INNER[0]
HELLO = "hello from nginx\n"
CURL = ["curl", "-sS", "-m", "30", "http://web.corp.test/hello.txt"]

CONNECT = """
import errno, socket, sys
s = socket.socket()
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("OK")
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
"""


def chain(*hops, extra="", timeout=20):
    """Rules with one chain of these hops, each "URL\\nKEY = VALUE\\n…" or a peer."""
    names = [f"hop{number}" for number in range(len(hops))]
    sections = "".join(
        f"[proxy {name}]\nurl = {hop if isinstance(hop, str) else hop.url()}\n"
        for name, hop in zip(names, hops))
    return (f"[gochain]\ndefault = route\nconnect_timeout = {timeout}\n{extra}{sections}"
            f"[chain route]\nhops = {' '.join(names)}\n")


class Front:
    """stunnel in front of a proxy. `hop()` is it as a hop of the rules."""

    def __init__(self, peers, behind, address=OUTER, key="", **kwargs):
        self.authority = peers.authority()
        self.behind = behind
        self.peer = peers._once(("front", behind.port, address, key), lambda: peers.start(
            http_proxies.Stunnel, address, behind=behind, last=False,
            certificate=self.authority.issue(NAME, also=[OUTER, INNER, world.PROXY_SIDE[1]]),
            **kwargs))

    def hop(self, host=None, keys=None, **login):
        keys = f"ca_file = {self.authority.file}" if keys is None else keys
        return f"{self.peer.url(host=host or self.peer.address, **login)}\n{keys}"


@pytest.fixture
def front(peers):
    return Front(peers, peers.proxy(proxies.Squid))


@pytest.fixture
def place(runner):
    return runner.place.but(hosts=f"127.0.0.1 localhost\n{OUTER} {NAME}\n")


@pytest.mark.parametrize("door", DOORS)
def test_curl_by_a_proxy_with_a_name(runner, place, site, front, door):
    run = run_by(door, runner, CURL, chain(front.hop(host=NAME)), place=place)
    assert run.must_succeed().out == HELLO, str(run)
    run.must_dial_by("supervise" if door == "supervise" else "preload", "route", 1,
                     "web.corp.test")
    assert not run.warnings(), str(run)


@pytest.mark.parametrize("door", DOORS)
def test_git_clone(runner, site, front, door):
    run = run_by(door, runner,
                 ["git", "-c", "http.sslCAInfo=" + site.certificate[0], "clone", "-q",
                  "https://git.corp.test/repo.git", "clone"], chain(front.hop()))
    run.must_succeed()
    assert os.path.exists(os.path.join(runner.place.folder, "clone", ".git", "HEAD"))


@pytest.mark.parametrize("door", DOORS)
def test_go_mod_download(runner, site, front, go_env, main_module, door):  # noqa: F811
    run = run_by(door, runner, in_folder(main_module, ["go", "mod", "download"]),
                 chain(front.hop()), env=go_env)
    run.must_succeed()
    assert downloaded(go_env) > 0, str(run)


def two_tls_hops(peers):
    first = Front(peers, peers.proxy(proxies.Squid, last=False))
    second = Front(peers, peers.proxy(proxies.Tinyproxy, where="inner"), INNER)
    return [first.hop(), second.hop()]


def tls_behind_socks(peers):
    behind = Front(peers, peers.proxy(proxies.Squid, where="inner"), INNER)
    return [peers.proxy(proxies.Microsocks, last=False), behind.hop()]


def socks_behind_tls(peers):
    first = Front(peers, peers.proxy(proxies.Squid, last=False))
    return [first.hop(), peers.proxy(proxies.Dante, where="inner")]


def tls_between(peers):
    between = Front(peers, peers.proxy(proxies.Squid, where="inner", last=False), INNER)
    return [peers.proxy(proxies.Microsocks, last=False), between.hop(),
            peers.proxy(proxies.Dante, where="inner")]


CHAINS = {"two TLS hops": two_tls_hops, "TLS behind SOCKS5": tls_behind_socks,
          "SOCKS5 behind TLS": socks_behind_tls, "TLS between SOCKS5": tls_between}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", CHAINS)
def test_chain(runner, peers, site, name, door):
    hops = CHAINS[name](peers)
    run = run_by(door, runner, CURL, chain(*hops))
    assert run.must_succeed().out == HELLO, str(run)
    run.must_dial_by("supervise" if door == "supervise" else "preload", "route", len(hops),
                     "web.corp.test")


@pytest.mark.parametrize("door", DOORS)
def test_basic_over_tls(runner, peers, site, door):
    login = {"user": "alice", "password": "pw7f3a9c"}
    behind = peers._once("tinyproxy with login", lambda: peers.start(
        proxies.Tinyproxy, OUTER, **login))
    front = Front(peers, behind)
    run = run_by(door, runner, CURL, chain(front.hop(**login)))
    assert run.must_succeed().out == HELLO, str(run)
    run = run_by(door, runner, ["python3", "-c", CONNECT, "web.corp.test", "80"],
                 chain(front.hop(user="alice", password="wr0ng")), log="warn")
    assert run.out == "EACCES\n", str(run)
    assert "proxy authentication failed" in run.warnings()[0] and "wr0ng" not in run.err, str(run)


@pytest.mark.parametrize("version", ("TLSv1.2", "TLSv1.3"))
def test_client_certificate(runner, peers, site, version):
    """With TLS 1.3 the proxy says no only when the handshake is through."""
    peer = peers._once(("mutual", version), lambda: ClientsOnly(
        peers._world.listen("proxy", OUTER), peers.authority(), version))
    cert, key = peers.authority().issue("alice.corp.test")
    hop = f"https://{OUTER}:{peer.port}\nca_file = {peers.authority().file}"
    connect = ["python3", "-c", CONNECT, "web.corp.test", "80"]
    run = run_by("preload", runner, connect, chain(hop), log="warn")
    assert run.out == "EACCES\n", str(run)
    assert run.warnings()[0].split("proxy authentication failed ")[1].startswith(
        "(it wants a client certificate; client_cert names one)"), str(run)
    for door in DOORS:
        run = run_by(door, runner, connect,
                     chain(hop + f"\nclient_cert = {cert}\nclient_key = {key}"), log="info")
        assert run.out == "OK\n", str(run)
        assert "warning: others can read this private key" in run.err, str(run)  # it is so


def test_client_certificate_for_stunnel(runner, peers, site):
    front = Front(peers, peers.proxy(proxies.Squid), key="client",
                  client_ca=peers.authority().file)
    cert, key = peers.authority().issue("alice.corp.test")
    keys = f"ca_file = {peers.authority().file}\nclient_cert = {cert}\nclient_key = {key}"
    run = run_by("auto", runner, CURL, chain(front.hop(keys=keys)))
    assert run.must_succeed().out == HELLO, str(run)
    run = run_by("auto", runner, CURL, chain(front.hop()), log="warn")
    assert run.status != 0 and "client certificate" in run.warnings()[0], str(run)


class Scripted:
    """A TLS proxy of ours, for what no real one does: it speaks CONNECT, says yes to all, and
    hands the TLS socket to tunnel(). One thread each; daemon threads end with the tests."""

    def __init__(self, server, authority, names=(OUTER, NAME), days=2):
        self._server = server
        self.address, self.port = server.getsockname()[:2]
        self.requests = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*authority.issue(names[0], also=names[1:], days=days))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        try:
            with self.context.wrap_socket(conn, server_side=True,
                                          suppress_ragged_eofs=False) as tls:
                request = b""
                while b"\r\n\r\n" not in request:
                    data = tls.recv(4096)
                    if not data:
                        return
                    request += data
                self.requests.append(request)
                tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                self.tunnel(tls)
        except OSError:
            pass

    def tunnel(self, tls):
        pass

    def stop(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class ClientsOnly(Scripted):
    def __init__(self, server, authority, version):
        super().__init__(server, authority)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(authority.file)
        self.context.maximum_version = {"TLSv1.2": ssl.TLSVersion.TLSv1_2,
                                        "TLSv1.3": ssl.TLSVersion.TLSv1_3}[version]


READ_ALL = """
import errno, socket, sys
s = socket.create_connection((sys.argv[1], 80))
got = b""
try:
    while data := s.recv(65536): got += data
    print(got.decode(), "end")
except OSError as e:
    print(got.decode(), errno.errorcode[e.errno])
"""


@pytest.mark.parametrize("end", ("fin", "close_notify"))
@pytest.mark.parametrize("door", DOORS)
def test_truncation_is_a_reset(runner, peers, door, end):
    """The bytes before it arrive; an end that anybody on the way could have made is no end."""
    class Peer(Scripted):
        def tunnel(self, tls):
            tls.sendall(b"half of it")
            if end == "close_notify":
                try:
                    tls.unwrap()
                except OSError:
                    pass
            else:
                socket.socket(fileno=os.dup(tls.fileno())).shutdown(socket.SHUT_WR)
                time.sleep(1)

    peer = peers._keep(Peer(peers._world.listen("proxy", OUTER), peers.authority()))
    run = run_by(door, runner, ["python3", "-c", READ_ALL, "web.corp.test"],
                 chain(f"https://{OUTER}:{peer.port}\nca_file = {peers.authority().file}"))
    wanted = "half of it ECONNRESET\n" if end == "fin" else "half of it end\n"
    assert run.out == wanted, str(run)
    assert peer.requests[0].startswith(b"CONNECT web.corp.test:80 HTTP/1.1\r\n"), peer.requests


GET = """
import errno, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
got = b""
try:
    while data := s.recv(65536): got += data
    print(got.decode().splitlines()[-1], "end")
except OSError as e:
    print(got.decode(), errno.errorcode[e.errno])
"""


# Those that need no more than the URL.
@pytest.mark.parametrize("row", [row for row in interop.TLS_ROWS if row.auth in ("none", "Basic")],
                         ids=lambda row: row.name)
def test_real_proxies_say_goodbye(runner, peers, row):
    """The target's end comes through each of them as an end: none forgets close_notify."""
    server = peers._once("responder", peers.responder)
    conf = chain(f"{row.url(peers)}\nca_file = {peers.authority().file}")
    run = run_by("auto", runner, ["python3", "-c", GET, "web.corp.test", str(server.port)], conf)
    assert run.out == f"hello from {server.port} end\n", f"{run}\n{row.started(peers).log()}"


class Careful:
    """A proxy of ours that ends each direction on its own, as squid and tinyproxy do
    not. One thread each; daemon threads end with the tests."""

    def __init__(self, server, hosts):
        self._server, self._hosts = server, hosts
        self.address, self.port = server.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        head = b""
        while b"\r\n\r\n" not in head:
            data = conn.recv(1)
            if not data:
                return
            head += data
        host, port = head.split()[1].decode().rsplit(":", 1)
        with world.inside("proxy"):
            far = socket.create_connection((self._hosts.get(host, host), int(port)))
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self._copy, args=(conn, far), daemon=True).start()
        self._copy(far, conn)

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class TlsByHaproxy(Peer):
    """TLS in front of `behind`. stunnel has lost bytes here: it takes both ends of its plain side
    for the end of what it has not yet read there."""

    scheme = "https"

    def __init__(self, folder, ns, address, port, behind, bundle, hosts=None):
        super().__init__(folder, ns, address, port, hosts=hosts)
        self._behind, self._bundle = behind, bundle

    def prepare(self):
        self.write(
            "haproxy.cfg",
            "global\n  maxconn 200\ndefaults\n  mode tcp\n  timeout connect 10s\n"
            "  timeout client 60s\n  timeout server 60s\nlisten proxy\n"
            f"  bind {self.address}:{self.port} ssl crt {self._bundle}\n"
            f"  server behind {self._behind.address}:{self._behind.port}\n")

    def argv(self):
        return ["haproxy", "-db", "-f", f"{self.folder}/haproxy.cfg"]


def careful_hops(peers, count):
    """https:// proxies that take half-closed connections."""
    def front(address):
        behind = Careful(peers._world.listen("proxy", address), NAMES)
        peers._keep(behind)
        return peers.start(TlsByHaproxy, address, behind=behind, last=False,
                           bundle=peers.authority().bundle(address))

    return [f"{peers._once(('careful', a), lambda a=a: front(a)).url()}\n"
            f"ca_file = {peers.authority().file}" for a in [OUTER, INNER][:count]]


BOTH_WAYS = """
import hashlib, socket, sys, threading
data = bytes(range(256)) * 4096 * int(sys.argv[2])
s = socket.create_connection((sys.argv[1], int(sys.argv[3])))
def send():
    s.sendall(data)
    if sys.argv[4] == "half-closed": s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
got, size = hashlib.sha256(), 0
while (sys.argv[4] == "half-closed" or size < len(data)) and (piece := s.recv(1 << 20)):
    got.update(piece); size += len(piece)
print(size, got.hexdigest() == hashlib.sha256(data).hexdigest())
"""


@pytest.mark.parametrize("end", ("half-closed", "whole"))
@pytest.mark.parametrize("count", (1, 2))
@pytest.mark.parametrize("door", DOORS)
def test_much_both_ways(runner, peers, site, count, door, end):
    """30 MB to an echo and back at once; half-closed: the program's own end goes first."""
    echo = peers._once("echo", peers.responder)
    if end == "half-closed":
        hops = careful_hops(peers, count)
    else:
        hops = two_tls_hops(peers) if count == 2 else [Front(
            peers, peers.proxy(proxies.Squid)).hop()]
    run = run_by(door, runner,
                 ["python3", "-c", BOTH_WAYS, "echo.corp.test", "30", str(echo.port), end],
                 chain(*hops))
    assert run.must_succeed().out == f"{30 << 20} True\n", str(run)


class Wrong:
    """`hop` makes the hop of the rules, `words` is what the one line ends with."""

    def __init__(self, hop, words, error="EACCES", env=None, timeout=20):
        self.hop, self.words, self.error = hop, words, error
        self.env, self.timeout = env or {}, timeout


def scripted(peers, key, authority=None, **kwargs):
    return peers._once(("scripted", key), lambda: Scripted(
        peers._world.listen("proxy", OUTER), authority or peers.authority(), **kwargs))


def url_of(peer, keys=""):
    return f"https://{OUTER}:{peer.port}\n{keys}"


def trusting(peers, peer):
    return url_of(peer, f"ca_file = {peers.authority().file}")


def other_authority(peers):
    return certificates.Authority(os.path.join(peers._folder, "other"), name="Other CA")


WRONGS = {
    "untrusted": Wrong(
        lambda p: url_of(scripted(p, "ours")),
        "certificate not trusted (issued by corp test authority; ca_file names an authority)"),
    "another authority": Wrong(
        lambda p: trusting(p, scripted(p, "other", other_authority(p))),
        "certificate not trusted (issued by Other CA, which ca_file doesn't have)"),
    "another name": Wrong(
        lambda p: trusting(p, scripted(p, "name", names=["other.example", "third.example"])),
        f"certificate is for other.example and 1 more, not {OUTER}"),
    "expired": Wrong(
        lambda p: trusting(p, scripted(p, "expired", names=["old.corp.test", OUTER], days=-1)),
        "certificate not trusted (expired on "),
    "plain HTTP": Wrong(
        lambda p: url_of(p.proxy(proxies.Squid)),
        "(plain HTTP, no TLS, on that port: its url begins with http://)", "ECONNRESET"),
    "another protocol": Wrong(
        lambda p: url_of(p._once("rubbish", lambda: p.fault("rubbish"))), "no TLS on that port",
        "ECONNRESET"),
    "closes": Wrong(
        lambda p: url_of(p._once("closes", lambda: p.fault("closes"))), "(in the TLS handshake)",
        "ECONNRESET"),
    "hangs": Wrong(
        lambda p: url_of(p._once("hang", lambda: p.fault("hang"))),
        "timed out (in the TLS handshake)", "ETIMEDOUT", timeout=1.5),
    "down": Wrong(
        lambda p: f"https://{OUTER}:{p.dead_port()}", "connection refused", "ECONNREFUSED"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", WRONGS)
def test_errno_and_one_line(runner, peers, capture, name, door):
    case = WRONGS[name]
    run = run_by(door, runner, ["python3", "-c", CONNECT, "web.corp.test", "80"],
                 chain(case.hop(peers), timeout=case.timeout), log="warn",
                 place=runner.place.but(ns="open"))
    assert run.must_succeed().out == case.error + "\n", str(run)
    assert len(run.warnings()) == 1, str(run)
    assert f"web.corp.test:80 via hop0 failed at hop0 (https {OUTER}:" in run.warnings()[0] or (
        "web.corp.test:80 via hop0 failed" in run.warnings()[0]), str(run)
    assert case.words in run.warnings()[0], str(run)
    assert not capture.packets(), str(run)


def test_the_second_of_two_hops_is_named(runner, peers, site):
    first, second = two_tls_hops(peers)
    run = run_by("auto", runner, ["python3", "-c", CONNECT, "web.corp.test", "80"],
                 chain(first, second.split("\n")[0]), log="warn")
    assert run.out == "EACCES\n", str(run)
    assert f"failed at hop1 (https {INNER}:" in run.warnings()[0], str(run)
    assert "certificate not trusted" in run.warnings()[0], str(run)


@pytest.mark.parametrize("door", DOORS)
def test_insecure_takes_any_certificate_and_says_so(runner, peers, site, door):
    peer = Front(peers, peers.proxy(proxies.Squid))
    run = run_by(door, runner, CURL, chain(peer.hop(keys="insecure = yes")), log="warn")
    assert run.must_succeed().out == HELLO, str(run)
    assert len(run.warnings()) == 1 and "any certificate will do" in run.warnings()[0], str(run)


@pytest.mark.parametrize("door", DOORS)
def test_trusts_the_file_of_the_environment(runner, peers, site, front, door):
    run = run_by(door, runner, CURL, chain(front.hop(keys="")),
                 env={"SSL_CERT_FILE": front.authority.file})
    assert run.must_succeed().out == HELLO, str(run)


def test_url_on_the_command_line_and_in_the_environment(runner, peers, site, front):
    env = {"SSL_CERT_FILE": front.authority.file}
    run = runner.run(CURL, hops=[front.peer.url()], env=env)
    assert run.must_succeed().out == HELLO, str(run)
    run = runner.run(CURL, env=env | {"HTTPS_PROXY": front.peer.url()})
    assert run.must_succeed().out == HELLO, str(run)


def test_without_openssl_one_line_says_what_is_missing(runner, peers, front):
    """Its libraries are hidden; no other proxy misses them."""
    hide = ("for f in /usr/lib/*/libssl.so* /lib/*/libssl.so*; do "
            "mount --bind /dev/null $f; done 2>/dev/null; exec \"$@\"")
    place = runner.place
    prefix = place.prefix()
    at = prefix.index("--") + 1
    full, _ = runner.argv(["python3", "-c", CONNECT, "web.corp.test", "80"],
                          conf=chain(front.hop()), log=None)
    full = full[:at] + ["unshare", "-m", "--", "sh", "-c", hide, "sh"] + full[at:]
    run = runner._run(full, None, "", None, 40, place)
    assert run.out == "EACCES\n", str(run)
    assert ("https:// proxies need OpenSSL's libssl.so.3 (or 1.1), which isn't installed"
            in run.warnings()[0]), str(run)
