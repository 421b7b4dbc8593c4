"""Event loops: a dial that rides on the program's own loop, as seen by every way to wait for it.

The proxies are real and behind a forwarder that holds each piece of theirs back, so that a dial
takes a tenth of a second and more.
"""

import socket
import threading
import time

import pytest

from conftest import Server

DELAY = 0.05
KINDS = ("dynamic", "musl")
WAYS = [f"{kind}-{when}" for kind in ("level", "edge", "oneshot", "edge-oneshot", "exclusive")
        for when in ("before", "after")]
WAYS += [f"{kind}-{how}" for kind in ("level", "edge", "oneshot", "edge-oneshot")
         for how in ("thread", "thread-before")]
WAYS += ["poll", "ppoll", "select", "pselect", "several-sets", "nested", "pool", "states",
         "timeouts", "interrupted", "forked", "vforked", "closed", "close-all", "undone",
         "blocking", "executed", "many"]


def _late(source, sink):
    try:
        while data := source.recv(65536):
            time.sleep(DELAY)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture(scope="session")
def slow(proxy):
    """The proxy, but each of its answers comes late."""
    def forward(connection):
        with socket.create_connection((proxy.address, proxy.port)) as far:
            back = threading.Thread(target=_late, args=(far, connection), daemon=True)
            back.start()
            while data := connection.recv(65536):
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)
            back.join()
    return f"socks5://127.0.0.1:{Server('127.0.0.1', forward, backlog=512).port}"


@pytest.fixture(params=(1, 2), ids=("one hop", "two hops"))
def conf(request, library, proxy, slow):
    return library.rules(*([slow] if request.param == 1 else [proxy.url, slow]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_loop_waits_for_the_dial(library, conf, echo_server, way, kind):
    argv = [library.program("loop", kind), way, "echo.test", echo_server.port]
    run = library.run(argv, conf)
    assert (run.status, run.out) == (0, "ok\n"), str(run)
    assert run.of("connect") and not run.of("fail"), str(run)


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("timeouts", "interrupted")])
def test_loop_is_as_without(library, echo_server, way):
    """What the program wants to see is what the kernel shows where there is no library."""
    run = library.alone([library.program("loop"), way, "127.0.0.1", echo_server.port, "fast"])
    assert (run.status, run.out) == (0, "ok\n"), str(run)


@pytest.mark.parametrize("kind", KINDS)
def test_refusal_is_told_once(library, conf, kind):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        run = library.run([library.program("loop", kind), "refused", "echo.test",
                           closed.getsockname()[1]], conf)
    ways = ("epoll", "poll", "select", "connect", "read", "write")
    assert run.out == "".join(f"{way}: ECONNREFUSED\n" for way in ways) + "ok\n", str(run)
    assert len(run.of("fail")) == len(ways), str(run)


def test_loop_goes_on_while_dials_wait(library, slow, echo_server):
    """200 dials together take about as long as one, and a timer of the loop's keeps ticking."""
    code = """
import asyncio, sys, time
async def tick(ticks):
    while True:
        await asyncio.sleep(0.005)
        ticks.append(time.monotonic())
async def talk(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"ping\\n")
    answer = await reader.readexactly(5)
    writer.close()
    return answer == b"ping\\n"
async def main():
    ticks = []
    ticker = asyncio.create_task(tick(ticks))
    start = time.monotonic()
    good = await asyncio.gather(*[talk(sys.argv[1], int(sys.argv[2])) for _ in range(200)])
    took = time.monotonic() - start
    print(all(good), took < 200 * 0.1 / 4, len(ticks) >= 5)
asyncio.run(main())
"""
    run = library.run(["python3", "-c", code, "echo.test", echo_server.port], library.rules(slow))
    assert run.out == "True True True\n", str(run)
    assert len(run.of("connect")) == 200, str(run)


def test_no_descriptor_of_the_loops_stays(library, slow, echo_server):
    code = """
import asyncio, os, sys
def count():
    return len(os.listdir("/proc/self/fd"))
async def main():
    before = count()
    for _ in range(3):
        _, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
        writer.close()
        await writer.wait_closed()
    print(count() - before)
asyncio.run(main())
"""
    run = library.run(["python3", "-c", code, "echo.test", echo_server.port], library.rules(slow))
    assert run.out == "0\n", str(run)


def test_loop_hears_of_a_silent_proxy(library, hanging, echo_server):
    conf = library.rules(f"socks5://127.0.0.1:{hanging}", globals_text="connect_timeout = 0.3\n")
    code = """
import asyncio, sys
async def main():
    try:
        await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    except OSError as error:
        print(error.errno)
asyncio.run(main())
"""
    run = library.run(["python3", "-c", code, "echo.test", echo_server.port], conf)
    assert run.out == "110\n", str(run)


def test_timeout_of_the_program_ends_the_dial(library, hanging, echo_server):
    conf = library.rules(f"socks5://127.0.0.1:{hanging}", globals_text="connect_timeout = 9\n")
    code = """
import socket, sys, time
start = time.monotonic()
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.5)
except TimeoutError:
    print("timed out", time.monotonic() - start < 4)
"""
    run = library.run(["python3", "-c", code, "echo.test", echo_server.port], conf)
    assert run.out == "timed out True\n", str(run)


FIRST_EPOLL_SET = """
import select, socket, sys, threading
def room():
    return next(line.split()[1] for line in open("/proc/self/status") if "FDSize" in line)
before = room()
if sys.argv[1] == "threads":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
pair, waiting = socket.socketpair(), select.epoll()
waiting.register(pair[0], select.EPOLLIN)
print("more" if room() == "1024" and before != "1024" else "same")
"""


@pytest.mark.parametrize("when, room", (("alone", "more"), ("threads", "same")))
def test_program_with_a_loop_gets_room_for_descriptors_while_it_has_one_thread(
        library, conf, when, room):
    """With threads the kernel would have the caller wait. The shell's child has a small table,
    whatever this process has open."""
    run = library.run(["/bin/sh", "-c", '"$@"; exit $?', "sh", "/usr/bin/python3", "-c",
                       FIRST_EPOLL_SET, when], conf)
    assert (run.status, run.out) == (0, room + "\n"), str(run)
