"""A dial that the program gives up, or that its end cuts short, while the second hop says nothing: it
ends at once, the far end sees it, and the program can go on."""

import contextlib
import errno
import os
import signal

import pytest

import world
from dials import helpers_of, wait_for
from gochain import keep_private
from peers import faults, proxies

DOORS = ("preload", "supervise", "auto", "library alone")
# A TLS hop is dialled by the relay.
DOORS_AND_PROTOCOLS = [(door, protocol) for protocol in ("socks5", "https") for door in DOORS]
TIMEOUT = 30  # a dial that only ends then was not given up
PATIENCE_MS = 400  # tools/impatient.c
LATE_MS = 4000  # on a machine that has much else to do
# The connection to a hop may stay so much longer than the program's call: half a second, and time
# for a machine that has much else to do.
LINGER_S = 0.5 + 2


@pytest.fixture(scope="module")
def served(peers):
    made = faults.FaultyProxies(peers.authority().issue(
        "hangs.test", also=[world.PROXY_INNER[0]]))
    yield made
    made.stop()


class Stage:
    """Programs under one door; each dials through a microsocks and a hop of its own, of `protocol`, that
    hangs: SOCKS5 or TLS in the middle of its first answer."""

    def __init__(self, runner, peers, world_made, served, door, protocol="socks5"):
        self._runner, self._peers, self._world = runner, peers, world_made
        self._served, self._door, self._protocol = served, door, protocol
        self._timeout = TIMEOUT
        self._started = []

    def be(self, protocol, timeout):
        self._protocol, self._timeout = protocol, timeout

    def _proxy(self, address, protocol, fault):
        return self._served.add(self._world.listen("proxy", address), protocol, fault)

    def start(self, argv, target, good="good.faulty.test:80", outside=(), inside=()):
        """`argv` under gochain: the running process and the hop that hangs. `outside` and `inside` are
        commands that gochain, or the program, is started by."""
        hop = self._proxy(world.PROXY_INNER[0], self._protocol, faults.Fault("stall", 0, 1))
        works = self._proxy(world.PROXY_SIDE[0], "socks5", faults.Fault("none"))
        keys = f"ca_file = {self._peers.authority().file}\n" if hop.protocol.is_tls else ""
        first = self._peers.proxy(proxies.Microsocks, last=False)
        conf = (f"[gochain]\ndefault = reject\nconnect_timeout = {self._timeout}\n"
                f"[proxy first]\nurl = {first.url()}\n[proxy hangs]\nurl = {hop.url()}\n{keys}"
                f"[proxy good]\nurl = {works.url()}\n"
                "[chain both]\nhops = first hangs\n"
                f"[rules]\ngood = {good}\nboth = {target}\n")
        runner, env, argv = self._runner, None, list(inside) + list(argv)
        if self._door == "library alone":
            path = runner._new_path("gochain.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write(conf)
            keep_private(path)
            full = runner.place.prefix() + list(outside) + argv
            env = {"LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path}
        else:
            full, _ = runner.argv(argv, mode=self._door, conf=conf, log=None,
                                  place=runner.place.but(wrap=outside))
        # Who runs the tests in the background ignores SIGINT.
        process = runner.start(full, env, stdin=-1,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self._started.append(process)
        return process, hop

    def stop(self):
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=10)


@pytest.fixture
def stage(runner, peers, world, served, request):
    params = request.node.callspec.params
    made = Stage(runner, peers, world, served, params["door"], params.get("protocol", "socks5"))
    yield made
    made.stop()


def ends_soon(hop):
    """The hop sees the end of its connection."""
    return wait_for(lambda: hop.open == 0, LINGER_S)


RELAY_ERRORS = {signal.SIGKILL: {errno.ECONNRESET, errno.ECONNREFUSED},
                signal.SIGSTOP: {errno.ETIMEDOUT}}
ERRORS = {
    "send": {errno.EINPROGRESS},
    "signal": {errno.EINTR},
    "cancel": {0},
    # To the library it is the end of its connection, be it to a hop or to the relay.
    "undo": {errno.ECONNRESET, errno.ECANCELED, errno.ECONNREFUSED},
}


@pytest.mark.parametrize("door, protocol", DOORS_AND_PROTOCOLS)
def test_the_programs_own_deadline(stage, tools, door, protocol):
    program, target = tools("impatient"), "hangs.faulty.test"
    # The library alone takes an undone connection to its relay for the relay's death, and dials once
    # more by another one.
    hows = [how for how in ERRORS if (how, door, protocol) != ("undo", DOORS[3], "https")]
    started = {how: stage.start([program, how, target, "80", "good.faulty.test", "80"],
                                target + ":80") for how in hows}
    for how, (process, hop) in started.items():
        assert process.stdout.readline() == "dialling\n", process.stderr.read()
        word, error, took_ms = process.stdout.readline().split()
        assert word == "ended" and int(error) in ERRORS[how], (how, error)
        assert int(took_ms) < PATIENCE_MS + LATE_MS, (how, took_ms)
        assert ends_soon(hop), how
        assert hop.accepted == 1, how
        assert process.stdout.readline() == "later 0 ping\n", how
        words = process.stdout.readline().split()
        assert words[0] == "descriptors" and words[1] == words[2], (how, words)
        process.communicate("", timeout=10)
        assert process.returncode == 0, how


@pytest.mark.parametrize("door, protocol", DOORS_AND_PROTOCOLS)
def test_the_end_of_the_program(stage, tools, door, protocol):
    program, target = tools("impatient"), "hangs.faulty.test"

    def start(how="wait", **wrap):
        return stage.start([program, how, target, "80", "good.faulty.test", "80"], target + ":80",
                           **wrap)

    by_itself = {
        "exit": start("exit"),
        "timeout inside": start(inside=["timeout", "-s", "KILL", "0.4"]),
        "timeout outside": start(outside=["timeout", "-s", "KILL", "0.4"]),
    }
    signalled = {number: start() for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)}
    for number, (process, hop) in signalled.items():
        assert process.stdout.readline() == "dialling\n", process.stderr.read()
        assert wait_for(lambda hop=hop: hop.accepted)
        os.killpg(process.pid, number)
    for how, (process, hop) in (signalled | by_itself).items():
        _, err = process.communicate("", timeout=10)
        assert wait_for(lambda hop=hop: hop.accepted), how
        assert ends_soon(hop), how
        assert "ended" not in err, how
    for number, (process, _) in signalled.items():
        assert process.returncode == -number, number


@pytest.mark.parametrize("door", ("preload", "supervise"))
@pytest.mark.parametrize("how", (signal.SIGKILL, signal.SIGSTOP), ids=("killed", "stopped"))
def test_the_relay_goes_in_the_middle_of_a_dial(stage, tools, door, how):
    """Stopped, it costs the time that the whole dial may take, and a little more."""
    target, good = "hangs.faulty.test", "good.faulty.test"
    stage.be(protocol="https", timeout=1)
    process, hop = stage.start([tools("impatient"), "wait", target, "80", good, "80"], target + ":80")
    assert process.stdout.readline() == "dialling\n", process.stderr.read()
    assert wait_for(lambda: hop.accepted)
    relay = helpers_of(process)["relay"]
    os.kill(relay, how)
    word, error, took_ms = process.stdout.readline().split()
    assert word == "ended" and int(error) in RELAY_ERRORS[how], error
    assert int(took_ms) < (0 if how == signal.SIGKILL else 4000) + LATE_MS, took_ms
    assert process.stdout.readline() == "later 0 ping\n"
    words = process.stdout.readline().split()
    assert words[0] == "descriptors" and words[1] == words[2], words
    if how == signal.SIGSTOP:
        os.kill(relay, signal.SIGCONT)
    assert ends_soon(hop)
    _, err = process.communicate("", timeout=10)
    assert process.returncode == 0
    line, = [line for line in err.splitlines() if line.startswith("gochain:")]
    assert "failed: gochain's relay can't be used" in line, line


PYTHON = """
import errno, signal, socket, sys, time
how, bad, good = sys.argv[1:]
class Alarm(Exception): pass
def alarm(*_):
    if how == "raise": raise Alarm
signal.signal(signal.SIGALRM, alarm)
signal.setitimer(signal.ITIMER_REAL, 0.4)
s = socket.socket()
start = time.monotonic()
try:
    s.connect((bad, 80))
    print("connected")
except Alarm:
    print("alarm")
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
print(time.monotonic() - start < 5, flush=True)
if how == "raise":
    s.close(); s = socket.socket()
s.connect((good, 80)); s.sendall(b"ping"); print(s.recv(4).decode(), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("door", DOORS)
def test_signal_handler_of_python(stage, door):
    """After EINTR Python waits for the socket and asks it for its error: that must not be "none"."""
    target, good = "hangs.faulty.test", "good.faulty.test"
    # The supervisor can't know whether a call that was interrupted will be restarted, so for a moment
    # the socket is still connected to the first hop.
    hows = ("raise",) if door == "supervise" else ("raise", "return")
    started = {how: stage.start(["/usr/bin/python3", "-c", PYTHON, how, target, good],
                                target + ":80") for how in hows}
    for how, (process, hop) in started.items():
        said = [process.stdout.readline().strip() for _ in range(3)]
        assert ends_soon(hop), how
        assert said == ["alarm" if how == "raise" else "ECONNRESET", "True", "ping"], how
