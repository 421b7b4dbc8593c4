"""The modes of chains before real proxies that die, hang and come back: what is left out, how much
time a whole tree of processes loses, and who takes which hop."""

import collections
import os
import shlex
import signal
import time

import pytest

from dials import tree, wait_for
from doors import ALONE, alone
from gochain import MODES, read_events
from lost_time import LostTime
from peers import content, proxies
from peers.forwarder import Forwarder, SlowToTake, asks_to_connect
from peers.process import Peer
from peers.ssh_host import SshHost
from programs_test import downloaded, go_env, in_folder, main_module  # noqa: F401 (fixtures)
from world import PROXY_SIDE, TARGET, inside, ip

CONNECT_TIMEOUT = 3
# What a loaded machine may add.
SLACK = 2.5
HELLO = "hello from nginx\n"
FETCH = "web.corp.test 80"
DOORS = ("preload", "supervise")
# Where the library can't get in, a launcher stands in each program's place, and knows what all know.
IN_ITS_PLACE = ("preload static", "alone static")


class Hops:
    """Proxies of one test's own, that it may stop, and chains of them."""

    def __init__(self, peers):
        self._peers, self.made = peers, []

    def start(self, kind=proxies.Microsocks, **kwargs):
        hop = self._peers.start(kind, kwargs.pop("address", PROXY_SIDE[0]), **kwargs)
        self.made.append(hop)
        return hop

    def started(self, peer):
        self.made.append(peer)
        return peer.start()

    def port(self):
        return self._peers.port()

    def conf(self, hops, mode, keys="", globals_="", timeout=CONNECT_TIMEOUT):
        """`hops`: peers or URLs, called a, b, c…"""
        sections = "".join(
            f"[proxy {name}]\nurl = {hop if isinstance(hop, str) else hop.url()}\n"
            for name, hop in zip("abcdefgh", hops))
        return (f"[gochain]\ndefault = out\nconnect_timeout = {timeout}\n{globals_}"
                f"{sections}[chain out]\nhops = {' '.join('abcdefgh'[:len(hops)])}\n"
                f"mode = {mode}\n{keys}")

    def dead(self):
        return f"socks5://{PROXY_SIDE[0]}:{self._peers.dead_port()}"

    def stop(self):
        for hop in self.made:
            if hop.process is not None:
                signal_all(hop, signal.SIGCONT)
                hop.stop()


def signal_all(hop, number):
    try:
        os.killpg(hop.process.pid, number)
    except ProcessLookupError:
        pass


@pytest.fixture
def hops(peers, site):
    made = Hops(peers)
    yield made
    made.stop()


class Shell:
    """Context: `sh` by the door `mode`, which does what it is told, line by line."""

    def __init__(self, runner, mode, conf):
        door, env = mode.split()[0], None
        if door == ALONE:
            argv = runner.place.prefix() + ["sh"]
            env, self._log = alone(runner, conf)
        else:
            argv, self._log = runner.argv(["sh"], mode=door, conf=conf)
        self._process = runner.start(argv, env, stdin=-1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.out, self.err = self._process.communicate(timeout=30)
        finally:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.communicate(timeout=5)

    def begin(self, script):
        self._process.stdin.write(f"{script}\necho .\n")
        self._process.stdin.flush()

    def end(self):
        out = []
        for line in self._process.stdout:
            if line == ".\n":
                return out
            out.append(line)
        raise AssertionError(f"ended early: {self._process.stderr.read()}")

    def run(self, script):
        self.begin(script)
        return self.end()

    def events(self):
        return Events(read_events(self._log))


class Events:
    def __init__(self, events):
        self.all = events
        self.connects = [event for event in self.all if event["event"] == "connect"]
        self.fails = [event for event in self.all if event["event"] == "fail"]
        self.deaths = [event["message"] for event in self.all
                       if event["event"] == "message" and " is down: " in event["message"]]
        self.returns = [event["message"] for event in self.all
                        if event["event"] == "message" and " is up again" in event["message"]]

    def taken(self):
        return collections.Counter(">".join(event["hops"]) for event in self.connects)


def fetch(tools, door):
    """The command: a program that the door must take, with a blocking connect."""
    kind = "static" if door == "supervise" or door in IN_ITS_PLACE else "dynamic"
    return f"{shlex.quote(tools('fetch', kind))} {FETCH}"


def at_once(command, count, apart=0.0):
    """A script that runs it in `count` processes, each beginning `apart` s after the one before."""
    pause = f"sleep {apart}; " if apart else ""
    return f"for i in $(seq {count}); do {command} & {pause}done; wait"


@pytest.mark.parametrize("door", (*MODES, ALONE, *IN_ITS_PLACE))
@pytest.mark.parametrize("mode", ("dynamic", "failover", "fastest", "round_robin", "random"))
def test_a_dead_hop_is_left_out(runner, tools, hops, door, mode):
    conf = hops.conf([hops.dead(), hops.start()], mode)
    with Shell(runner, door, conf) as shell:
        for _ in range(6):
            assert shell.run(fetch(tools, door)) == [HELLO]
        events = shell.events()
    assert events.taken() == {"b": 6}
    assert not events.fails
    # In the modes that draw or take turns it may be tried late.
    assert len(events.deaths) <= 1
    if mode not in ("round_robin", "random"):
        assert len(events.deaths) == 1
    for death in events.deaths:
        assert death.startswith("hop a (socks5 ") and death.endswith(
            "is down: connection refused; left out for 30 s")


@pytest.mark.parametrize("door", DOORS)
def test_dynamic_leaves_out_a_hop_in_the_middle(runner, tools, hops, door):
    conf = hops.conf([hops.start(), hops.dead(), hops.start(proxies.Tinyproxy)], "dynamic")
    with Shell(runner, door, conf) as shell:
        assert shell.run(f"{fetch(tools, door)}; {fetch(tools, door)}") == [HELLO] * 2
        events = shell.events()
    assert events.taken() == {"a>c": 2}
    assert [death.split("(")[0] for death in events.deaths] == ["hop b "]
    assert "connection refused" in events.deaths[0] and ", says a; " in events.deaths[0]


@pytest.mark.parametrize("door, kind", (
    *((door, kind) for door in MODES
      for kind in (proxies.Microsocks, proxies.Tinyproxy, proxies.Squid)),
    *((door, proxies.Microsocks) for door in (ALONE, *IN_ITS_PLACE))))
def test_a_hop_that_hangs_costs_all_processes_one_timeout(runner, tools, hops, door, kind):
    """The hop takes connections and says nothing. Processes begin all through its time."""
    first, second = hops.start(kind), hops.start()
    with Shell(runner, door, hops.conf([first, second], "failover")) as shell:
        assert shell.run(fetch(tools, door)) == [HELLO]
        signal_all(first, signal.SIGSTOP)
        begin = time.monotonic()
        assert shell.run(at_once(fetch(tools, door), 16, apart=0.15)) == [HELLO] * 16
        took = time.monotonic() - begin
        assert shell.run(at_once(fetch(tools, door), 8)) == [HELLO] * 8
        events = shell.events()
    assert took < CONNECT_TIMEOUT + SLACK
    assert events.taken() == {"a": 1, "b": 24}
    assert not events.fails
    assert len(events.deaths) == 1, events.deaths
    waited = sorted(event["connect_ms"] for event in events.connects)
    assert waited[-1] < (CONNECT_TIMEOUT + SLACK) * 1000
    # Who began in the middle of the first one's wait waited for the rest of it alone.
    assert sum(waited) < 25 * 0.75 * CONNECT_TIMEOUT * 1000, waited


@pytest.mark.parametrize("door", MODES)
@pytest.mark.parametrize("first_kind", (proxies.Microsocks, proxies.Tinyproxy))
@pytest.mark.parametrize("which", (0, 1))
def test_a_hop_that_hangs_in_dynamic_costs_one_timeout(runner, tools, hops, door, first_kind, which):
    """A quarter more where an HTTP hop is silent: it may be for the one behind it."""
    pair = hops.start(first_kind), hops.start()
    with Shell(runner, door, hops.conf(pair, "dynamic")) as shell:
        assert shell.run(fetch(tools, door)) == [HELLO]
        signal_all(pair[which], signal.SIGSTOP)
        begin = time.monotonic()
        assert shell.run(at_once(fetch(tools, door), 16, apart=0.15)) == [HELLO] * 16
        took = time.monotonic() - begin
        events = shell.events()
    assert took < 1.25 * CONNECT_TIMEOUT + SLACK
    assert events.taken() == {"a>b": 1, "ba"[which]: 16}
    assert [death[:5] for death in events.deaths] == ["hop " + "ab"[which]]


@pytest.fixture
def swallowed(world):
    """An address whose host takes every packet and answers none."""
    address = "10.77.1.99"
    with inside("proxy"):
        mac = world._mac("p0")
    ip("-n", "client", "neigh", "replace", address, "lladdr", mac, "dev", "c0", "nud", "permanent")
    yield address
    ip("-n", "client", "neigh", "del", address, "dev", "c0")


@pytest.mark.parametrize("door", MODES)
@pytest.mark.parametrize("mode", ("failover", "dynamic"))
def test_an_address_that_swallows_all_costs_all_processes_one_timeout(
        runner, tools, hops, swallowed, door, mode):
    conf = hops.conf([f"socks5://{swallowed}:1080", hops.start()], mode)
    with Shell(runner, door, conf) as shell:
        begin = time.monotonic()
        assert shell.run(at_once(fetch(tools, door), 16, apart=0.15)) == [HELLO] * 16
        took = time.monotonic() - begin
        events = shell.events()
    assert took < CONNECT_TIMEOUT + SLACK
    assert events.taken() == {"b": 16}
    assert len(events.deaths) == 1, events.deaths
    assert "timed out; left out for 30 s" in events.deaths[0]


@pytest.mark.parametrize("door, mode", (
    *((door, mode) for door in (*MODES, ALONE) for mode in ("failover", "dynamic", "fastest")),
    *((door, "failover") for door in IN_ITS_PLACE)))
def test_a_hop_killed_among_many_processes(runner, tools, hops, door, mode):
    first, second = hops.start(), hops.start()
    with Shell(runner, door, hops.conf([first, second], mode)) as shell:
        shell.begin(at_once(f"for j in 1 2 3 4 5 6 7 8; do {fetch(tools, door)}; sleep 0.1; done",
                            12))
        wait_for(lambda: len(shell.events().connects) >= 20)
        first.stop()
        out = shell.end()
        events = shell.events()
    # Connections that were up when it was killed are lost with it.
    assert out.count(HELLO) >= 12 * 8 - 12
    assert not events.fails, events.fails
    if mode == "fastest" and not events.deaths:
        return  # it was the slower one
    assert len(events.deaths) == 1, events.deaths
    dead = next(i for i, event in enumerate(events.all)
                if event["event"] == "message" and " is down" in event["message"])
    # Those that were on their way through it may be told of later.
    assert set(Events(events.all[dead + 12:]).taken()) == {"b"}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("mode", ("failover", "dynamic", "random", "round_robin", "fastest"))
def test_what_the_target_does_never_counts(runner, tools, hops, door, mode):
    conf = hops.conf([hops.start(proxies.Squid), hops.start()], mode, timeout=20)
    refused = fetch(tools, door).rsplit(" ", 1)[0] + " 1"
    with Shell(runner, door, conf) as shell:
        for _ in range(4):
            assert shell.run(refused)[0].startswith("connect: ")
        assert shell.run(fetch(tools, door)) == [HELLO]
        events = shell.events()
    assert len(events.fails) == 4
    assert not events.deaths


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("target", ("reached", "refused"))
def test_fastest_measures_whatever_the_target_says(runner, tools, world, hops, door, target):
    """The first hop takes its connection at the second asking."""
    server, slow = hops.start(), SlowToTake(world, "proxy", PROXY_SIDE[0])
    conf = hops.conf([f"socks5://{slow.address}:{slow.port}", hops.start()], "fastest", timeout=20)
    measuring = fetch(tools, door)
    if target == "refused":
        measuring = measuring.rsplit(" ", 1)[0] + " 1"
    with Shell(runner, door, conf) as shell:
        shell.begin(measuring)
        assert wait_for(lambda: asks_to_connect("client", slow.port))
        forwarder = Forwarder(slow.let_in(), server)
        shell.end()
        shell.run(measuring)
        for _ in range(8):
            assert shell.run(fetch(tools, door)) == [HELLO]
        events = shell.events()
    forwarder.stop()
    refused = sorted(event["hops"] for event in events.fails)
    assert refused == ([["a"], ["b"]] if target == "refused" else []), events.all
    taken = [event["hops"] for event in events.connects]
    assert taken[-8:] == [["b"]] * 8, taken
    assert not events.deaths


@pytest.mark.parametrize("door", DOORS)
def test_an_ssh_hop_is_measured_too(runner, tools, hops, door):
    """A channel of its master takes a round trip through ssh and sshd: longer than a connect."""
    host = hops.start(SshHost)
    conf = hops.conf([host, hops.start()], "fastest", timeout=20).replace(
        host.url(), f"{host.url()}\nssh_config = {host.config(runner.place.folder)}")
    with Shell(runner, door, conf) as shell:
        for _ in range(8):
            assert shell.run(fetch(tools, door)) == [HELLO]
        assert shell.events().taken() == {"a": 1, "b": 7}


@pytest.mark.parametrize("door", (*DOORS, ALONE, *IN_ITS_PLACE))
def test_a_hop_comes_back_after_its_time(runner, tools, hops, door):
    first, second = hops.start(), hops.start()
    conf = hops.conf([first, second], "failover", globals_="retry_after = 1\n")
    with Shell(runner, door, conf) as shell:
        assert shell.run(fetch(tools, door)) == [HELLO]
        first.stop()
        assert shell.run(fetch(tools, door)) == [HELLO]
        time.sleep(1.2)
        assert shell.run(fetch(tools, door)) == [HELLO]  # tries it: dead for two seconds more
        first.start()
        time.sleep(1)
        assert shell.run(fetch(tools, door)) == [HELLO]
        assert shell.events().taken() == {"a": 1, "b": 3}
        time.sleep(1.2)
        assert shell.run(at_once(fetch(tools, door), 8)) == [HELLO] * 8
        assert shell.run(fetch(tools, door)) == [HELLO]
        events = shell.events()
    assert events.connects[-1]["hops"] == ["a"]
    assert len(events.deaths) == 1 and events.returns == ["hop a is up again"]


@pytest.mark.parametrize("door", DOORS)
def test_all_dead_is_a_failure_and_no_way_round(runner, tools, hops, door):
    conf = hops.conf([hops.dead(), hops.dead()], "dynamic")
    with Shell(runner, door, conf) as shell:
        assert shell.run(fetch(tools, door)) == ["connect: 111\n"]
        assert shell.run(fetch(tools, door)) == ["connect: 111\n"]
        events = shell.events()
    assert len(events.fails) == 2 and not events.connects
    assert len(events.deaths) == 2


@pytest.mark.parametrize("door", (*MODES, ALONE, *IN_ITS_PLACE))
def test_round_robin_spreads_evenly_over_processes(runner, tools, hops, door):
    conf = hops.conf([hops.start(), hops.start(proxies.Tinyproxy), hops.start()], "round_robin")
    with Shell(runner, door, conf) as shell:
        assert shell.run(at_once(fetch(tools, door), 24)) == [HELLO] * 24
        events = shell.events()
    assert events.taken() == {"a": 8, "b": 8, "c": 8}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("mode", ("random", "round_robin"))
def test_paths_have_their_length_and_no_hop_twice(runner, tools, hops, door, mode):
    conf = hops.conf([hops.start(), hops.start(proxies.Tinyproxy), hops.start()], mode,
                     "length = 2\n")
    with Shell(runner, door, conf) as shell:
        assert shell.run(at_once(fetch(tools, door), 18)) == [HELLO] * 18
        events = shell.events()
    for event in events.connects:
        assert len(event["hops"]) == len(set(event["hops"])) == 2
    if mode == "round_robin":
        assert events.taken() == {"a>b": 6, "c>a": 6, "b>c": 6}
    else:
        assert len(events.taken()) >= 3


@pytest.mark.parametrize("door", MODES)
@pytest.mark.parametrize("mode", ("strict", "failover"))
def test_chain_timeout_ends_a_dial(runner, tools, hops, door, mode):
    stalled = [hops.start(), hops.start()]
    conf = hops.conf(stalled, mode, globals_="chain_timeout = 1.5\n", timeout=1.5)
    for hop in stalled:
        signal_all(hop, signal.SIGSTOP)
    with Shell(runner, door, conf) as shell:
        begin = time.monotonic()
        assert shell.run(fetch(tools, door)) == ["connect: 110\n"]
        took = time.monotonic() - begin
        events = shell.events()
    assert 1.4 < took < 1.5 + SLACK
    assert [event["error"] for event in events.fails] == ["timed out (chain_timeout)"]
    assert not events.deaths


def hang_for_new_ones(dante):
    """Its io-children have the connections that are up; the others make them."""
    for pid in tree(dante.process.pid):
        with open(f"/proc/{pid}/cmdline", encoding="ascii", errors="replace") as file:
            if "io-child" not in file.read():
                os.kill(pid, signal.SIGSTOP)


class OneByOne(Peer):
    """The site's files by HTTP/1.0: each request has a connection of its own."""

    def __init__(self, root, folder, port):
        super().__init__(folder, "target", TARGET[0], port)
        self._root = root

    def argv(self):
        return ["python3", "-u", "-m", "http.server", "--bind", self.address, "-d", self._root,
                str(self.port)]

    def requests(self):
        with open(self.log_path(), encoding="ascii") as log:
            return [line for line in log if '"GET ' in line]


@pytest.mark.seconds(120)
@pytest.mark.parametrize("go_mode", ("supervise", "auto"))
@pytest.mark.parametrize("mode", ("failover", "dynamic"))
@pytest.mark.parametrize("how", ("killed", "hung"))
def test_go_mod_download_outlives_a_hop(runner, site, hops, go_mode, mode, how, go_env,
                                        main_module):
    """The hop goes in the middle of it, and with it the connections that were up; or it takes no new
    ones, and says nothing. Then each request has a connection of its own."""
    first, second = hops.start(proxies.Dante), hops.start()
    conf = hops.conf([first, second], mode)
    server, env = site.nginx, go_env
    if how == "hung":
        server = hops.started(OneByOne(site.root, os.path.dirname(first.folder), hops.port()))
        env = go_env | {"GOPROXY": f"http://modules.corp.test:{server.port}"}
    full, log = runner.argv(in_folder(main_module, ["go", "mod", "download"]), mode=go_mode,
                            conf=conf)
    before = len(server.requests())
    process = runner.start(full, env)
    wait_for(lambda: len(server.requests()) >= before + 8)
    assert process.poll() is None, "too late"
    if how == "killed":
        signal_all(first, signal.SIGKILL)
    else:
        hang_for_new_ones(first)
    _, err = process.communicate(timeout=60)
    events = Events(read_events(log))
    assert process.returncode == 0, f"{err}\n{events.all}"
    assert downloaded(go_env) == content.MODULE_COUNT
    assert not events.fails
    assert len(events.deaths) == 1, events.deaths
    assert events.taken()["b"] > 0
    LostTime(events.all, "a").must_be_one_timeout(CONNECT_TIMEOUT, SLACK,
                                                  2 if mode == "dynamic" else 1)
