"""tests/programs: one kind of call each, under every door. What a program prints must be what it
prints alone, with nothing in between."""

import os

import pytest

from gochain import MODES, SUPERVISED, door_of

# program, arguments before HOST PORT
CALLS = (
    [("connect", how) for how in
     ("blocking", "nonblocking", "threads", "fork", "vfork", "grandchild", "raw",
      "raw-nonblocking", "asm")]
    + [("fastopen", how + suffix) for how in ("sendto", "sendmsg", "sendmmsg", "option")
       for suffix in ("", "+")]
    + [("epoll",), ("socket_options",), ("getpeername",), ("connect_errors",)]
)
# Calls that libc's functions don't see, and those that the library sees only where nobody else does.
PAST_THE_LIBRARY = {"asm"}
LEFT_TO_THE_FILTER = {"raw", "raw-nonblocking"}
KINDS = {"dynamic": "", "static": "-static", "musl": "-musl", "musl-static": "-musl-static"}


@pytest.fixture(scope="session")
def echo(peers):
    return peers.responder()


@pytest.fixture(scope="session")
def said_alone():
    return {}


def program(runner, name, kind):
    path = os.path.join(runner.gochain.programs, name + KINDS[kind])
    if not os.path.exists(path):
        pytest.skip(f"{name}{KINDS[kind]} is not built")
    return path


def past_the_library(call, kind, mode):
    unseen = PAST_THE_LIBRARY if mode == "preload" else PAST_THE_LIBRARY | LEFT_TO_THE_FILTER
    return bool(unseen.intersection(call)) or "static" in kind


MATRIX = [(call, kind, mode) for call in CALLS for kind in KINDS for mode in MODES
          if mode != "preload" or not past_the_library(call, kind, mode)]


@pytest.mark.parametrize("call, kind, mode", MATRIX, ids=lambda value: value
                         if isinstance(value, str) else " ".join(value))
def test_call_is_as_without_gochain(runner, peers, echo, capture, said_alone, call, kind, mode):
    unseen = past_the_library(call, kind, mode)
    argv = [program(runner, call[0], kind), *call[1:], echo.address, str(echo.port)]
    place = runner.place.but(ns="open")
    key = (call, "musl" in kind)
    if key not in said_alone:
        # In the target's own namespace: late packets of it would look like leaks.
        said_alone[key] = runner.alone(argv, runner.place.but(ns="target")).out
        assert said_alone[key]
    run = runner.run(argv, mode=mode, hops=peers.one_hop(), place=place)
    door = door_of("static" if unseen else "dynamic", mode)
    if call[-1].startswith("sendmmsg") and door == "supervise" and "musl" not in kind:
        # What a kernel without fast open says; programs then connect. (musl's calls sendmsg.)
        assert "EOPNOTSUPP" in run.out, str(run)
        assert not capture.packets(), str(run)
        return
    assert run.out == said_alone[key], str(run)
    assert not capture.packets(), str(run)
    connects = run.of("connect", f"{echo.address}:{echo.port}")
    assert connects, str(run)
    allowed = set(SUPERVISED) if door == "supervise" else {door}
    if kind == "musl":
        allowed |= {"preload", *SUPERVISED}
    assert {event["door"] for event in connects} <= allowed, str(run)


@pytest.mark.parametrize("kind, mode", [(kind, mode) for kind in KINDS for mode in MODES
                                        if mode != "preload" or "static" not in kind])
def test_address_is_inherited_over_three_generations(runner, peers, echo, kind, mode):
    run = runner.run([program(runner, "inherit", kind), "echo.corp.test", str(echo.port), "3"],
                     mode=mode, hops=peers.two_hops())
    assert run.must_succeed().out == "ok\n", str(run)
    assert {event["target"] for event in run.of("connect")} == {f"echo.corp.test:{echo.port}"}
