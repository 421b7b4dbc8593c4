"""A hop that stalls, drips, closes, resets or talks rubbish, at each step of its handshake: the right
errno in time, one line that names the hop and the cause, and nothing left over.

Every door dials the whole table at once, in the threads of one program."""

import errno

import pytest

import world
from dials import Dials, Held, supervisor_of, wait_for
from peers import faults, proxies
from peers.faults import PROTOCOLS, Fault

DOORS = ("preload", "supervise", "auto", "library alone")
TIMEOUT = 3  # of each hop, in seconds; a slow one takes faults.SLOW_SECONDS
LATE_MS = 8000  # on a machine that has much else to do
EARLY_MS = 50
EXTRA = b"<more>"
GOOD = "good.faulty.test:80"


def cuts(answer):
    """Before the answer, in its middle, before its last byte."""
    return sorted({0, len(answer) // 2, len(answer) - 1})


def faults_of(protocol):
    """Every fault that a proxy of `protocol` can have, and what comes of it."""
    exchanges = protocol.exchanges
    for kind, error, cause in (("stall", "ETIMEDOUT", "timed out"),
                               ("fin", "ECONNRESET", "connection closed"),
                               ("rst", "ECONNRESET", "connection closed")):
        yield Fault(kind, -1), error, cause
        for number, (_, answer) in enumerate(exchanges):
            for sent in cuts(answer):
                yield Fault(kind, number, sent), error, cause
    for number in range(len(exchanges)):
        yield Fault("drip", number), "ETIMEDOUT", "timed out"
    for number, data in protocol.rubbish + protocol.too_much:
        yield Fault("bytes", number, 0, data), "ECONNRESET", "not of the proxy's protocol"
    # The tunnel's first bytes.
    yield Fault("more", len(exchanges) - 1, 0, EXTRA), None, EXTRA
    yield Fault("slow"), None, b""


class Case:
    """One proxy with one fault, as the first or the second hop of a chain of its own."""

    def __init__(self, number, protocol, fault, error, cause, position):
        self.number, self.protocol, self.fault = number, protocol, fault
        self.error, self.cause, self.position = error, cause, position
        # What SOCKS4 has no names for goes by address.
        self.target = (f"203.0.113.4:{1000 + number}" if protocol == "socks4"
                       else f"c{number}.faulty.test:80")

    def __str__(self):
        return f"{self.protocol} as {self.position} hop: {self.fault}"

    def sections(self, proxy, before):
        """`before`: names of proxies that work. A first hop that fails has another behind it."""
        name, others = f"p{self.number}", []
        hops = [name]
        if self.position == "second":
            hops = [before[self.number % len(before)], name]
        elif self.error:
            hops = [name, "never"]
        return (f"[proxy {name}]\nurl = {proxy.url()}\n[chain c{self.number}]\nhops = "
                f"{' '.join(hops)}\n[rules]\nc{self.number} = {self.target}\n")

    def must_be(self, dial):
        """What is wrong with how it ended, or nothing."""
        if self.error is None:
            if (dial.error, dial.received) != (0, self.cause + b"ping"):
                return f"errno {dial.error}, received {dial.received}"
            return None
        if dial.error != getattr(errno, self.error):
            return f"errno {errno.errorcode.get(dial.error)}, not {self.error}"
        timeout_ms = TIMEOUT * 1000
        least = timeout_ms - EARLY_MS if self.error == "ETIMEDOUT" else 0
        if not least <= dial.took_ms < timeout_ms + LATE_MS:
            return f"took {dial.took_ms} ms"
        return None

    def must_be_logged_as(self, events, door):
        if self.error is None:
            ok = [event["event"] for event in events] == ["connect"]
        else:
            ok = (len(events) == 1 and events[0]["event"] == "fail"
                  and events[0]["hop"] == f"p{self.number}" and self.cause in events[0]["error"]
                  and events[0]["errno"] == getattr(errno, self.error))
        return None if ok and events[0]["door"] == door else f"logged {events}"


def table():
    out = []
    for position in ("first", "second"):
        for name, protocol in PROTOCOLS.items():
            for fault, error, cause in faults_of(protocol):
                out.append(Case(len(out), name, fault, error, cause, position))
    return out


@pytest.fixture(scope="module")
def bench(world, peers):
    """Makes the proxies of a table, each once, and the rules for it; answers with both."""
    served = faults.FaultyProxies()
    made = {}
    good = served.add(world_listen(world, "first"), "socks5", Fault("none"))

    def proxy_of(case):
        if str(case) not in made:
            made[str(case)] = served.add(
                world_listen(world, case.position), case.protocol, case.fault, TIMEOUT)
        made[str(case)].accepted = 0
        return made[str(case)]

    def build(cases):
        before = {"before1": peers.proxy(proxies.Microsocks, last=False),
                  "before2": peers.proxy(proxies.Tinyproxy, last=False)}
        text = f"[gochain]\ndefault = reject\nconnect_timeout = {TIMEOUT}\n"
        for proxy, url in ([(name, peer.url()) for name, peer in before.items()]
                           + [("good", good.url()), ("never", "socks5://192.0.2.1:9")]):
            text += f"[proxy {proxy}]\nurl = {url}\n"
        text += f"[rules]\ngood = {GOOD}\n"
        proxies_made = [proxy_of(case) for case in cases]
        text += "".join(case.sections(proxy, list(before))
                        for case, proxy in zip(cases, proxies_made))
        return text, proxies_made

    yield build
    served.stop()


def world_listen(made, position):
    address = world.PROXY_SIDE[0] if position == "first" else world.PROXY_INNER[0]
    return made.listen("proxy", address, backlog=256)


def settled(pid, before, seconds=10):
    """What `pid` holds once it is no more than `before`, or has had its time."""
    wait_for(lambda: Held(pid).is_no_more_than(before), seconds)
    return Held(pid)


@pytest.mark.parametrize("door", DOORS)
def test_every_fault_at_every_step(runner, tools, bench, door):
    cases = table()
    conf, made = bench(cases)
    with Dials(runner, tools("dials"), door, conf,
               [GOOD] + [case.target for case in cases]) as dials:
        supervisor = supervisor_of(dials.process)
        before = Held(supervisor)
        results = dials.dial()
        # The program still has its sockets: what ends the connections is the end of the dials.
        late = [case for case, proxy in zip(cases, made) if not wait_for(lambda: proxy.open == 0)]
        again, own = dials.again()
        after = settled(supervisor, before)
    wrong = [f"{case}: {trouble}" for case in cases
             for trouble in (case.must_be(results[case.number]),
                             case.must_be_logged_as(dials.events.get(case.target, []), dials.door))
             if trouble]
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong)
    assert not late, "connections left:\n" + "\n".join(str(case) for case in late)
    assert not again, "sockets that can't be connected again: " + "\n".join(again)
    assert own[0] == own[1], f"descriptors of the program: {own}"
    assert after.is_no_more_than(before), f"the supervisor: {before}; then {after}"


# More would be a leak of some 30 bytes a dial.
GROWTH_KIB = 192
ROUND, ROUNDS = 2000, 4


@pytest.mark.parametrize("door", ("preload", "supervise", "library alone"))
def test_thousands_of_failures_leave_nothing(runner, tools, bench, door):
    cases = [case for case in table()
             if case.position == "first" and case.fault.kind in ("fin", "rst", "bytes")]
    conf, made = bench(cases)
    with Dials(runner, tools("dials"), door, conf, [case.target for case in cases],
               log_level="error", count=ROUND) as dials:
        watched = {"program": dials.program(), "supervisor": supervisor_of(dials.process)}
        own, before = dials.run(), {who: Held(pid) for who, pid in watched.items()}
        for _ in range(ROUNDS - 1):
            own = dials.run()
        after = {who: settled(pid, before[who]) for who, pid in watched.items()}
        assert all(wait_for(lambda: proxy.open == 0) for proxy in made)
    assert sum(proxy.accepted for proxy in made) >= ROUND * ROUNDS
    assert own[1][0] == own[1][1], f"descriptors of the program: {own}"
    for who in watched:
        assert after[who].is_no_more_than(before[who]), f"{who}: {before[who]}; then {after[who]}"
        assert after[who].kib <= before[who].kib + GROWTH_KIB, f"{who}: {before[who]}; {after[who]}"
