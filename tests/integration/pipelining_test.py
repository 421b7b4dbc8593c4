"""What goes over the wire before real proxies: one flight where they stand it, what they are asked
one after the other where they don't, and how gochain finds out."""

import os
import time

import pytest

import interop
from doors import ALONE, DOORS, run_by
from gochain import MODES
from logins import FETCH, HELLO, shell
from peers import proxies
from peers.recorder import Recorder

TARGET = b"web.corp.test"
GET = b"GET /hello.txt"
STATE_FILE = ".cache/gochain/pipelining"
# Longer than a trial takes where messages are lost; the rest waits for the state file.
TRIAL_SECONDS = 6


def recorded(peers, proxy, **kwargs):
    return peers._keep(Recorder(proxy, **kwargs))


def inner(peers, kind):
    """A proxy of its own behind others."""
    return peers._once((kind, "second inner"), lambda: peers.start(
        kind, peers.proxy(kind, "inner").address))


def rules(hops, pipeline=None):
    """A chain of `hops`."""
    # What is ready would be connections more.
    line = "pool = 0\n" + (f"pipeline = {pipeline}\n" if pipeline else "")
    names = [f"hop{i}" for i in range(len(hops))]
    return "[gochain]\ndefault = way\n" + "".join(
        f"[proxy {name}]\nurl = {hop.url()}\n{line}" for name, hop in zip(names, hops)
    ) + f"[chain way]\nhops = {' '.join(names)}\n"


def turns(conversation):
    """How often the client spoke before its own request, and what it said first."""
    said = conversation.said()
    at = next(i for i, piece in enumerate(said) if piece.startswith(GET))
    return at, said[0]


def user_connections(recorder):
    return [c for c in recorder.conversations if any(p.startswith(GET) for p in c.said())]


def ways(peers):
    """By name: hops before the site, and how often the client speaks to them one by one."""
    sshd = peers._once("ssh -D", lambda: interop.ssh_d(peers))
    return {
        "dante": ([peers.proxy(proxies.Dante)], 2),
        "ssh": ([sshd], 2),
        "dante dante": ([peers.proxy(proxies.Dante, last=False),
                         peers.proxy(proxies.Dante, "inner")], 4),
        "dante squid": ([peers.proxy(proxies.Dante, last=False),
                         peers.proxy(proxies.Squid, "inner")], 3),
        "tinyproxy dante": ([peers.proxy(proxies.Tinyproxy, last=False),
                             peers.proxy(proxies.Dante, "inner")], 3),
        "squid dante": ([peers.proxy(proxies.Squid, last=False),
                         peers.proxy(proxies.Dante, "inner")], 3),
        "ssh dante": ([sshd, peers.proxy(proxies.Dante, "inner")], 4),
        "dante squid dante": ([peers.proxy(proxies.Dante, last=False),
                               peers.proxy(proxies.Squid, "inner"),
                               inner(peers, proxies.Dante)], 5),
    }


WAYS = ("dante", "ssh", "dante dante", "dante squid", "tinyproxy dante", "squid dante",
        "ssh dante", "dante squid dante")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS)
def test_all_hops_in_one_flight(runner, peers, site, way, door):
    hops, one_by_one = ways(peers)[way]
    for pipeline, expected in (("no", one_by_one), ("yes", 1)):
        recorder = recorded(peers, hops[0])
        conf = rules([recorder, *hops[1:]], pipeline)
        run = run_by(door, runner, shell(FETCH), conf)
        assert run.must_succeed().out == HELLO, str(run)
        conversation, = recorder.conversations
        count, first = turns(conversation)
        assert count == expected, conversation.turns
        assert (TARGET in first) == (count == 1), conversation.turns


def wait_for_file(runner):
    """The supervisor writes it when it has learned, perhaps after COMMAND's end."""
    path = os.path.join(runner.place.folder, STATE_FILE)
    deadline = time.monotonic() + 15
    while not os.path.exists(path):
        assert time.monotonic() < deadline, "nothing was learned"
        time.sleep(0.05)
    return path


@pytest.mark.parametrize("door", MODES)
@pytest.mark.parametrize("way", WAYS)
def test_learns_what_hops_stand(runner, peers, site, way, door):
    """The first connection is as ever, later ones of the run and of the next run take one flight."""
    hops, one_by_one = ways(peers)[way]
    recorder = recorded(peers, hops[0])
    conf = rules([recorder, *hops[1:]])
    run = run_by(door, runner, shell(f"{FETCH}; sleep {TRIAL_SECONDS / 2}; {FETCH}"), conf)
    assert run.must_succeed().out == HELLO * 2, str(run)
    first, second = user_connections(recorder)
    assert turns(first)[0] == one_by_one, first.turns
    assert turns(second)[0] == 1, second.turns
    # Where the target refuses ssh just ends the connection: it is seen to do so either way.
    trials = 2 if way == "ssh" else 1
    assert len(recorder.conversations) == 2 + trials
    path = wait_for_file(runner)
    assert os.stat(path).st_mode & 0o777 == 0o600
    for next_door in (door, ALONE):
        run = run_by(next_door, runner, shell(FETCH), conf)
        assert run.must_succeed().out == HELLO, str(run)
        assert turns(user_connections(recorder)[-1])[0] == 1
    assert len(recorder.conversations) == 4 + trials, "no further trial"


@pytest.mark.parametrize("door", MODES)
def test_learns_that_microsocks_loses_its_second_message(runner, peers, site, door):
    """And no connection of the program's waits for that."""
    recorder = recorded(peers, peers.proxy(proxies.Microsocks))
    conf = rules([recorder])
    script = f"{FETCH}; sleep {TRIAL_SECONDS}; {FETCH}"
    run = run_by(door, runner, shell(script), conf)
    assert run.must_succeed().out == HELLO * 2, str(run)
    for conversation in user_connections(recorder):
        assert turns(conversation)[0] == 2, conversation.turns
    for event in run.of("connect"):
        assert event["connect_ms"] < 900, str(run)
    trials = len(recorder.conversations) - 2
    assert trials == 2, "one in a flight and one without"
    wait_for_file(runner)
    run = run_by(door, runner, shell(FETCH), conf)
    assert run.must_succeed().out == HELLO, str(run)
    assert turns(user_connections(recorder)[-1])[0] == 2
    assert len(recorder.conversations) == 5


def test_command_that_ends_at_once_leaves_knowledge(runner, peers, site):
    recorder = recorded(peers, peers.proxy(proxies.Dante))
    conf = rules([recorder])
    run_by("auto", runner, shell(FETCH), conf).must_succeed()
    wait_for_file(runner)
    run_by("auto", runner, shell(FETCH), conf).must_succeed()
    assert turns(user_connections(recorder)[-1])[0] == 1


@pytest.mark.parametrize("door", MODES)
def test_nobody_waits_for_a_trial(runner, peers, site, door):
    """gochain ends with COMMAND, and what is learned comes later."""
    recorder = recorded(peers, peers.proxy(proxies.Microsocks), delay_s=0.1)
    run_by(door, runner, shell(FETCH), rules([recorder])).must_succeed()
    assert not os.path.exists(os.path.join(runner.place.folder, STATE_FILE))
    wait_for_file(runner)


@pytest.mark.parametrize("door", DOORS)
def test_proxy_that_was_replaced_by_one_that_loses_messages(runner, peers, site, door):
    """What was learned of dante is not true of microsocks at its port: the program's connection
    comes up all the same, and the next ones wait for nothing."""
    recorder = recorded(peers, peers.proxy(proxies.Dante))
    conf = rules([recorder])
    run_by("auto", runner, shell(FETCH), conf).must_succeed()
    wait_for_file(runner)
    recorder.proxy = peers.proxy(proxies.Microsocks)
    before = len(recorder.conversations)
    run = run_by(door, runner, shell(f"{FETCH} && {FETCH}"), conf)
    # Alone, each process has to find out for itself.
    assert run.must_succeed().out == HELLO * 2, str(run)
    later = recorder.conversations[before:]
    assert TARGET in later[0].said()[0], "a flight"
    assert turns(later[1])[0] == 2, later[1].turns
    if door != ALONE:
        assert turns(later[2])[0] == 2, later[2].turns
        assert run.of("connect")[1]["connect_ms"] < 900, str(run)


@pytest.mark.parametrize("method", ("password", "none"))
def test_login_at_a_socks5_proxy(runner, peers, site, method):
    """Which method the proxy chooses is learned, then all goes in one flight."""
    user = {"user": "alice", "password": "secret"} if method == "password" else {}
    proxy = peers._once(("dante", method), lambda: peers.start(
        proxies.Dante, peers.proxy(proxies.Dante).address, **user))
    recorder = recorded(peers, proxy)
    recorder.user, recorder.password = "alice", "secret"
    script = f"{FETCH}; sleep {TRIAL_SECONDS / 2}; {FETCH}"
    run = run_by("auto", runner, shell(script), rules([recorder]))
    assert run.must_succeed().out == HELLO * 2, str(run)
    first, second = user_connections(recorder)
    assert turns(first)[0] == (3 if method == "password" else 2), first.turns
    count, said = turns(second)
    assert count == 1, second.turns
    assert (b"secret" in said) == (method == "password"), said


@pytest.mark.parametrize("what", ("garbage", "others may write", "a link", "a pipe"))
def test_state_file_that_is_no_good(runner, peers, site, what):
    recorder = recorded(peers, peers.proxy(proxies.Dante))
    conf = rules([recorder], None)
    run_by("auto", runner, shell(FETCH), conf).must_succeed()
    path = wait_for_file(runner)
    if what == "garbage":
        with open(path, "wb") as file:
            file.write(os.urandom(3000))
    elif what == "others may write":
        os.chmod(path, 0o666)
    else:
        os.rename(path, path + ".other")
        os.symlink(path + ".other", path) if what == "a link" else os.mkfifo(path)
    run = run_by(ALONE, runner, shell(FETCH), conf)
    assert run.must_succeed().out == HELLO, str(run)
    assert turns(user_connections(recorder)[-1])[0] == 2


def test_no_home(runner, peers, site):
    """Nothing is kept; the run itself learns."""
    recorder = recorded(peers, peers.proxy(proxies.Dante))
    script = f"{FETCH}; sleep {TRIAL_SECONDS / 2}; {FETCH}"
    run = run_by("auto", runner, shell(script), rules([recorder]), env={"HOME": "/nonexistent"})
    assert run.must_succeed().out == HELLO * 2, str(run)
    assert turns(user_connections(recorder)[-1])[0] == 1
