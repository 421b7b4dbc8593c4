"""What one connect costs the program: no memory, and no more system calls than docs/performance.md
counts.

The program connects so many times one after another, and then so many more; the difference has
nothing of its start or its first dial in it.
"""

import collections
import mmap
import os
import re
import struct
import subprocess

import pytest

from conftest import BUILD, LIBRARY

FEW, MANY = 20, 120
COUNTER = os.path.join(BUILD, "programs", "count_allocations.so")

# Where each answer has to be waited for; one that is there already saves a wait. What isn't named
# isn't called, so nothing that takes memory is.
RIDING = {
    "socket": 1, "connect": 3, "getsockopt": 6, "fcntl": 1, "fstat": 6, "getpid": 7,
    "rt_sigprocmask": 14, "sendto": 2, "recvfrom": 3,
}
SYSTEM_CALLS = {
    "blocking": {
        "socket": 1, "connect": 1, "close": 1, "getsockopt": 6, "setsockopt": 2, "fcntl": 1,
        "fstat": 1, "getpid": 1, "rt_sigprocmask": 1, "sendto": 2, "ppoll": 2, "recvfrom": 3,
    },
    "poll": RIDING | {"close": 1, "ppoll": 4},
    "epoll": RIDING | {
        "connect": 2, "fstat": 5, "close": 3, "epoll_create1": 1, "timerfd_create": 1, "timerfd_settime": 1, "epoll_ctl": 7,
        "epoll_wait": 4, "epoll_pwait": 3,
    },
}
# A dial that rides may be woken once more: by a proxy's acknowledgement that comes before its answer.
WAKE = {"recvfrom": 1, "fstat": 1, "getpid": 1, "rt_sigprocmask": 2, "ppoll": 1, "epoll_wait": 1,
        "epoll_pwait": 1}


@pytest.fixture(scope="session")
def strace():
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        pytest.skip(f"strace can't trace here: {done.stderr}")


@pytest.fixture
def repeat(library, proxy, echo_server):
    """Runs the program with the library: repeat(how, count, words in front, environment)."""
    conf = library.rules(proxy.url)
    def run(how, count, words, env):
        argv = [library.program("repeat"), how, count, 0, "echo.test", echo_server.port]
        done = library.run(words + argv, conf, env, log=False)
        assert done.status == 0, str(done)
    return run


def allocations(repeat, folder, how, count):
    """How often the program and the library in it called libc for memory."""
    path = folder / "allocations"
    path.write_bytes(bytes(mmap.PAGESIZE))
    repeat(how, count, [],
           {"LD_PRELOAD": f"{COUNTER}:{LIBRARY}", "COUNT_ALLOCATIONS": str(path)})
    return struct.unpack_from("@ll", path.read_bytes())[1]


def system_calls(repeat, folder, how, count):
    # Without -f: the broker that the library starts is another process.
    path = folder / "trace"
    words = ["strace", "-qq", "-o", path, "-E", "LD_PRELOAD=" + LIBRARY]
    repeat(how, count, words, {"LD_PRELOAD": ""})
    return collections.Counter(re.findall(r"^(\w+)\(", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("how", SYSTEM_CALLS)
def test_connect_takes_no_memory_from_libc(repeat, tmp_path, how):
    few, many = (allocations(repeat, tmp_path, how, count) for count in (FEW, MANY))
    assert few > 0, "the counter doesn't count"
    assert many == few


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("how", SYSTEM_CALLS)
def test_connect_makes_no_more_system_calls(repeat, tmp_path, how):
    repeat(how, 1, [], {})  # the broker is there from now on
    few, many = (system_calls(repeat, tmp_path, how, count) for count in (FEW, MANY))
    each = {name: (many[name] - few[name]) / (MANY - FEW) for name in many}
    limits = collections.Counter(SYSTEM_CALLS[how])
    if how != "blocking":
        limits.update({name: WAKE[name] for name in WAKE.keys() & limits.keys()})
    # A signal or a late answer is in a few of a hundred.
    above = {name: value for name, value in each.items() if value > limits[name] + 0.2}
    assert each["connect"] > 0.9 and not above, f"above: {above}\n{each}"
