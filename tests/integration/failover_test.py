"""A chain with a choice lives on when a hop dies: whatever the hop does, in the middle of a download,
and without every process of the tree finding out for itself."""

import os
import signal
import time

import pytest

import world as world_module
from dials import Dials, wait_for
from gochain import read_events
from hop_faults import EARLY_MS, GOOD, LATE_MS, Bench, failover_table
from peers import content, faults, proxies
from peers.modules import GatedModules
from programs_test import (  # noqa: F401 (go_env and main_module are fixtures)
    downloaded, go_env, in_folder, main_module)

TIMEOUT = 2  # of each hop, in seconds
# Time for a machine that has much else to do.
LATE_S = 8


@pytest.fixture(scope="module")
def bench(world, peers):
    made = Bench(world, peers)
    yield made
    made.stop()


@pytest.mark.parametrize("door", ("preload", "supervise"))
def test_every_fault_of_the_first_hop(runner, tools, bench, door):
    """At the second time the hop is known to be dead."""
    cases = failover_table()
    conf, made = bench.rules_and_proxies(cases, timeout=TIMEOUT)
    with Dials(runner, tools("dials"), door, conf, [GOOD] + [case.target for case in cases]) as dials:
        rounds = [dials.dial(), dials.dial()]
        assert wait_for(lambda: not any(proxy.open for proxy in made))
    wrong = []
    for case, proxy in zip(cases, made):
        first, second = (results[case.number] for results in rounds)
        ways = [event["hops"] for event in dials.events.get(case.target, [])
                if event["event"] == "connect"]
        for what, trouble in (
                ("first", case.must_lose(first, TIMEOUT * 1000 - EARLY_MS, TIMEOUT * 1000 + LATE_MS)),
                ("then", case.must_lose(second, 0, TIMEOUT * 1000 - EARLY_MS)),
                # In dynamic alone too, where it could have been the one behind it; and once more on
                # another connection where it has asked for a password and ended.
                ("tried", proxy.accepted > (2 if case.mode == "dynamic" else 1)
                 * (2 if proxy.protocol.asks else 1) and f"{proxy.accepted} times"),
                ("logged", ways != [["good"]] * 2 and ways)):
            if trouble:
                wrong.append(f"{case}: {what} {trouble}")
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:40])


def chain(mode, first, second, timeout=TIMEOUT):
    return (f"[gochain]\ndefault = way\nconnect_timeout = {timeout}\n"
            f"[proxy first]\nurl = {first.url()}\n[proxy second]\nurl = {second.url()}\n"
            f"[chain way]\nhops = first second\nmode = {mode}\n")


@pytest.mark.parametrize("mode", ("failover", "dynamic"))
@pytest.mark.parametrize("how", (signal.SIGKILL, signal.SIGSTOP), ids=("killed", "stopped"))
def test_go_mod_download(runner, peers, world, site, go_env, main_module, mode, how):
    """The hop goes while no answer is on its way: what a connection that is up had to bring is lost
    with it, and for Go to ask for again."""
    first = peers.start(proxies.Microsocks, world_module.PROXY_SIDE[0])
    second = peers.proxy(proxies.Tinyproxy)
    modules = GatedModules(world.listen("target", world_module.TARGET[0]), site.root, hold_at=20)
    argv, log = runner.argv(
        in_folder(main_module, ["go", "mod", "download"]), mode="auto",
        conf=chain(mode, first, second))
    process = runner.start(argv, go_env | {"GOPROXY": f"http://{modules.address}:{modules.port}"})
    try:
        # All that Go does at once waits for its answers.
        assert wait_for(lambda: modules.held, 20)
        last = -1
        while modules.held != last:
            last = modules.held
            time.sleep(0.5)
        modules.shut()
        modules.let_go()
        assert wait_for(lambda: modules.open == 0, 20)
        os.killpg(first.process.pid, how)
        gone = time.monotonic()
        modules.reopen()
        _, err = process.communicate(timeout=50)
        lost = time.monotonic() - gone
    finally:
        os.killpg(first.process.pid, signal.SIGCONT) if how == signal.SIGSTOP else None
        first.stop()
        modules.stop()
    said = [{key: event.get(key) for key in ("event", "hops", "hop", "error", "message")}
            for event in read_events(log) if event["event"] != "connect"]
    assert process.returncode == 0, f"{err}\n" + "\n".join(str(event) for event in said)
    assert downloaded(go_env) == content.MODULE_COUNT
    assert lost < TIMEOUT + LATE_S, lost


@pytest.mark.parametrize("door, mode", [("preload", "failover"), ("supervise", "dynamic"),
                                        ("auto", "failover"), ("preload", "dynamic")])
def test_one_loss_for_the_whole_tree(runner, peers, world, site, bench, door, mode):
    """Eight programs at once and four more behind them; the first hop says nothing."""
    hangs = bench.proxy("first", "socks5", faults.Fault("stall", 0, 1))
    curl = f"curl -sS -m 30 http://{world_module.TARGET[0]}/hello.txt"
    script = (f"for n in 1 2 3 4 5 6 7 8; do {curl} & done; wait;"
              f" for n in 1 2 3 4; do {curl}; done")
    start = time.monotonic()
    run = runner.run(["sh", "-c", script], mode=door,
                     conf=chain(mode, hangs, peers.proxy(proxies.Tinyproxy)))
    took = time.monotonic() - start
    assert run.must_succeed().out == "hello from nginx\n" * 12, str(run)
    assert TIMEOUT - 0.1 < took < TIMEOUT + LATE_S, took
    assert hangs.accepted <= 8, str(run)
    assert [event["hops"] for event in run.of("connect")] == [["second"]] * 12, str(run)
