"""Every fault that a hop can have, as the hops of chains, and what must come of each."""

import errno

import world
from peers import faults, proxies
from peers.faults import PROTOCOLS, Fault

TIMEOUT = 4  # of each hop, in seconds; a slow one takes faults.SLOW_SECONDS
LATE_MS = 8000  # on a machine that has much else to do
EARLY_MS = 50
EXTRA = b"<more>"
CLOSED = "connection closed during the handshake"
RUBBISH = "reply is not of the proxy's protocol"
GOOD = "good.faulty.test:80"


def faults_of(protocol):
    """Every fault that a proxy of `protocol` can have, and what comes of it."""
    exchanges = protocol.exchanges
    for kind, error, cause in (("stall", "ETIMEDOUT", "timed out"),
                               ("fin", "ECONNRESET", CLOSED), ("rst", "ECONNRESET", CLOSED)):
        yield Fault(kind, -1), error, cause
        for number, (_, answer) in enumerate(exchanges):
            for part in (0, 0.5, 1) if answer is None or len(answer) > 2 else (0, 1):
                fault = Fault(kind, number, part)
                if kind != "stall" and protocol.has_asked(number, fault.cut(answer or b"")):
                    yield fault, None, b""
                else:
                    yield fault, error, cause
    for number in range(len(exchanges)):
        yield Fault("drip", number), "ETIMEDOUT", "timed out"
    for number, data in protocol.rubbish + protocol.too_much:
        yield Fault("bytes", number, 0, data), "ECONNRESET", RUBBISH
    # The tunnel's first bytes.
    yield Fault("more", len(exchanges) - 1, 0, EXTRA), None, EXTRA
    yield Fault("slow"), None, b""
    if protocol.is_tls:
        yield Fault("raw", 1, 0.5, bytes(4000)), "ECONNRESET", RUBBISH
    else:
        # Each in its time, together beyond that of one.
        yield Fault("slow", seconds=0.6 * TIMEOUT, hops=2), None, b""


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

    def sections(self, proxy, before, ca_file):
        """`before`: names of proxies that work. A first hop that fails has another behind it."""
        name, others = f"p{self.number}", []
        hops = [name]
        if self.position == "second":
            hops = [before[self.number % len(before)], name]
        elif self.error:
            hops = [name, "never"]
        # Connections are counted: there must be no trials.
        more = f"ca_file = {ca_file}\n" if proxy.protocol.is_tls else "pipeline = no\npool = 0\n"
        keys = f"url = {proxy.url()}\n{more}"
        text = f"[proxy {name}]\n{keys}"
        for number in range(1, self.fault.hops):
            hops.append(f"{name}-{number}")
            text += f"[proxy {hops[-1]}]\n{keys}"
        return text + (f"[chain c{self.number}]\nhops = {' '.join(hops)}\n[rules]\n"
                       f"c{self.number} = {self.target}\n")

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
        if ok and events[0]["door"] == door:
            return None
        return "logged " + str([[event.get(key) for key in ("event", "door", "hop", "error")]
                                for event in events])


def table(tls=True):
    out = []
    for position in ("first", "second"):
        for name, protocol in PROTOCOLS.items():
            for fault, error, cause in faults_of(protocol) if tls or not protocol.is_tls else ():
                out.append(Case(len(out), name, fault, error, cause, position))
    return out


class FailoverCase(Case):
    """A proxy with a fault, and another that does its work, in a chain that has a choice."""

    def __init__(self, number, protocol, fault, mode):
        super().__init__(number, protocol, fault, None, b"", "first")
        self.waits = fault.kind in ("stall", "drip")
        self.mode = mode

    def __str__(self):
        return f"{super().__str__()}, {self.mode}"

    def sections(self, proxy, before, ca_file):
        return super().sections(proxy, before, ca_file).replace(
            f"hops = p{self.number}\n", f"hops = p{self.number} good\nmode = {self.mode}\n")

    def must_lose(self, dial, least_ms, most_ms):
        if trouble := self.must_be(dial):
            return trouble
        if not (least_ms if self.waits else 0) <= dial.took_ms < most_ms:
            return f"took {dial.took_ms} ms"
        return None


def failover_table(tls=True):
    out = []
    for mode in ("failover", "dynamic"):
        for name, protocol in PROTOCOLS.items():
            for fault, error, _ in faults_of(protocol) if tls or not protocol.is_tls else ():
                if error:
                    out.append(FailoverCase(len(out), name, fault, mode))
    return out


class Bench:
    """Makes the proxies of tables, each once, and the rules for them."""

    def __init__(self, world_made, peers):
        self._world, self._peers, self._made = world_made, peers, {}
        self._authority = peers.authority()
        self._served = faults.FaultyProxies(self._authority.issue(
            "faulty.test", also=[world.PROXY_SIDE[0], world.PROXY_INNER[0]]))
        self._good = self.proxy("first", "socks5", Fault("none"))

    def proxy(self, position, protocol, fault):
        address = (world.PROXY_SIDE if position == "first" else world.PROXY_INNER)[0]
        return self._served.add(self._world.listen("proxy", address, backlog=256), protocol, fault,
                                TIMEOUT)

    def _proxy_of(self, case):
        if str(case) not in self._made:
            self._made[str(case)] = self.proxy(case.position, case.protocol, case.fault)
        self._made[str(case)].accepted = 0
        return self._made[str(case)]

    def rules_and_proxies(self, cases, timeout=TIMEOUT):
        """The rules file's text, and the proxies of `cases` in their order."""
        before = {"before1": self._peers.proxy(proxies.Microsocks, last=False),
                  "before2": self._peers.proxy(proxies.Tinyproxy, last=False)}
        # A hop that is found dead stays so, however long the rest takes.
        text = (f"[gochain]\ndefault = reject\nconnect_timeout = {timeout}\n"
                "retry_after = 3600\n")
        for proxy, url in ([(name, peer.url()) for name, peer in before.items()]
                           + [("good", self._good.url()), ("never", "socks5://192.0.2.1:9")]):
            text += f"[proxy {proxy}]\nurl = {url}\npool = 0\n"
        text += f"[rules]\ngood = {GOOD}\n"
        made = [self._proxy_of(case) for case in cases]
        text += "".join(case.sections(proxy, list(before), self._authority.file) for case, proxy in zip(cases, made))
        return text, made

    def stop(self):
        self._served.stop()
