"""Datagrams: what is let out is as without gochain, what is blocked is told once, and questions
that a program sends to an address are answered. (That none leaves that may not: leak_test.py.)"""

import os
import subprocess

import pytest

import world
from doors import ALONE, run_by
from gochain import MODES

KINDS = ("dynamic", "static", "musl", "musl-static")
FAR = "[proxy far]\nurl = socks5://192.0.2.1\n"
BLOCK = "[gochain]\ndefault = far\n" + FAR
DIRECT = "[gochain]\ndefault = far\nudp = direct\n" + FAR
TARGET = world.TARGET[0]


def program(runner, name, kind):
    path = os.path.join(runner.gochain.programs,
                        name if kind == "dynamic" else f"{name}-{kind}")
    if not os.path.exists(path):
        pytest.skip(f"{path} is not built")
    return path


@pytest.mark.parametrize("kind, mode", [(kind, mode) for kind in KINDS for mode in MODES
                                        if mode != "preload" or "static" not in kind])
def test_datagrams_on_loopback_are_as_without_gochain(runner, kind, mode):
    argv = [program(runner, "datagrams", kind)]
    alone = runner.alone(argv).must_succeed()
    assert all(line.endswith(": ok") for line in alone.out.splitlines()), str(alone)
    run = runner.run(argv, mode=mode, conf=BLOCK)
    assert run.must_succeed().out == alone.out, str(run)


@pytest.mark.parametrize("mode", ("auto", "supervise"))
@pytest.mark.parametrize("outer", ("pidfd_getfd", "docker"))
def test_datagrams_where_descriptors_cannot_be_taken(runner, tools, outer, mode):
    place = runner.place.but(wrap=(tools("deny", "static"), outer))
    run = runner.run([program(runner, "datagrams", "static")], mode=mode, conf=BLOCK, place=place)
    assert all(line.endswith(": ok") for line in run.must_succeed().out.splitlines()), str(run)
    run = runner.run([program(runner, "udp", "static"), TARGET, "9"], mode=mode, conf=BLOCK,
                     place=place)
    assert "ok" not in run.must_succeed().out, str(run)


def lines_about(run, what):
    return [line for line in run.err.splitlines() if line.startswith(f"gochain: {what} to ")]


@pytest.mark.parametrize("door", (*MODES, ALONE))
def test_blocked_target_is_told_once(runner, door):
    script = ("import socket\n"
              "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
              "for port in (443, 443, 444, 443):\n"
              "    try: s.sendmsg([b'x'], [], 0, ('" + TARGET + "', port))\n"
              "    except PermissionError: print('blocked')\n")
    run = run_by(door, runner, ["/usr/bin/python3", "-c", script], BLOCK, log="warn")
    assert run.must_succeed().out == "blocked\n" * 4, str(run)
    told = lines_about(run, "UDP")
    assert len(told) == 2 and all("udp = direct" in line for line in told), str(run)


@pytest.mark.parametrize("door", (*MODES, ALONE))
def test_name_that_was_not_looked_up_is_no_address(runner, door):
    """udp = direct is of no use then, and the line says what is."""
    run = run_by(door, runner, [program(runner, "udp", "dynamic"), "web.corp.test", "9"], DIRECT,
                 log="warn")
    assert "ok" not in run.must_succeed().out, str(run)
    told = lines_about(run, "UDP")
    assert len(told) == 1 and '"direct = web.corp.test"' in told[0], str(run)


SLOW = """
import socket, struct
r, s = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
r.bind(('127.0.0.1', 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
def send(flags=0):
    try:
        return s.sendmsg([bytes(1000)], [], flags, r.getsockname())
    except BlockingIOError:
        return 0
def until_full(flags=0):
    return any(send(flags) == 0 for _ in range(100))
print({send() for _ in range(20)}, until_full(socket.MSG_DONTWAIT))
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('@ll', 0, 1000))
print(until_full())
"""


@pytest.fixture
def slow(runner):
    """A place where datagrams wait in their socket's buffer, also on loopback."""
    world.ip("netns", "add", "slow")
    world.ip("-n", "slow", "link", "set", "lo", "up")
    shaped = subprocess.run("tc -n slow qdisc add dev lo root tbf rate 200kbit burst 2k latency 60s",
                            shell=True, check=False, capture_output=True)
    yield runner.place.but(ns="slow") if shaped.returncode == 0 else None
    world.ip("netns", "del", "slow")


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_send_waits_for_room_as_without_gochain(runner, slow, mode):
    """Until there is some, not at all, or as long as SO_SNDTIMEO says."""
    if slow is None:
        pytest.skip("tc can't shape loopback here")
    argv = ["/usr/bin/python3", "-c", SLOW]
    assert runner.alone(argv, place=slow).must_succeed().out == "{1000} True\nTrue\n"
    run = runner.run(argv, mode=mode, conf=BLOCK, place=slow)
    assert run.must_succeed().out == "{1000} True\nTrue\n", str(run)


PAST = """
import os, select, signal, socket, time
supervisor = os.getppid()
a, b = socket.socketpair()
r, s = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
r.bind(('127.0.0.1', 0))
def send():
    return (a.sendmsg([b'x']), s.sendmsg([b'x'], [], 0, r.getsockname()), s.sendto(b'x', r.getsockname()))
send()
woken, waking = os.pipe()
waker = os.fork()
if waker == 0:
    time.sleep(10)
    os.write(waking, b'w')
    os.kill(supervisor, signal.SIGCONT)
    os._exit(0)
os.kill(supervisor, signal.SIGSTOP)
sent = send()
was_woken = bool(select.select([woken], [], [], 0)[0])
os.kill(supervisor, signal.SIGCONT)
os.kill(waker, signal.SIGKILL)
print(*sent, was_woken)
"""


def test_library_asks_no_supervisor(runner):
    """What it has judged goes past the filter."""
    run = runner.run(["/usr/bin/python3", "-c", PAST], mode="auto", conf=BLOCK)
    assert run.must_succeed().out == "1 1 1 False\n", str(run)


ASK = """
import socket, struct, sys
question = (struct.pack('!6H', 7, 0x100, 1, 0, 0, 0)
            + b''.join(bytes([len(part)]) + part.encode() for part in 'web.corp.test'.split('.'))
            + b'\\0\\0\\1\\0\\1')
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
for _ in range(2):
    half = len(question) // 2
    sent = s.sendmsg([question[:half], question[half:]], [], 0, ('192.0.2.53', 53))
    answer, server = s.recvfrom(512)
    print(sent == len(question), answer[:2] == question[:2], answer[-4], answer[-3], *server)
"""


@pytest.mark.parametrize("mode", ("auto", "supervise"))
@pytest.mark.parametrize("conf", (BLOCK, DIRECT), ids=("block", "direct"))
def test_question_by_sendmsg_is_answered(runner, conf, mode):
    """From the nameserver's own address, with an address made up for the name."""
    run = runner.run(["/usr/bin/python3", "-c", ASK], mode=mode, conf=conf)
    assert run.must_succeed().out == "True True 198 19 192.0.2.53 53\n" * 2, str(run)
