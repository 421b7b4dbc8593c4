"""`gochain --listen` and `--mode=env`: real clients of each protocol, and what they are told."""

import hashlib
import os
import re
import signal
import socket
import threading
import time

import pytest

import world
from gochain import Run
from peers import content, proxies
from programs_test import downloaded, go_env, in_folder, main_module  # noqa: F401  fixtures
from rules_file import proxy_sections
from terminal import processes_with, wait_until
from tls_hops_test import Front, chain

HELLO = "hello from nginx\n"
URL = "http://web.corp.test/hello.txt"
STRAIGHT = world.OPEN_WAY_CLIENT[0]


class Listening:
    """A gochain that listens in `place` under the rules of `conf`, until the test is over."""

    def __init__(self, runner, conf, options=(), address="0", place=None):
        self.runner = runner
        self.place = place or runner.place
        argv, self.log = runner.argv([], conf=conf, options=[*options, "--listen", address],
                                     place=self.place)
        self.argv = argv
        self.process = runner.start(argv, place=self.place)
        self.lines = []
        self.port = self._await()

    def _await(self):
        while line := self.process.stderr.readline():
            self.lines.append(line)
            ready = re.fullmatch(r"gochain: listening on .*:(\d+): SOCKS5, SOCKS4 and HTTP\n", line)
            if ready:
                return int(ready.group(1))
        raise AssertionError(f"never ready: {''.join(self.lines)}")

    def url(self, scheme):
        return f"{scheme}://127.0.0.1:{self.port}"

    def stop(self, number=signal.SIGTERM):
        """What was logged, as a Run."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return Run(self.argv, self.process.returncode, out, "".join(self.lines) + err, self.log)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate(timeout=5)

    def curl(self, *arguments, scheme="socks5h", **kwargs):
        return self.runner.alone(["curl", "-sS", "-m", "20", "-x", self.url(scheme), *arguments],
                                 place=self.place, **kwargs)

    def connect(self):
        """A socket to it, from this process."""
        with world.inside(self.place.ns):
            client = socket.socket()
        client.settimeout(20)
        client.connect(("127.0.0.1", self.port))
        return client

    def tunnel(self, host, port):
        client = self.connect()
        client.sendall(b"CONNECT %s:%d HTTP/1.1\r\n\r\n" % (host.encode(), port))
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        assert head.startswith(b"HTTP/1.1 200 "), head
        return client


@pytest.fixture
def listen(runner):
    started = []

    def start(conf, options=(), address="0", place=None):
        started.append(Listening(runner, conf, options, address, place))
        return started[-1]

    yield start
    for made in started:
        made.kill()


def by_hops(*hops, rules="", more=""):
    return chain(*hops, extra=more) + (f"[rules]\n{rules}" if rules else "")


CLIENTS = {
    "socks5h": ["-x", "socks5h"], "socks4a": ["-x", "socks4a"], "http": ["-x", "http"],
    "http tunnel": ["-p", "-x", "http"],
}


@pytest.mark.parametrize("hops", ("one", "two"))
@pytest.mark.parametrize("client", CLIENTS)
def test_client_reaches_a_name_that_only_the_proxy_knows(listen, peers, site, client, hops):
    proxy = listen(by_hops(*(peers.one_hop() if hops == "one" else peers.two_hops())))
    *options, scheme = CLIENTS[client]
    run = proxy.runner.alone(["curl", "-sS", "-m", "20", *options, proxy.url(scheme), URL])
    assert run.must_succeed().out == HELLO, str(run)
    log = proxy.stop()
    assert log.status == 0, str(log)
    event, = log.must_dial_by("listen", "route", 1 if hops == "one" else 2, "web.corp.test:80")
    assert event["pid"] == 0 and event["exe"] == "", str(log)


@pytest.mark.parametrize("scheme", ("socks5h", "socks4a", "http"))
def test_https_goes_through_a_tunnel(listen, peers, site, scheme):
    proxy = listen(by_hops(*peers.one_hop()))
    run = proxy.curl("--cacert", site.certificate[0], "https://web.corp.test/hello.txt",
                     scheme=scheme)
    assert run.must_succeed().out == HELLO, str(run)


def test_http_requests_of_one_client_go_each_its_own_way(listen, peers, site):
    """A client that would keep its connection, and names other hosts on it."""
    far = peers.responder()
    proxy = listen(by_hops(*peers.one_hop()))
    run = proxy.curl(URL, f"http://echo.corp.test:{far.port}/", URL, "-H", "X-Own: 1",
                     scheme="http")
    assert run.must_succeed().out == f"{HELLO}hello from {far.port}\n{HELLO}", str(run)
    received = far.connections[-1].received.decode()
    assert received.startswith(f"GET / HTTP/1.1\r\nHost: echo.corp.test:{far.port}\r\n"), received
    assert "X-Own: 1\r\n" in received and "Connection: close\r\n" in received, received
    assert "Proxy-Connection" not in received, received


@pytest.mark.parametrize("framing", ("length", "chunks"))
def test_http_request_with_a_body(listen, peers, folder, framing):
    far = peers.responder()
    body = os.path.join(folder, "body")
    with open(body, "wb") as file:
        file.write(os.urandom(3 << 20))
    proxy = listen(by_hops(*peers.one_hop()))
    more = ["-H", "Transfer-Encoding: chunked"] if framing == "chunks" else []
    # The responder sends back what it gets, which is no HTTP.
    proxy.curl("--http0.9", "-X", "PUT", "-T", body, "-m", "5", "-o", "/dev/null", *more,
               f"http://echo.corp.test:{far.port}/", scheme="http")
    head, _, sent = far.connections[-1].received.partition(b"\r\n\r\n")
    if framing == "chunks":
        assert b"Transfer-Encoding: chunked" in head, head
        sent = b"".join(unchunked(sent))
    with open(body, "rb") as file:
        assert sent == file.read(), f"{len(sent)} bytes"


def unchunked(data):
    while True:
        line, data = data.split(b"\r\n", 1)
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return
        yield data[:size]
        data = data[size + 2:]


def test_git_with_its_own_proxy_setting(listen, peers, site, runner, folder):
    proxy = listen(by_hops(*peers.one_hop()))
    for number, scheme in enumerate(("http", "socks5h")):
        run = runner.alone(["git", "-c", f"http.proxy={proxy.url(scheme)}", "clone", "-q",
                            "http://git.corp.test/repo.git", f"clone{number}"])
        run.must_succeed()
        assert os.path.exists(os.path.join(folder, f"clone{number}/file0.txt"))


def test_chain_with_a_tls_hop(listen, peers, site):
    """Such a hop is the relay's."""
    front = Front(peers, peers.proxy(proxies.Squid))
    proxy = listen(by_hops(front.hop()))
    for scheme in ("socks5h", "http"):
        assert proxy.curl(URL, scheme=scheme).must_succeed().out == HELLO
    log = proxy.stop()
    assert log.status == 0, str(log)
    log.must_dial_by("listen", "route", 1, "web.corp.test:80")
    assert wait_until(lambda: not processes_with(proxy.log), 3), processes_with(proxy.log)


class Ways:
    """Rules in `open`, where both ways lead to the target."""

    def __init__(self, open_rules, peers, listen, default="far", rules=""):
        self.place = open_rules.place
        self.far = peers.responder(world.TARGET[0])
        self.near = peers.responder(world.OPEN_WAY_TARGET[0], port=self.far.port)
        self.proxy = listen(
            f"[gochain]\ndefault = {default}\n{proxy_sections(peers)}[rules]\n{rules}",
            place=self.place)


@pytest.mark.parametrize("scheme", ("socks5h", "http"))
def test_rules_decide_by_the_name_that_the_client_gives(open_rules, peers, listen, capture, scheme):
    ways = Ways(open_rules, peers, listen, rules="direct = *.corp.example\n")
    port = ways.far.port
    run = ways.proxy.curl(f"http://echo.corp.test:{port}/", scheme=scheme)
    assert run.must_succeed().out == f"hello from {port}\n"
    assert not capture.packets(), "nothing of it takes the open way, not even a question"
    assert [c.peer[0] for c in ways.far.connections] == [world.PROXY_INNER[0]]
    run = ways.proxy.curl(f"http://git.corp.example:{port}/", scheme=scheme)
    assert run.must_succeed().out == f"hello from {port}\n"
    assert [c.peer[0] for c in ways.near.connections] == [STRAIGHT]
    assert len(ways.far.connections) == 1, "the proxy hears nothing of it"
    log = ways.proxy.stop()
    routes = {event["target"]: event["route"] for event in log.of("connect")}
    assert routes == {f"echo.corp.test:{port}": "far", f"git.corp.example:{port}": "direct"}, str(log)


@pytest.mark.parametrize("scheme", ("socks5h", "socks4a", "http", "tunnel"))
def test_rejected_target_is_refused_in_the_clients_words(listen, peers, capture, scheme):
    proxy = listen(by_hops(*peers.one_hop(), rules="reject = bad.example\n"))
    options = ["-p"] if scheme == "tunnel" else []
    run = proxy.curl(*options, "-o", "/dev/null", "-w", "%{http_code} %{http_connect}\n",
                     "http://bad.example/", scheme="http" if scheme == "tunnel" else scheme)
    if scheme == "http":
        assert (run.status, run.out) == (0, "403 000\n"), str(run)
    elif scheme == "tunnel":
        assert (run.status, run.out) == (56, "000 403\n"), str(run)
    else:
        assert run.status == 97, str(run)
        assert re.search(r"\(2\)$" if scheme == "socks5h" else r"\(91\)|rejected", run.err.strip(),
                         re.M), str(run)
    event, = proxy.stop().of("reject")
    assert event["door"] == "listen" and event["target"] == "bad.example:80"


FAULTS = {
    # What curl ends by and says of SOCKS5, and the status of a tunnel.
    "dead": ("(5)", 502, "connection refused"), "hang": ("(6)", 504, "timed out"),
    "rubbish": ("(1)", 502, "reply is not of the proxy's protocol"),
    "closes": ("(1)", 502, "connection closed during the handshake"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_the_hop_reaches_the_client_and_the_log(listen, peers, fault):
    code, status, cause = FAULTS[fault]
    if fault == "dead":
        hop = f"socks5://{world.PROXY_SIDE[0]}:{peers.dead_port()}"
    else:
        made = peers.fault(fault)
        hop = f"socks5://{made.address}:{made.port}"
    proxy = listen(by_hops(hop).replace("connect_timeout = 20", "connect_timeout = 1"))
    socks = proxy.curl(URL)
    assert socks.status == 97 and code in socks.err, str(socks)
    tunnel = proxy.curl("-p", "-o", "/dev/null", "-w", "%{http_connect}\n", URL, scheme="http")
    assert tunnel.out == f"{status}\n", str(tunnel)
    plain = proxy.curl(URL, scheme="http")
    assert plain.status == 0 and cause in plain.out, str(plain)
    log = proxy.stop()
    events = log.of("fail", "web.corp.test:80")
    assert len(events) == 3, str(log)
    assert all(event["door"] == "listen" and cause in event["error"] for event in events), str(log)


def test_name_that_nobody_knows(listen, open_rules):
    proxy = listen("[gochain]\ndefault = direct\n", place=open_rules.place)
    assert "(4)" in proxy.curl("http://none.example/").err
    run = proxy.curl("http://none.example/", scheme="http")
    assert "none.example:80: no such name" in run.must_succeed().out, str(run)


def test_both_directions_end_apart(listen, peers, runner):
    far = peers.responder(world.OPEN_WAY_TARGET[0])
    proxy = listen("[gochain]\ndefault = direct\n", place=runner.place.but(ns="open"))
    client = proxy.tunnel(far.address, far.port)
    client.sendall(b"all I have to say")
    client.shutdown(socket.SHUT_WR)
    heard = b""
    while piece := client.recv(4096):
        heard += piece
    assert heard == b"all I have to say"
    assert far.connections[-1].ended.wait(5)


class LateAnswer:
    """A server that answers its clients some time after they have said all."""

    def __init__(self, server, seconds):
        self.port = server.getsockname()[1]
        self._server, self._seconds = server, seconds
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        conn, _ = self._server.accept()
        with conn:
            while conn.recv(4096):
                pass
            time.sleep(self._seconds)
            conn.sendall(b"late")

    def stop(self):
        self._server.close()


def test_client_of_another_machine_that_has_said_all_waits_on(listen, peers, runner):
    """Whether it is still there can't be asked of this kernel."""
    late = peers._keep(LateAnswer(world.World.listen("target", world.TARGET[0]), 0.5))
    proxy = listen("[gochain]\ndefault = direct\n", address=world.PROXY_SIDE[0] + ":0",
                   place=runner.place.but(ns="proxy"))
    with world.inside("client"):
        client = socket.socket()
    client.settimeout(20)
    client.connect((world.PROXY_SIDE[0], proxy.port))
    client.sendall(b"CONNECT %s:%d HTTP/1.1\r\n\r\n" % (world.TARGET[0].encode(), late.port))
    client.shutdown(socket.SHUT_WR)
    heard = b""
    while piece := client.recv(4096):
        heard += piece
    assert heard.endswith(b"\r\n\r\nlate"), heard


def test_much_goes_through_at_the_pace_of_the_slower_end(listen, peers, runner):
    """An echo of 64 MB, whose reader starts late."""
    far = peers.responder(world.OPEN_WAY_TARGET[0])
    proxy = listen("[gochain]\ndefault = direct\n", place=runner.place.but(ns="open"))
    client = proxy.tunnel(far.address, far.port)
    piece, count = os.urandom(1 << 20), 64
    sent, got = hashlib.sha256(), hashlib.sha256()

    def send():
        for _ in range(count):
            client.sendall(piece)
            sent.update(piece)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    time.sleep(0.5)
    size = 0
    while data := client.recv(1 << 16):
        got.update(data)
        size += len(data)
    sender.join(10)
    assert size == count << 20 and got.digest() == sent.digest()


def test_many_clients_at_once(listen, peers, site):
    proxy = listen(by_hops(*peers.one_hop()))
    for scheme in ("socks5h", "http"):
        run = proxy.curl("-Z", "--parallel-immediate", "--parallel-max", "200", "-o", "/dev/null",
                         "-w", "%{http_code}\n", URL + "?[1-200]", scheme=scheme, timeout=50)
        assert run.must_succeed().out == "200\n" * 200, str(run)


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_signal_ends_it_and_all_that_it_carries(listen, peers, number):
    far = peers.responder()
    proxy = listen(by_hops(*peers.one_hop()))
    client, silent = proxy.tunnel("echo.corp.test", far.port), proxy.connect()
    client.sendall(b"x")
    assert client.recv(1) == b"x"
    log = proxy.stop(number)
    assert log.status == 0, str(log)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert silent.recv(1) == b""
    assert far.connections[-1].ended.wait(5)
    assert not processes_with(proxy.log)
    again = listen(by_hops(*peers.one_hop()), address=str(proxy.port))
    assert again.port == proxy.port


def test_silent_clients_hold_nobody_up(listen, peers, site):
    proxy = listen(by_hops(*peers.one_hop()))
    silent = [proxy.connect() for _ in range(300)]
    half = proxy.connect()
    half.sendall(b"GET http://web.corp")
    assert proxy.curl(URL).must_succeed().out == HELLO
    assert proxy.stop().status == 0
    assert all(client.recv(1) == b"" for client in silent)


def test_silent_clients_make_room_where_descriptors_are_few(listen, peers, site, runner):
    place = runner.place.but(wrap=("prlimit", "--nofile=100:100"))
    proxy = listen(by_hops(*peers.one_hop()), place=place)
    silent = [proxy.connect() for _ in range(60)]
    run = proxy.curl(URL + "?[1-20]", "-Z", "--parallel-immediate", "--parallel-max", "20", "-o",
                     "/dev/null", "-w", "%{http_code}\n")
    assert run.must_succeed().out == "200\n" * 20, str(run)
    assert len(silent) == 60


def test_whoever_may_come_is_said(listen, peers, runner):
    proxy = listen(by_hops(*peers.one_hop()), address="0.0.0.0:0")
    assert proxy.lines[0] == (
        f"gochain: warning: whoever can reach 0.0.0.0:{proxy.port} can use these proxies, "
        "without a password\n"), proxy.lines
    own = listen(by_hops(*peers.one_hop()), address="[::1]:0")
    assert len(own.lines) == 1, own.lines


def test_what_cannot_be_listened_on(listen, peers, runner):
    first = listen(by_hops(*peers.one_hop()))
    for options, error in (
            (["--listen", str(first.port)],
             f"gochain: cannot listen on 127.0.0.1:{first.port}: Address already in use\n"),
            (["--listen", "192.0.2.1:0"],
             "gochain: cannot listen on 192.0.2.1:0: Cannot assign requested address\n"),
            (["--listen", "nowhere"],
             "gochain: bad --listen 'nowhere': [HOST:]PORT, HOST being an address\n"),
            (["--listen", "0", "true"], "gochain: --listen takes no COMMAND: 'true'\n")):
        run = runner.run([], mode=None, hops=peers.one_hop(), log=None, options=options)
        assert (run.status, run.err) == (125, error), str(run)
    port = peers.port()
    run = runner.run([], mode=None, hops=[f"socks5://127.0.0.1:{port}"], log=None,
                     options=["--listen", str(port)])
    assert run.status == 125, str(run)
    assert run.err.endswith(f" is 127.0.0.1:{port}, where gochain itself is to listen\n"), str(run)


# --mode=env

ENV_COMMANDS = {
    "curl": ["curl", "-sS", "-m", "20", URL],
    "wget": ["wget", "-qO-", "-T", "20", URL],
    "python": ["python3", "-c", f"import urllib.request as r; "
                                f"print(r.urlopen('{URL}', timeout=20).read().decode(), end='')"],
}


@pytest.mark.parametrize("name", ENV_COMMANDS)
def test_env_mode_tells_programs_of_the_proxy(runner, peers, site, name):
    run = runner.run(ENV_COMMANDS[name], mode="env", hops=peers.one_hop())
    assert run.must_succeed().out == HELLO, str(run)
    run.must_dial_by("listen", hops=1, target="web.corp.test:80")


def test_env_mode_clones_by_git(runner, peers, site, folder):
    for url in ("http://git.corp.test/repo.git", "https://git.corp.test/repo.git"):
        clone = "clone-" + url.split(":")[0]
        run = runner.run(["git", "-c", "http.sslCAInfo=" + site.certificate[0], "clone", "-q", url,
                          clone], mode="env", hops=peers.one_hop())
        run.must_succeed()
        assert os.path.exists(os.path.join(folder, clone, "file0.txt"))


@pytest.mark.parametrize("wrap", (None, "seccomp", "docker"))
def test_env_mode_downloads_go_modules(runner, peers, site, tools, go_env, main_module,  # noqa: F811
                                       wrap):
    place = runner.place.but(wrap=(tools("deny", "static"), wrap) if wrap else ())
    run = runner.run(in_folder(main_module, ["go", "mod", "download"]), mode="env", place=place,
                     hops=peers.one_hop(), env=go_env)
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    run.must_dial_by("listen", hops=1, target="modules.corp.test:80")


def test_env_mode_obeys_the_rules(open_rules, peers, runner, capture):
    far = peers.responder(world.TARGET[0])
    near = peers.responder(world.OPEN_WAY_TARGET[0], port=far.port)
    open_rules.write(f"[gochain]\ndefault = far\n{proxy_sections(peers)}[rules]\n"
                     "direct = *.corp.example\nreject = bad.example\n")
    script = (f"curl -sS -m 20 http://echo.corp.test:{far.port}/; "
              f"curl -sS -m 20 http://git.corp.example:{far.port}/; "
              "curl -sS -m 20 -o /dev/null -w '%{http_code}\n' http://bad.example/")
    run = open_rules.run(["sh", "-c", script], "env", env={"NO_PROXY": "*", "no_proxy": "*"})
    assert run.out == f"hello from {far.port}\n" * 2 + "403\n", str(run)
    assert [c.peer[0] for c in far.connections] == [world.PROXY_INNER[0]]
    assert [c.peer[0] for c in near.connections] == [STRAIGHT]


def test_env_mode_says_what_to_set_and_nothing_else(runner, peers):
    run = runner.run(["env"], mode="env", hops=peers.one_hop(),
                     env={"FTP_PROXY": "http://192.0.2.1:1", "KEEP_ME": "as is"})
    names = dict(line.split("=", 1) for line in run.must_succeed().out.splitlines() if "=" in line)
    port = names["HTTP_PROXY"].rpartition(":")[2]
    for name, value in (("HTTP_PROXY", f"http://127.0.0.1:{port}"),
                        ("HTTPS_PROXY", f"http://127.0.0.1:{port}"),
                        ("ALL_PROXY", f"socks5h://127.0.0.1:{port}"), ("NO_PROXY", "")):
        assert names[name] == names[name.lower()] == value, str(run)
    assert "FTP_PROXY" not in names and "GOCHAIN_STATE" not in names, str(run)
    assert "LD_PRELOAD" not in names and names["KEEP_ME"] == "as is", str(run)


def test_env_mode_turns_other_users_away(runner, peers, site, as_root):
    script = f"curl -sS -m 20 {URL}; setpriv --reuid=1234 --regid=1234 --clear-groups " \
             f"curl -sS -m 20 {URL}"
    place = runner.place.but(user="root")
    run = runner.run(["sh", "-c", script], mode="env", hops=peers.one_hop(), place=place)
    assert run.out == HELLO and run.status != 0, str(run)


def test_env_mode_ends_with_its_command(runner, peers, site):
    run = runner.run(["sh", "-c", "echo $HTTP_PROXY"], mode="env", hops=peers.one_hop())
    port = int(run.must_succeed().out.rpartition(":")[2])
    with world.inside("client"):
        client = socket.socket()
    assert wait_until(lambda: client.connect_ex(("127.0.0.1", port)) == 111, 3)
