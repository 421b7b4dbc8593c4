"""Hops that no scripted proxy can stand for, an sshd and a squid that wants Kerberos tickets, behind
a forwarder that stalls, drips, closes, resets or talks rubbish in the middle of their handshakes."""

import pytest

import world as world_module
from dials import Dials, helpers_of, settled, steady, wait_for
from hop_faults import CLOSED, GOOD, RUBBISH, Bench, Case
from kerberos_test import kdc, place_of, squid, ticket  # noqa: F401 (fixtures)
from peers.forwarder import Cut, Forwarder
from peers.ssh_host import SshHost

DOORS = ("preload", "supervise", "library alone")

# Behind the banner ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") comes the packet of KEXINIT, 1 KB.
IN_BANNER, IN_KEX = 8, 300


def ssh_faults():
    for kind, error, cause in (("stall", "ETIMEDOUT", "timed out"),
                               ("drip", "ETIMEDOUT", "timed out"),
                               ("fin", "ECONNRESET", CLOSED), ("rst", "ECONNRESET", CLOSED)):
        for after in (0, IN_BANNER, IN_KEX):
            yield Cut(kind, after), error, cause
    yield Cut("bytes", 0, b"SSH-1.0-old\r\n"), "ECONNRESET", RUBBISH
    yield Cut("bytes", 0, b"SSH-2.0-odd\r\n" + b"\xff" * 64), "ECONNRESET", RUBBISH


def squid_faults():
    for kind, error, cause in (("stall", "ETIMEDOUT", "timed out"),
                               ("drip", "ETIMEDOUT", "timed out"),
                               ("fin", "ECONNRESET", CLOSED), ("rst", "ECONNRESET", CLOSED)):
        for after in (0, 10):
            yield Cut(kind, after), error, cause
    yield Cut("bytes", 0, b"220 mail.example ESMTP ready\r\n"), "ECONNRESET", RUBBISH


class RealCase(Case):
    def __init__(self, number, protocol, cut, error, cause, forwarder, keys):
        super().__init__(number, protocol, cut, error, cause, "first")
        # A proxy knows at once that nobody listens there.
        self.target = f"{world_module.TARGET[0]}:{1000 + number}"
        self.forwarder, self._keys = forwarder, keys

    def rules(self):
        return (f"[proxy p{self.number}]\n{self._keys}\n"
                f"[rules]\np{self.number} = {self.target}\n")


def must_fail_cleanly(runner, tools, bench, door, cases):
    conf = bench.rules_and_proxies([])[0] + "".join(case.rules() for case in cases)
    with Dials(runner, tools("dials"), door, conf,
               [GOOD] + [case.target for case in cases]) as dials:
        helpers = helpers_of(dials.process)
        before = {who: steady(pid) for who, pid in helpers.items()}
        results = dials.dial()
        wait_for(lambda: not any(case.forwarder.open for case in cases))
        late = [str(case) for case in cases if case.forwarder.open]
        again, own = dials.again()
        after = {who: settled(pid, before[who]) for who, pid in helpers.items()}
    wrong = [f"{case}: {trouble}" for case, result in zip(cases, results)
             for trouble in (case.must_be(result),
                             case.must_be_logged_as(dials.events.get(case.target, []), dials.door))
             if trouble]
    assert not wrong, "\n".join(wrong)
    assert all(case.forwarder.said for case in cases)
    assert not late, "connections left:\n" + "\n".join(late)
    assert not again, "sockets that can't be connected again: " + "\n".join(again)
    assert own[0] == own[1], f"descriptors of the program: {own}"
    for who in helpers:
        assert after[who].is_no_more_than(before[who]), f"{who}: {before[who]}; then {after[who]}"


@pytest.fixture(scope="module")
def bench(world, peers):
    made = Bench(world, peers)
    yield made
    made.stop()


@pytest.fixture
def forward(world):
    """A function: a forwarder to a server, with a cut."""
    made = []

    def make(server, cut):
        listener = world.listen("proxy", world_module.PROXY_SIDE[0])
        made.append(Forwarder(listener, server, cut))
        return made[-1]

    yield make
    for forwarder in made:
        forwarder.stop()


@pytest.mark.parametrize("door", DOORS)
def test_ssh(runner, tools, bench, peers, forward, door):
    host = peers.start(SshHost, world_module.PROXY_SIDE[0])
    config = host.config(runner.place.folder,
                         more=f"HostKeyAlias [{host.address}]:{host.port}")
    cases = []
    for cut, error, cause in ssh_faults():
        forwarder = forward(host, cut)
        keys = f"url = {forwarder.url()}\nssh_config = {config}"
        cases.append(RealCase(len(cases), "ssh", cut, error, cause, forwarder, keys))
    must_fail_cleanly(runner, tools, bench, door, cases)


@pytest.mark.parametrize("door", DOORS)
def test_negotiate(runner, tools, bench, forward, squid, ticket, door):  # noqa: F811
    runner.place = place_of(runner, squid)
    runner.environment |= ticket.env
    cases = []
    for cut, error, cause in squid_faults():
        forwarder = forward(squid, cut)
        keys = f"url = http://{squid.name}:{forwarder.port}\nauth = negotiate"
        cases.append(RealCase(len(cases), "negotiate", cut, error, cause, forwarder, keys))
    must_fail_cleanly(runner, tools, bench, door, cases)
    # Each brought a ticket before the fault.
    assert all(b"Proxy-Authorization: Negotiate " in said
               for case in cases if case.fault.after for said in case.forwarder.said)
