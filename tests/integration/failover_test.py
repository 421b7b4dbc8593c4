"""A chain with a choice lives on when a hop dies: whatever the hop does, in the middle of a download,
and without every process of the tree finding out for itself."""

import os
import signal
import time

import pytest

import world as world_module
from dials import Dials, wait_for
from doors import ALONE, run_by
from gochain import read_events
from hop_faults import EARLY_MS, GOOD, LATE_MS, Bench, failover_table
from lost_time import LostTime
from peers import content, faults, proxies
from peers.modules import GatedModules
from programs_test import (  # noqa: F401 (go_env and main_module are fixtures)
    downloaded, go_env, in_folder, main_module)

TIMEOUT = 2  # of each hop, in seconds
# Where a tree of processes is to lose it once: twice as much is more than a machine that has much
# else to do may add.
TREE_TIMEOUT, SLACK_S = 4, 2
CUT_TIMEOUT = 6
READY = 2
# In dynamic a hop that has passed the connection on before has a second chance, see
# docs/configuration.md.
FACTOR = {"failover": 1, "dynamic": 2}


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


def chain(mode, first, second, timeout=TREE_TIMEOUT, keys=""):
    return (f"[gochain]\ndefault = way\nconnect_timeout = {timeout}\n"
            f"[proxy first]\nurl = {first.url()}\n{keys}[proxy second]\nurl = {second.url()}\n"
            f"[chain way]\nhops = first second\nmode = {mode}\n")


@pytest.mark.parametrize("mode", ("failover", "dynamic"))
@pytest.mark.parametrize("how", (signal.SIGKILL, signal.SIGSTOP), ids=("killed", "stopped"))
@pytest.mark.parametrize("ready", (0, READY))
def test_go_mod_download(runner, peers, world, site, go_env, main_module, mode, how, ready):
    """The hop goes while no answer is on its way: what a connection that is up had to bring is lost
    with it, and for Go to ask for again."""
    first = peers.start(proxies.Microsocks, world_module.PROXY_SIDE[0])
    second = peers.proxy(proxies.Tinyproxy)
    modules = GatedModules(world.listen("target", world_module.TARGET[0]), site.root, hold_at=20)
    argv, log = runner.argv(
        in_folder(main_module, ["go", "mod", "download"]), mode="auto",
        conf=chain(mode, first, second, keys=f"pool = {ready}\n"))
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
        modules.reopen()
        _, err = process.communicate(timeout=50)
    finally:
        os.killpg(first.process.pid, signal.SIGCONT) if how == signal.SIGSTOP else None
        first.stop()
        modules.stop()
    events = read_events(log)
    said = [{key: event.get(key) for key in ("event", "hops", "hop", "error", "message")}
            for event in events if event["event"] != "connect"]
    assert process.returncode == 0, f"{err}\n" + "\n".join(str(event) for event in said)
    assert downloaded(go_env) == content.MODULE_COUNT
    lost = LostTime(events, "first")
    assert lost.waited or lost.after
    # A hop whose port is closed says so at once.
    lost.must_be_one_timeout(TREE_TIMEOUT if how == signal.SIGSTOP else 0.5, SLACK_S,
                             FACTOR[mode])


@pytest.mark.parametrize("mode", ("failover", "dynamic"))
def test_hop_that_is_cut_off_behind_a_ready_connection(runner, peers, site, mode):
    """What it was to pass on has not even arrived: it is the one that is dead, and no other is
    tried without it first."""
    first = peers.start(proxies.Microsocks, world_module.PROXY_SIDE[0])
    second = peers.proxy(proxies.Tinyproxy)
    done = os.path.join(runner.place.folder, "done")
    curl = f"curl -sS -m 30 http://{world_module.TARGET[0]}/hello.txt"
    script = (f"{curl}; {curl}; touch {done}; while [ -e {done} ]; do sleep 0.1; done;"
              f" {curl}; {curl}")
    argv, log = runner.argv(["sh", "-c", script], mode="auto",
                            conf=chain(mode, first, second, CUT_TIMEOUT, f"pool = {READY}\n"))
    rule = ["rule", "add", "from", first.address, "ipproto", "tcp", "sport", str(first.port),
            "blackhole"]
    process = runner.start(argv)
    try:
        assert wait_for(lambda: os.path.exists(done), 20)
        time.sleep(0.5)  # for two to be ready
        world_module.ip("-n", "proxy", *rule)
        os.unlink(done)
        out, err = process.communicate(timeout=50)
    finally:
        world_module.ip("-n", "proxy", *(word.replace("add", "del") for word in rule))
        first.stop()
    events = read_events(log)
    assert process.returncode == 0 and out == "hello from nginx\n" * 4, err
    lost = LostTime(events, "first")
    assert len(lost.waited) == len(lost.after) == 1, events
    # A second chance would be a quarter of it more.
    lost.must_be_one_timeout(CUT_TIMEOUT, CUT_TIMEOUT / 6)


@pytest.mark.parametrize("door, mode, kind", [
    ("preload", "failover", "dynamic"), ("supervise", "dynamic", "static"),
    ("auto", "failover", "dynamic"), ("preload", "dynamic", "dynamic"),
    ("preload", "failover", "static"), (ALONE, "failover", "dynamic"),
    (ALONE, "dynamic", "static")])
def test_one_loss_for_the_whole_tree(runner, peers, site, bench, tools, door, mode, kind):
    """Eight programs, one after the other within the hop's time, and four more behind them, half of
    them of another kind where that is `static`; the first hop says nothing."""
    hangs = bench.proxy("first", "socks5", faults.Fault("stall", 0, 1))
    curl = f"curl -sS -m 30 http://{world_module.TARGET[0]}/hello.txt"
    fetch = f"{tools('fetch', 'static')} {world_module.TARGET[0]} 80" if kind == "static" else curl
    script = (f"for n in 1 2 3 4; do {curl} & sleep 0.4; {fetch} & sleep 0.4; done; wait;"
              f" for n in 1 2; do {curl}; {fetch}; done")
    run = run_by(door, runner, ["sh", "-c", script],
                 chain(mode, hangs, peers.proxy(proxies.Tinyproxy)))
    assert run.must_succeed().out == "hello from nginx\n" * 12, str(run)
    lost = LostTime(run.events, "first")
    assert len(lost.waited) == 8 and len(lost.after) == 4, str(run)
    assert lost.seconds() > TREE_TIMEOUT - 0.1
    lost.must_be_one_timeout(TREE_TIMEOUT, SLACK_S)
    assert hangs.accepted <= 8 + READY, str(run)  # a hop that is slow is asked for those, too
    assert [event["hops"] for event in run.of("connect")] == [["second"]] * 12, str(run)
