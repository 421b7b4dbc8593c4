"""Thousands of dials, good and bad, in no order: what the processes hold afterwards is what they held
before. SOAK_SECONDS for each test."""

import os
import random
import time

import pytest

from dials import Dials, helpers_of, settled, steady, wait_for
from hop_faults import GOOD, Bench, table

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
pytestmark = pytest.mark.seconds(SECONDS + 60)
WORKERS, ROUND, PROGRAMS = 64, 250, 40
# For all that follows the first third of the time, which a leak of a few bytes a dial reaches in
# minutes. The threads of the supervisor and the relay have sixteen arenas of malloc's on two cores,
# which fill up one after the other, the relay's with what OpenSSL wants, and the tables that a run
# shares are touched page by page.
GROWTH_KIB = {"program": 1024, "supervisor": 1024, "relay": 4096}
# The supervisor's table of those that ask for names has one entry for each local port there is.
PORT_BYTES, PORTS = 64, 28232


@pytest.fixture(scope="module")
def bench(world, peers):
    made = Bench(world, peers)
    yield made
    made.stop()


class Watch:
    """What processes hold, from when they are warm to the end."""

    def __init__(self, **pids):
        self._pids = pids
        self._before = {who: steady(pid) for who, pid in pids.items()}

    def must_be_settled(self, ports=0):
        for who, pid in self._pids.items():
            before = self._before[who]
            allowed = GROWTH_KIB[who] + min(ports, PORTS) * PORT_BYTES // 1024
            after = settled(pid, before)
            print(f"{who}: {before}; then {after}")
            assert after.is_no_more_than(before), f"{who}: {before}; then {after}"
            assert after.kib <= before.kib + allowed, f"{who}: {before}; then {after}"


@pytest.mark.parametrize("door", ("preload", "supervise", "auto", "library alone"))
def test_faults_in_no_order(runner, tools, bench, door):
    cases = table()
    random.shuffle(cases)
    conf, made = bench.rules_and_proxies(cases, timeout=1)
    with Dials(runner, tools("dials"), door, conf, [GOOD] + [case.target for case in cases],
               log_level="error", count=ROUND, workers=WORKERS) as dials:
        until = time.monotonic() + SECONDS
        dials.run()
        rounds = 1
        while time.monotonic() < until - SECONDS * 2 / 3:
            dials.run()
            rounds += 1
        watch = Watch(program=dials.program(), **helpers_of(dials.process))
        warm = rounds
        while rounds < warm + 1 or time.monotonic() < until:
            own = dials.run()[1]
            rounds += 1
            assert own[0] == own[1], f"descriptors of the program: {own}"
        assert wait_for(lambda: all(proxy.open == 0 for proxy in made))
        watch.must_be_settled()
    print(f"{door}: {rounds * ROUND} dials")


# Each line: so many programs that are killed in the middle of their dials.
SCRIPT = """
while read -r count; do
  while [ "$count" -gt 0 ]; do
    timeout -s KILL "0.0$((count % 10))5" "$@" </dev/null >/dev/null 2>&1 &
    count=$((count - 1))
  done
  wait
  echo done
done
"""


@pytest.mark.parametrize("door", ("preload", "supervise"))
def test_killed_programs(runner, tools, world, bench, door):
    stalls = [case for case in table() if case.fault.kind in ("stall", "drip")]
    conf, made = bench.rules_and_proxies(stalls)
    target = random.choice([case for case in stalls if case.position == "second"]).target
    argv, _ = runner.argv(
        ["sh", "-c", SCRIPT, "sh", tools("impatient"), "wait", *target.split(":"),
         *GOOD.split(":")], mode=door, conf=conf, log=None)
    process = runner.start(argv, stdin=-1)
    try:
        def round_of(count):
            process.stdin.write(f"{count}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n", process.stderr.read()

        until = time.monotonic() + SECONDS
        for _ in range(10):
            round_of(PROGRAMS)
        watch = Watch(**helpers_of(process))
        rounds = 1
        while time.monotonic() < until:
            round_of(PROGRAMS)
            rounds += 1
        assert wait_for(lambda: all(proxy.open == 0 for proxy in made))
        assert sum(proxy.accepted for proxy in made) > rounds
        watch.must_be_settled(ports=rounds * PROGRAMS)
    finally:
        process.communicate("", timeout=20)
    print(f"{door}: {rounds * PROGRAMS} programs")


# Each line: so many children, four at a time.
CHILDREN = 'while read -r count; do seq "$count" | xargs -P 4 -I{} "$@" | sort | uniq -c; done'


@pytest.mark.parametrize("door", ("supervise", "auto"))
def test_short_children(runner, peers, door):
    """Ten thousand of them in a minute, each of which dials once."""
    echo = peers.responder()
    argv, _ = runner.argv(
        ["sh", "-c", CHILDREN, "sh", os.path.join(runner.gochain.programs, "connect-static"), "blocking",
         echo.address, str(echo.port)], mode=door, hops=peers.one_hop(), log=None)
    process = runner.start(argv, stdin=-1)
    try:
        def round_of(count):
            process.stdin.write(f"{count}\n")
            process.stdin.flush()
            assert process.stdout.readline().split() == [str(count), "ok"], process.stderr.read()

        until = time.monotonic() + SECONDS
        round_of(ROUND)
        watch = Watch(**helpers_of(process))
        rounds = 1
        while time.monotonic() < until:
            round_of(ROUND)
            rounds += 1
        watch.must_be_settled(ports=rounds * ROUND)
    finally:
        process.communicate("", timeout=20)
    print(f"{door}: {rounds * ROUND} children")
