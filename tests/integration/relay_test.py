"""Process R, which dials where a hop wants more than a handshake: started where it is needed, reached
by each door, and gone with the run."""

import os
import signal

import pytest

import interop
import world
from dials import wait_for
from doors import ALONE, DOORS, dialled_by, end_brokers, run_by, started
from gochain import MODES, keep_private

ROW = interop.ROW["stunnel before tinyproxy, https, Basic"]
HELLO = ["curl", "-sS", "-m", "30", "http://web.corp.test/hello.txt"]
SECONDS = 20


def conf_of(peers, folder, more=""):
    return f"[gochain]\ndefault = office\n{ROW.section(peers, folder)}{more}"


def chain_of(peers, folder, *hops, first="", more=""):
    """A chain of the proxies named in `first` and of a TLS proxy, `office`."""
    return (f"[gochain]\ndefault = both\nconnect_timeout = 2\n{ROW.section(peers, folder)}{first}"
            f"[chain both]\nhops = {' '.join(hops)}\n{more}")


def processes_of(path):
    """The processes whose program is `path`: {pid: its open descriptors' targets}."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == path:
                folder = f"/proc/{pid}/fd"
                found[int(pid)] = {fd: os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
        except OSError:
            continue
    return found


@pytest.fixture
def none_left(runner):
    """Whatever a test started of gochain's is gone soon after it."""
    yield
    end_brokers(runner)
    assert wait_for(lambda: not processes_of(runner.gochain.path), SECONDS), (
        processes_of(runner.gochain.path))


@pytest.mark.parametrize("door", DOORS)
def test_reaches_a_tls_proxy(runner, peers, site, none_left, door):
    run = run_by(door, runner, HELLO, conf_of(peers, runner.place.folder))
    assert run.must_succeed().out == "hello from nginx\n", str(run)
    event, = run.must_dial_by(dialled_by(door), route="office", hops=1)
    assert event["target"] == "web.corp.test:80", str(run)
    assert len(run.events) == 1, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_reaches_a_tls_proxy_behind_another_hop(runner, peers, site, none_left, door):
    first = peers.proxy(interop.proxies.Microsocks, last=False)
    run = run_by(door, runner, HELLO, chain_of(
        peers, runner.place.folder, "first", "office", first=f"[proxy first]\nurl = {first.url()}\n"))
    assert run.must_succeed().out == "hello from nginx\n", str(run)
    run.must_dial_by(dialled_by(door), route="both", hops=2)


@pytest.mark.parametrize("door", DOORS)
def test_says_which_hop_failed(runner, peers, none_left, door):
    first = f"[proxy first]\nurl = socks5://{world.PROXY_SIDE[0]}:{peers.dead_port()}\n"
    run = run_by(door, runner, HELLO, chain_of(
        peers, runner.place.folder, "office", "first", first=first), log="warn")
    assert run.status != 0
    line, = run.warnings()
    assert "via office>first failed at office" in line and "connection refused by first" in line
    run = run_by(door, runner, HELLO, chain_of(
        peers, runner.place.folder, "first", "office", first=first), log="warn")
    line, = run.warnings()
    assert "failed at first (socks5 " in line and line.count("connection refused") == 1, line


def test_is_not_there_where_nobody_needs_it(runner, peers):
    plain = peers.proxy(interop.proxies.Tinyproxy)
    for conf, count in (
        (f"[proxy office]\nurl = {plain.url()}\n[gochain]\ndefault = office\n", 2),
        (conf_of(peers, runner.place.folder), 3),
    ):
        process = runner.start(*start_of(runner, ["sleep", "60"], conf))
        try:
            assert wait_for(lambda: len(processes_of(runner.gochain.path)) == count, SECONDS), count
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=SECONDS)
        assert wait_for(lambda: not processes_of(runner.gochain.path), SECONDS)


def start_of(runner, argv, conf, mode="auto", log=None):
    full, _ = runner.argv(argv, mode=mode, conf=conf, log=log)
    return full, None


def test_leaves_nothing_open_in_command(runner, peers, none_left):
    show = ["sh", "-c", "ls -l /proc/self/fd | sed -n 's/.* -> //p'"]
    with_relay = run_by("auto", runner, show, conf_of(peers, runner.place.folder)).must_succeed().out.split()
    assert not [name for name in with_relay if name.startswith("socket:")], with_relay


@pytest.mark.parametrize("door", MODES)
def test_fails_closed_once_it_is_gone(runner, peers, site, none_left, door):
    """It is killed by who runs it; in a launcher's run nobody starts another."""
    script = f"read x; {' '.join(HELLO)}; echo status $?"
    full, _ = runner.argv(["sh", "-c", script], mode=door, conf=conf_of(peers, runner.place.folder), log=None)
    process = runner.start(full, None, stdin=-1)
    assert wait_for(lambda: len(processes_of(runner.gochain.path)) == 3, SECONDS)
    # R is the one that listens.
    relay, = [pid for pid in processes_of(runner.gochain.path) if is_listening(pid)]
    os.kill(relay, signal.SIGKILL)
    out, err = process.communicate("go\n", timeout=SECONDS)
    assert "status 7" in out, out + err
    line, = [line for line in err.splitlines() if line.startswith("gochain:")]
    assert "failed: gochain's relay can't be used (it is gone)" in line, line


def is_listening(pid):
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        target = os.readlink(f"/proc/{pid}/fd/{fd}")
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return any(row[3] == "0A" and row[9] in inodes for row in rows)


def test_command_in_the_background_keeps_it(runner, peers, site, none_left):
    script = f"(sleep 1; {' '.join(HELLO)} > {runner.place.folder}/late) & echo started"
    run = run_by("auto", runner, ["sh", "-c", script], conf_of(peers, runner.place.folder), log="warn")
    assert run.must_succeed().out == "started\n"
    late = os.path.join(runner.place.folder, "late")
    assert wait_for(lambda: os.path.exists(late) and os.path.getsize(late) > 0, SECONDS)
    with open(late, encoding="ascii") as file:
        assert file.read() == "hello from nginx\n"


@pytest.mark.parametrize("status, script", [(3, "exit 3"), (-signal.SIGTERM, "kill -TERM $$"),
                                            (127, "no-such-command")])
def test_ends_as_command_ends(runner, peers, none_left, status, script):
    argv = ["sh", "-c", script] if " " in script else [script]
    run = run_by("auto", runner, argv, conf_of(peers, runner.place.folder))
    assert run.status == status, str(run)


def environment_of(runner, conf, **more):
    path = runner._new_path("gochain.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(conf)
    keep_private(path)
    return {"LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path, **more}


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
@pytest.mark.parametrize("how", ("one", "own-child", "threads", "forked", "closed"))
def test_the_library_starts_it_unseen(runner, peers, site, tools, none_left, how, kind):
    run = run_by(ALONE, runner, [tools("children", kind), how, "web.corp.test", "80"],
                 conf_of(peers, runner.place.folder), log="warn")
    assert run.must_succeed().out == "ok\n", str(run)
    assert not run.warnings()


def test_the_library_starts_it_once_and_again_where_it_is_gone(runner, peers, site, tools,
                                                               none_left):
    env = environment_of(runner, conf_of(peers, runner.place.folder))
    process = runner.start(runner.place.prefix() + [
        tools("children"), "threads", "web.corp.test", "80", "again"], env, stdin=-1)
    assert process.stdout.readline() == "ok\n", process.stderr.read()
    relay, = started(runner.gochain.path, "--library-relay")
    with open(f"/proc/{relay}/stat", encoding="ascii") as file:
        state, parent, _, session = file.read().rpartition(")")[2].split()[:4]
    assert state in "SR" and int(parent) != process.pid and int(session) == relay
    programs = {os.readlink(f"/proc/{process.pid}/fd/{fd}")
                for fd in os.listdir(f"/proc/{process.pid}/fd")}
    assert "/dev/zero" in programs
    assert not set(processes_of(runner.gochain.path)[relay].values()) & programs
    os.kill(relay, signal.SIGKILL)
    out, err = process.communicate("\n", timeout=SECONDS)
    assert out == "ok\n" and not err, err


def failed_start(runner, peers, **variables):
    """The one line that is said where the relay can't be started."""
    env = environment_of(runner, conf_of(peers, runner.place.folder), **variables)
    run = runner._run(runner.place.prefix() + HELLO, None, "", env, 40, None)
    assert run.status == 7 and not run.out, str(run)
    line, = run.warnings()
    return line


def test_fails_closed_where_the_library_finds_no_launcher(runner, peers, site, capture):
    line = failed_start(runner, peers, GOCHAIN_LAUNCHER="/nonexistent/gochain")
    assert "can't be used (no launcher is beside the library; GOCHAIN_LAUNCHER names it)" in line


@pytest.mark.parametrize("launcher, why", (
    ("#!/bin/sh\nexit 0\n", "it ended at its start"),
    ("#!/nonexistent/sh\n", "it can't be started: errno 2"),
    ("#!/bin/sh\necho good morning, this is no relay at all\n", "it ended at its start"),
    ("#!/bin/sh\nexec sleep 6\n", "it did not start in time"),
))
def test_fails_closed_where_the_launcher_does_not_do(runner, peers, site, launcher, why):
    path = os.path.join(runner.place.folder, "launcher")
    with open(path, "w", encoding="ascii") as file:
        file.write(launcher)
    os.chmod(path, 0o755)
    assert why in failed_start(runner, peers, GOCHAIN_LAUNCHER=path)
