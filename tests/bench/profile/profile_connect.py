"""What one connect costs in each door: round trips, system calls, calls for memory. Markdown tables.

Usage: run-bench profile [quick | docs]     quick: few connects; docs: docs/performance.md

A program connects so often, one connection after another, and then twice as often; what one costs
is the difference, which has nothing of starts and first times in it. Over 50 ms each answer is
waited for, as it is in a network, however much slower strace makes the one who waits.
"""

import collections
import os
import sys

import counts
import distance
import report
import rivals
from measure import Absent, Failed

CONNECTS, QUICK_CONNECTS = 20, 2
# The hop's own second proxy: a connect to it costs the first one no round trip.
TARGET = ["hop1.corp.test", str(distance.MICROSOCKS_PORT)]
HOPS = ["dante1"]
PLAIN = (distance.NO_PIPELINE, distance.NO_POOL)
PIPELINED = (distance.PIPELINE, distance.NO_POOL)
READY = (distance.PIPELINE, distance.POOL)
# In which the supervisor gets the next connection ready, or carries one to its target.
HOLD_MS = "400"
HOLDS = {"clock_nanosleep", "nanosleep"}
# Go's runtime interrupts by a signal what has run for long, again and again until it stops. strace
# makes the supervisor's answer to getpeername take longer than one such round, so that it never came;
# without it there is about one signal in a connect.
GO_WORDS = ["env", "GODEBUG=asyncpreemptoff=1"]
STATIC = "-musl-static"


class Way:
    """`command(count)`: the words that connect so often, and print the median of the seconds that
    one took, or, with `sums`, those of all. `short`: its column's name."""

    def __init__(self, label, short, command, sums=False):
        self.label, self.short, self.command, self.sums = label, short, command, sums


class Cost:
    """Of one connect. `launcher` and `program` are Counters of system calls."""

    def __init__(self, way, launcher, program, memory, round_trips):
        self.way, self.launcher, self.program = way, launcher, program
        self.launcher_memory, self.program_memory = memory
        self.round_trips = round_trips


def ways(place):
    def by_hand(count):
        proxy = [distance.ADDRESSES["hop1"], str(distance.SOCKS_PORT)]
        return [place.tool("connects"), "socks5", str(count)] + TARGET + proxy

    def under(mode, keys=PLAIN):
        if keys != PLAIN:
            place.warm(HOPS, keys)
        return place.under(HOPS, mode, keys)

    def repeat(words, how, kind="", hold="0"):
        tool = os.path.join(place.programs, "repeat" + kind)
        return lambda count: words + [tool, how, str(count), hold] + TARGET

    def of_go(words, hold="0"):
        tool = place.tool("connects-go")
        return lambda count: words + GO_WORDS + [tool, str(count), hold, ":".join(TARGET)]

    yield Way("SOCKS5 by hand, blocking", "by hand", by_hand, sums=True)
    chains = rivals.proxychains(place, [distance.PROXY_URLS["dante1"]])
    if not isinstance(chains, Absent):
        yield Way("proxychains-ng, blocking", "proxychains-ng", repeat(chains, "blocking"))
    yield Way("preload, blocking", "blocking", repeat(under("preload"), "blocking"))
    yield Way("preload, blocking, pipelined", "pipelined",
              repeat(under("preload", PIPELINED), "blocking"))
    yield Way("preload, `poll`", "`poll`", repeat(under("preload"), "poll"))
    yield Way("preload, `epoll`", "`epoll`", repeat(under("preload"), "epoll"))
    yield Way("auto, blocking", "auto", repeat(under("auto"), "blocking"))
    yield Way("auto, blocking, ready", "auto, ready",
              repeat(under("auto", READY), "blocking", hold=HOLD_MS))
    yield Way("supervise, static, blocking", "static",
              repeat(under("supervise"), "blocking", STATIC))
    yield Way("supervise, static, blocking, pipelined", "static, pipelined",
              repeat(under("supervise", PIPELINED), "blocking", STATIC))
    yield Way("supervise, Go", "Go", of_go(under("supervise")))
    yield Way("supervise, Go, ready", "Go, ready", of_go(under("supervise", READY), HOLD_MS))
    yield Way("supervise, static, `epoll`: carried", "carried",
              repeat(under("supervise"), "epoll", STATIC, HOLD_MS))


def cost(place, way, count):
    once, twice = (counts.system_calls(place, way.command(n)) for n in (count, 2 * count))
    few, many = (counts.allocations(place, way.command(n)) for n in (count, 2 * count))
    return Cost(way, *(each(once[i], twice[i], count) for i in (0, 1)),
                [(many[i] - few[i]) / count for i in (0, 1)],
                float(many[2]) / (2 * count if way.sums else 1) / distance.RTT_S)


def each(once, twice, count):
    """What is left of less than every fourth connect is the machine's, not the connect's."""
    out = collections.Counter()
    for name in twice:
        if name not in HOLDS and (value := (twice[name] - once[name]) / count) >= 0.25:
            out[name] = value
    return out


def number(value):
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def totals(costs):
    lines = ["| | round trips | system calls: program | gochain | memory: program | "
             "gochain |", "|---|---|---|---|---|---|"]
    for of in costs:
        cells = [f"{of.round_trips:.0f}", number(of.program.total()), number(of.launcher.total()),
                 number(of.program_memory), number(of.launcher_memory)]
        lines.append(f"| {of.way.label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_name(columns):
    """`columns`: a name and a Counter each."""
    names = sorted({name for _, calls in columns for name in calls},
                   key=lambda name: (-max(calls[name] for _, calls in columns), name))
    lines = ["| | " + " | ".join(short for short, _ in columns) + " |",
             "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = [number(calls[name]) if calls[name] else "" for _, calls in columns]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(words):
    quick = "quick" in words
    if why := distance.missing():
        print("profile: " + why)
        return 1 if "docs" in words else 0
    place = distance.Distance(os.environ["GOCHAIN_BUILD"], 1, 1)
    try:
        place.start()
        costs = []
        for way in ways(place):
            try:
                costs.append(cost(place, way, QUICK_CONNECTS if quick else CONNECTS))
            except Failed as failure:
                raise SystemExit(f"profile: {way.label}: {failure}") from failure
            print(f"profile: {way.label}", flush=True)
    finally:
        place.stop()
    tables = {
        "@TOTALS@": totals(costs),
        "@PROGRAM@": by_name([(of.way.short, of.program) for of in costs
                              if of.program and "supervise" not in of.way.label]),
        "@GOCHAIN@": by_name([(of.way.short, of.launcher) for of in costs if of.launcher]),
        "@MACHINE@": report.machine(place.notes),
    }
    for table in tables.values():
        print(table, end="\n\n")
    if "docs" in words:
        report.fill("performance", tables)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
