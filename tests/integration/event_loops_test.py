"""Event loops under the supervisor: static programs with an epoll set, carried while they are dialled.

tools/loop.c is such a program; tools/bufferevent.c stands on libevent."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess

import pytest

import interop
import world
from dials import Held, helpers_of, settled, steady, wait_for
from peers import socks_targets as targets

HOST = "192.0.2.77"
KINDS = ("musl-static", "static")
HANDSHAKE_S = 1.0
# Of a hundred in that time, on a machine that has much else to do.
MANY_TICKS = 40
LIBEVENT = "/usr/lib/x86_64-linux-gnu/libevent.a"


@pytest.fixture
def proxy(request):
    world_made = request.getfixturevalue("world")
    made = []

    def start(answer_s=0.0):
        made.append(targets.SocksTargets(
            world_made.listen("proxy", world.PROXY_SIDE[0], backlog=4096), answer_s))
        return made[-1]

    yield start
    for each in made:
        each.stop()


def conf_of(served, connect=""):
    return (f"[gochain]\ndefault = far\n{connect and f'connect = {connect}'}\n"
            # A trial would be one connection more.
            f"[proxy far]\nurl = {served.url()}\npipeline = no\n")


class Said:
    """What tools/loop.c printed."""

    def __init__(self, run):
        lines = [line.split() for line in run.out.splitlines()]
        self.ends = {int(line[1]): (int(line[2]), int(line[3])) for line in lines
                     if line[0] == "end"}
        self.ticks = next((int(line[1]) for line in lines if line[0] == "ticks"), None)
        self.up_after = next((int(line[2]) for line in lines if line[0] == "up"), None)
        self.peer = next((line[1] for line in lines if line[0] == "peer"), None)
        self.refused = [int(line[1]) for line in lines if line[0] == "connect"]


@pytest.fixture
def loop(runner, tools):
    def run(how, served, port, count=3, kind="musl-static", mode="supervise", connect="",
            host=HOST, **more):
        run = runner.run([tools("loop", kind), how, str(count), host, str(port)], mode=mode,
                         conf=conf_of(served, connect), **more)
        run.said = Said(run)
        return run

    return run


@pytest.mark.parametrize("mode", ("supervise", "auto"))
@pytest.mark.parametrize("kind", KINDS)
def test_the_loop_goes_on_while_it_is_dialled(loop, proxy, kind, mode):
    served = proxy(HANDSHAKE_S)
    run = loop("hello", served, targets.GREET, count=5, kind=kind, mode=mode).must_succeed()
    assert run.said.ends == {i: (0, len(f"connection {i}\n") + 1) for i in range(5)}, str(run)
    assert run.said.ticks >= MANY_TICKS > run.said.up_after, str(run)
    assert run.said.peer == "1", str(run)
    assert len(run.must_dial_by("relay", hops=1, exe=f"loop-{kind}")) == 5
    assert wait_for(lambda: served.open == 0)


def test_the_loop_waits_where_it_is_to_be_dialled_directly(loop, proxy):
    served = proxy(HANDSHAKE_S)
    run = loop("hello", served, targets.GREET, count=2, connect="direct").must_succeed()
    assert [end[0] for end in run.said.ends.values()] == [0, 0], str(run)
    assert run.said.ticks < MANY_TICKS, str(run)
    assert len(run.must_dial_by("supervise", hops=1)) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outer", ("pidfd_getfd", "docker"))
def test_where_descriptors_can_not_be_taken(loop, proxy, tools, runner, kind, outer):
    place = runner.place.but(wrap=(tools("deny", "static"), outer))
    run = loop("hello", proxy(), targets.GREET, kind=kind, place=place).must_succeed()
    assert [end[0] for end in run.said.ends.values()] == [0] * 3, str(run)
    assert run.said.peer == "1", str(run)
    run.must_dial_by("relay")


def test_ipv6(loop, proxy):
    run = loop("echo", proxy(), targets.ECHO, host="2001:db8::77").must_succeed()
    assert [end for end in run.said.ends.values()] == [(0, 13)] * 3, str(run)
    assert run.said.peer == "1", str(run)
    run.must_dial_by("relay")


@pytest.mark.parametrize("answer_s", (0, 0.3), ids=("at once", "late"))
@pytest.mark.parametrize("how, port, error, received, heard", [
    ("echo", targets.ECHO, 0, 13, "end"),
    ("quiet", targets.ECHO, 0, 0, "end"),
    ("quiet", targets.LAST_WORDS, 0, 9, "end"),
    ("echo", targets.LAST_WORDS, 0, 9, "end"),
    ("big", targets.ECHO, 0, 16 << 20, "end"),
    ("cut", targets.ECHO, 0, 1, "reset"),
    ("read", targets.LAST_WORDS, 0, 9, "end"),
], ids=lambda value: str(value))
def test_ends_as_a_connection_of_its_own(loop, proxy, how, port, error, received, heard, answer_s):
    served = proxy(answer_s)
    run = loop(how, served, port, count=2).must_succeed()
    assert run.said.ends == {0: (error, received), 1: (error, received)}, str(run)
    assert wait_for(lambda: len(served.heard) == 2), served.heard
    assert [how for _, how in served.heard] == [heard] * 2


def test_the_targets_reset(loop, proxy):
    run = loop("echo", proxy(), targets.RESET).must_succeed()
    assert run.said.ends == {i: (104, 0) for i in range(3)}, str(run)


def test_a_dial_that_fails(loop, proxy):
    """The connection is reset, and the log says why."""
    run = loop("echo", proxy(0.2), targets.REFUSED).must_succeed()
    assert run.said.ends == {i: (104, 0) for i in range(3)}, str(run)
    assert run.said.refused == []
    fails = run.of("fail", HOST)
    assert [(event["door"], event["error"]) for event in fails] == [
        ("relay", "connection refused by target")] * 3, str(run)


def test_a_rejected_target_fails_in_the_call(loop, proxy, runner, tools):
    served = proxy()
    run = runner.run([tools("loop", "musl-static"), "echo", "2", HOST, "7"], mode="supervise",
                     conf=conf_of(served) + "[rules]\nreject = 192.0.2.0/24\n").must_succeed()
    assert Said(run).refused == [13, 13], str(run)
    assert served.opened == 0


def test_what_was_said_before_the_end_arrives(loop, proxy):
    """The process is gone before the dial is up, and so is gochain, for who waits for it."""
    served = proxy(1.0)
    loop("leave-all", served, targets.ECHO).must_succeed()
    assert wait_for(lambda: len(served.heard) == 3), served.heard
    assert sorted(data for data, _ in served.heard) == [
        f"connection {i}\n".encode() for i in range(3)]


@pytest.fixture
def kept(runner):
    """A shell that stays under gochain, so that its supervisor does: script → what it printed."""
    started = []

    def start(conf, place=None):
        argv, _ = runner.argv(["sh"], mode="supervise", conf=conf, log=None, place=place)
        process = runner.start(argv, stdin=subprocess.PIPE, place=place)
        started.append(process)

        def run(script):
            process.stdin.write(f"{script}; echo .\n")
            process.stdin.flush()
            out = ""
            for line in process.stdout:
                if line == ".\n":
                    return out
                out += line
            raise AssertionError(process.stderr.read())

        run("true")
        return run, helpers_of(process)["supervisor"]

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)


def test_a_program_that_goes_away_ends_its_dials(kept, proxy, tools):
    served = proxy(600)
    run, supervisor = kept(conf_of(proxy()))
    program = tools("loop", "musl-static")
    assert "end 0 0 13" in run(f"{program} echo 1 {HOST} 7")
    before = steady(supervisor)
    run, supervisor = kept(conf_of(served))
    run(f"{program} leave 20 {HOST} 7")
    assert wait_for(lambda: served.opened == 20 and served.open == 0), (served.opened, served.open)
    held = settled(supervisor, before)
    assert held.is_no_more_than(before), f"{held}, not {before}"


def test_nothing_is_left_of_connections(kept, proxy, tools):
    served = proxy()
    run, supervisor = kept(conf_of(served))
    program = tools("loop", "musl-static")
    run(f"{program} echo 5 {HOST} 7")
    before = steady(supervisor)
    for how, port in (("echo", 7), ("quiet", 20), ("cut", 7), ("echo", 19), ("echo", 1)):
        run(f"{program} {how} 50 {HOST} {port}")
    held = settled(supervisor, before)
    assert held.is_no_more_than(before), f"{held}, not {before}"


def test_strangers_are_turned_away(runner, proxy, tools):
    """Whoever finds the supervisor's port: another program of the tree's user, as here."""
    served = proxy(0.0)
    argv, _ = runner.argv([tools("loop", "musl-static"), "hold", "1", HOST, "7"],
                          mode="supervise", conf=conf_of(served), log=None)
    process = runner.start(argv, stdin=subprocess.PIPE)
    try:
        assert [process.stdout.readline().split()[0] for _ in range(3)] == ["peer", "up", "held"]
        supervisor = f"/proc/{helpers_of(process)['supervisor']}"
        own = {os.readlink(f"{supervisor}/fd/{fd}") for fd in os.listdir(f"{supervisor}/fd")}
        with open(f"{supervisor}/net/tcp", encoding="ascii") as file:
            listeners = [line.split() for line in file if line.split()[3] == "0A"]
        ports = [int(line[1].split(":")[1], 16) for line in listeners
                 if line[1].startswith("0100007F") and f"socket:[{line[9]}]" in own]
        assert ports
        for port in ports:
            with world.inside("client"):
                stranger = socket.create_connection(("127.0.0.1", port))
            stranger.settimeout(10)
            with pytest.raises(ConnectionResetError):
                stranger.recv(1)
            stranger.close()
        assert served.opened == 1
    finally:
        out, err = process.communicate("", timeout=10)
    assert "end 0 0 13" in out, err


def test_command_keeps_its_own_limit(kept, proxy, tools, runner):
    place = runner.place.but(wrap=("prlimit", "--nofile=100:2000"))
    run, supervisor = kept(conf_of(proxy()), place)
    run(f"{tools('loop', 'musl-static')} echo 1 {HOST} 7")
    assert run("ulimit -Sn; ulimit -Hn").split() == ["100", "2000"]
    with open(f"/proc/{supervisor}/limits", encoding="ascii") as file:
        assert re.search(r"Max open files +2000 +2000 ", file.read())


@pytest.mark.parametrize("mode", ("supervise", "auto"))
def test_by_the_relay_process(loop, peers, site, folder, runner, tools, mode):
    row = interop.ROW["stunnel before tinyproxy, https, Basic"]
    conf = f"[gochain]\ndefault = office\n{row.section(peers, folder)}"
    run = runner.run([tools("loop", "musl-static"), "ask", "2", world.TARGET[0], "80"], mode=mode,
                     conf=conf).must_succeed()
    ends = Said(run).ends
    assert len(ends) == 2 and all(error == 0 and size > 100 for error, size in ends.values()), run
    run.must_dial_by("relay", route="office")


@pytest.fixture(scope="session")
def bufferevent(base):
    """tools/bufferevent.c with all of libevent in it."""
    if not os.path.exists(LIBEVENT) or not shutil.which("gcc"):
        pytest.skip("libevent's static library is not installed")
    path = os.path.join(base, "bufferevent")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools/bufferevent.c")
    subprocess.run(["gcc", "-O1", "-static", source, "-o", path, "-levent"], check=True, timeout=60)
    return path


@pytest.mark.parametrize("mode", ("supervise", "auto"))
def test_libevent(runner, proxy, bufferevent, mode):
    run = runner.run([bufferevent, "20", HOST, "7"], mode=mode,
                     conf=conf_of(proxy(HANDSHAKE_S))).must_succeed()
    echoed, ticks = (int(word) for word in run.out.split())
    assert echoed == 20 and ticks >= MANY_TICKS, str(run)
    assert len(run.must_dial_by("relay")) == 20


@pytest.mark.parametrize("runtime", ("several threads", "single"))
@pytest.mark.parametrize("mode", ("supervise", "auto"))
def test_tokio(runner, proxy, tools, mode, runtime):
    client = os.path.join(runner.gochain.loops, "tokio_client-static")
    if not os.path.exists(client):
        pytest.skip("tokio_client-static is not built: cargo or Debian's tokio is not here")
    run = runner.run([client, "20", HOST, "7", runtime], mode=mode,
                     conf=conf_of(proxy(HANDSHAKE_S))).must_succeed()
    assert run.out == "20 of 20, ticking\n", str(run)
    assert len(run.must_dial_by("relay")) == 20


MANY = 10000
KIB_PER_CONNECTION = 4
# Of the supervisor's descriptors, two for each connection that it carries; so many it keeps for itself.
OWN_DESCRIPTORS = 512


@pytest.mark.seconds(180)
def test_ten_thousand_connections(runner, proxy, tools):
    served = proxy()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    carried = min(MANY, (hard - OWN_DESCRIPTORS) // 2)
    argv, _ = runner.argv([tools("loop", "musl-static"), "hold", str(MANY), HOST, "7"],
                          mode="supervise", conf=conf_of(served), options=["-q"], log=None)
    process = runner.start(argv, stdin=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "peer 1\n"
        supervisor = helpers_of(process)["supervisor"]
        before = Held(supervisor)
        line = next(line for line in process.stdout if line.startswith(("held", "end", "connect")))
        # What is dialled directly has its peer in a table of 4,096, where later ones may take its place.
        _, up, right = line.split()
        assert int(up) == MANY and carried <= int(right) <= MANY, line
        # Threads of the last dials end.
        now = steady(supervisor)
        assert now.others >= 2 * carried, now
        assert (now.kib - before.kib) / carried <= KIB_PER_CONNECTION, f"{before}; {now}"
        print(f"{(now.kib - before.kib) / carried:.2f} KiB for each connection")
        out, err = process.communicate("", timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    ends = [line.split() for line in out.splitlines() if line.startswith("end")]
    assert len(ends) == MANY and all(end[2] == "0" for end in ends), err
    if carried < MANY:
        pytest.skip(f"{carried} connections were carried, for which the limit of descriptors is; "
                    f"{MANY - carried} dialled directly")
