"""What fails, fails closed: the right errno, one line that names the cause and the hop, and not one
packet to the target. Settings that can't be used: 125, and COMMAND is not started."""

import errno
import os
import time

import pytest

import world
from gochain import MODES, real_root
from peers import proxies

CONNECT = """
import errno, socket, sys
s = socket.socket()
if len(sys.argv) > 3: s.settimeout(30)
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("OK")
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
"""


class Case:
    """`hops` builds the chain; `line` is what the one line must contain."""

    def __init__(self, hops, error, line, target=None, timeout=2, ns="open"):
        self.hops, self.error, self.line, self.target = hops, error, line, target
        self.timeout, self.ns = timeout, ns


def second_hop(make):
    return lambda peers: [peers.proxy(proxies.Microsocks, last=False), make(peers)]


def with_login(kind, where="outer"):
    address = (world.PROXY_SIDE if where == "outer" else world.PROXY_INNER)[0]
    return lambda peers: peers._once(("login", kind, where), lambda: peers.start(
        kind, address, user="alice", password="secret"))


def wrong(kind):
    return lambda peers: [with_login(kind)(peers).url(password="wrong")]


def missing(kind):
    return lambda peers: [with_login(kind)(peers).url(user="")]


def dead(address):
    return lambda peers: [f"socks5://{address}:{peers.dead_port()}"]


CASES = {
    "proxy down": Case(dead(world.PROXY_SIDE[0]), "ECONNREFUSED", world.PROXY_SIDE[0]),
    "proxy without route": Case(lambda _: ["socks5://192.0.2.1:1080"], "ENETUNREACH", "192.0.2.1",
                                ns="client"),
    "proxy hangs": Case(lambda p: [f"socks5://{world.PROXY_SIDE[0]}:{p.fault('hang').port}"],
                        "ETIMEDOUT", "timed out"),
    "http proxy hangs": Case(lambda p: [f"http://{world.PROXY_SIDE[0]}:{p.fault('hang').port}"],
                             "ETIMEDOUT", "timed out"),
    "rubbish": Case(lambda p: [f"socks5://{world.PROXY_SIDE[0]}:{p.fault('rubbish').port}"],
                    "ECONNRESET", "protocol"),
    "http rubbish": Case(lambda p: [f"http://{world.PROXY_SIDE[0]}:{p.fault('rubbish').port}"],
                         "ECONNRESET", "protocol"),
    "closes": Case(lambda p: [f"socks5://{world.PROXY_SIDE[0]}:{p.fault('closes').port}"],
                   "ECONNRESET", "closed"),
    "wrong password": Case(wrong(proxies.Microsocks), "EACCES", "credentials"),
    "wrong http password": Case(wrong(proxies.Squid), "EACCES", "credentials"),
    "wrong tinyproxy password": Case(wrong(proxies.Tinyproxy), "EACCES", ""),
    "no password": Case(missing(proxies.Microsocks), "EACCES", ""),
    "no http password": Case(missing(proxies.Squid), "EACCES", "407"),
    "second hop down": Case(
        second_hop(lambda p: f"http://{world.PROXY_INNER[0]}:{p.dead_port()}"), "ECONNREFUSED",
        "hop1"),
    "second hop hangs": Case(
        second_hop(lambda p: "http://{}:{}".format(
            world.PROXY_INNER[0], p.fault("hang", address=world.PROXY_INNER[0]).port)),
        "ETIMEDOUT", world.PROXY_INNER[0]),
    "target refuses": Case(lambda p: p.one_hop(proxies.Dante), "ECONNREFUSED", "target"),
    "target refuses at microsocks": Case(lambda p: p.one_hop(), "ECONNREFUSED", "target"),
    "target refuses at squid": Case(lambda p: p.one_hop(proxies.Squid), "ECONNREFUSED", "target"),
    "target refuses at tinyproxy": Case(lambda p: p.one_hop(proxies.Tinyproxy), "ECONNREFUSED",
                                        "target"),
    "name unknown to dante": Case(lambda p: p.one_hop(proxies.Dante), "EHOSTUNREACH", "",
                                  "no.corp.test"),
    "name unknown to microsocks": Case(lambda p: p.one_hop(), "EHOSTUNREACH", "", "no.corp.test"),
    "name unknown to squid": Case(lambda p: p.one_hop(proxies.Squid), "EHOSTUNREACH", "",
                                  "no.corp.test", timeout=10),
    "forbidden by squid": Case(lambda p: p.one_hop(proxies.Squid), "EACCES", "403",
                               "forbidden.corp.test"),
}


@pytest.mark.parametrize("how", ("blocking", "nonblocking"))
@pytest.mark.parametrize("mode", ("preload", "supervise"))
@pytest.mark.parametrize("case", CASES)
def test_errno_and_one_line(runner, peers, capture, case, mode, how):
    case = CASES[case]
    # Port 9: nobody listens there in `target`.
    hops = [hop if isinstance(hop, str) else hop.url() for hop in case.hops(peers)]
    names = [f"hop{number}" for number in range(len(hops))]
    conf = (
        f"[gochain]\ndefault = route\nconnect_timeout = {case.timeout}\n"
        + "".join(f"[proxy {name}]\nurl = {url}\n" for name, url in zip(names, hops))
        + f"[chain route]\nhops = {' '.join(names)}\n"
    )
    start = time.monotonic()
    run = runner.run(
        ["/usr/bin/python3", "-c", CONNECT, case.target or world.TARGET[0], "9"]
        + (["nonblocking"] if how == "nonblocking" else []),
        mode=mode, conf=conf, log=None, place=runner.place.but(ns=case.ns))
    assert run.must_succeed().out == case.error + "\n", str(run)
    assert not capture.packets(), str(run)
    lines = run.warnings()
    assert len(lines) == 1, str(run)
    assert f"{case.target or world.TARGET[0]}:9 via " in lines[0], lines
    assert " failed " in lines[0] and case.line in lines[0], lines
    assert "secret" not in run.err and "wrong" not in run.err, run.err
    assert time.monotonic() - start < case.timeout + 5


@pytest.mark.parametrize("mode", MODES)
def test_rejected_target(runner, peers, site, capture, mode):
    conf = (f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"
            "[rules]\nreject = web.corp.test 10.77.2.0/24\n")
    for target in ("web.corp.test", world.TARGET[0]):
        run = runner.run(["/usr/bin/python3", "-c", CONNECT, target, "80"], mode=mode, conf=conf,
                         place=runner.place.but(ns="open"))
        assert run.must_succeed().out == "EACCES\n", str(run)
        assert [event["route"] for event in run.of("reject")] == ["reject"], str(run)
        assert run.of("reject")[0]["rule"].endswith("gochain.conf:6"), str(run)
    assert not capture.packets()


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_supervisor_killed(runner, peers, site, tools, capture, mode):
    """Its calls fail; none goes straight out."""
    fetch = tools("fetch", "static")
    script = f"kill -9 $PPID; sleep 0.3; {fetch} {world.TARGET[0]} 80; echo after"
    run = runner.run(["sh", "-c", script], mode=mode, hops=peers.one_hop(),
                     place=runner.place.but(ns="open"))
    assert not capture.packets(), str(run)
    assert "hello" not in run.out, str(run)


BAD_CONFS = {
    "unknown key": ("[gochain]\ndefalt = direct\n", ["conf:2: ", "default"]),
    "two errors": ("[gochain]\ndns = remot\n[rules]\nnowhere = *\n", ["conf:2: ", "conf:4: "]),
    "bad url": ("[proxy a]\nurl = ftp://x\n", ["conf:2: "]),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", BAD_CONFS)
def test_bad_rules_file(runner, folder, kind, mode):
    text, wanted = BAD_CONFS[kind]
    mark = os.path.join(folder, "started")
    run = runner.run(["touch", mark], mode=mode, conf=text, log=None)
    assert run.status == 125, str(run)
    assert not os.path.exists(mark)
    lines = run.err.splitlines()
    for part in wanted:
        assert any(part in line for line in lines), str(run)


def test_unreadable_rules_file(runner, folder):
    path = os.path.join(folder, "secret.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write("[gochain]\ndefault = direct\n")
    os.chmod(path, 0o000)
    mark = os.path.join(folder, "started")
    for file, reason in ((path, "ermission"), (folder + "/none.conf", "No such"),
                         (folder, "irectory")):
        if file == path and not real_root():
            continue
        run = runner.run(["touch", mark], options=["-f", file], log=None)
        assert run.status == 125, str(run)
        assert not os.path.exists(mark)
        assert len(run.err.splitlines()) == 1 and file in run.err and reason in run.err, str(run)


@pytest.mark.parametrize("options, part", [
    (["--mod=auto2", "-p", "socks5://127.0.0.1:1"], "mod"), (["--mode=full"], "full"),
    (["-p", "gopher://x"], "gopher"), ([], "no proxy: give -p URL or a rules file"),
])
def test_bad_options(runner, folder, options, part):
    mark = os.path.join(folder, "started")
    run = runner.run(["touch", mark], mode=None, options=options, log=None)
    assert run.status == 125, str(run)
    assert not os.path.exists(mark)
    assert run.err.startswith("gochain: ") and part in run.err, str(run)


def test_password_of_p_is_never_shown(runner, peers):
    run = runner.run(["/usr/bin/python3", "-c", CONNECT, world.TARGET[0], "9"],
                     hops=[f"http://alice:sesame@{world.PROXY_SIDE[0]}:{peers.dead_port()}"],
                     log=None, options=["-v"])
    assert run.out == "ECONNREFUSED\n", str(run)
    assert run.warnings() and "sesame" not in run.err, str(run)


@pytest.mark.parametrize("mode", ("preload", "supervise"))
@pytest.mark.parametrize("restart", (False, True), ids=("EINTR", "SA_RESTART"))
def test_signal_handler_runs_during_a_dial(runner, tools, peers, mode, restart):
    hang = peers.fault("hang")
    conf = (f"[gochain]\ndefault = far\nconnect_timeout = 2\n"
            f"[proxy far]\nurl = socks5://{world.PROXY_SIDE[0]}:{hang.port}\n")
    run = runner.run(
        [tools("alarmed")] + (["-r"] if restart else []) + [world.TARGET[0], "80"], mode=mode,
        conf=conf)
    said = [line.split() for line in run.must_succeed().out.splitlines()]
    assert [line[0] for line in said] == ["handler", "connect"], str(run)
    assert 250 <= int(said[0][1]) <= 700, str(run)
    assert int(said[1][1]) == (errno.ETIMEDOUT if restart else errno.EINTR), str(run)
    elapsed = int(said[1][2])
    assert 1800 <= elapsed <= 4000 if restart else elapsed <= 800, str(run)
    assert hang.dropped.wait(4), "the dial was not undone"


def test_one_line_only_at_the_default_level(runner, peers, site):
    """Nothing is said when all is well."""
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], log=None,
                     hops=peers.one_hop())
    assert run.must_succeed().out == "hello from nginx\n"
    assert run.err == "", str(run)


def test_verbose_line(runner, peers, site):
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], log=None,
                     options=["-v"], hops=peers.two_hops())
    line, = run.must_succeed().warnings()
    assert line.startswith("gochain: web.corp.test:80 via "), line
    assert " connected in " in line and "[curl " in line, line
