"""Nothing leaves by the open way: programs run where the target and name servers could be reached
directly, a capture listens, and every packet it sees is a leak. (That the capture does see direct
connections: integration/peers_test.py.)"""

import os

import pytest

import world
from gochain import MODES, real_root
from peers import content, proxies
from programs_test import NODE, PYTHON, go_env, in_folder  # noqa: F401 (go_env is a fixture)


@pytest.fixture
def open_way(runner):
    """Commands run where there is an open way; the name server lies behind it."""
    runner.place = runner.place.but(ns="open")
    return runner


@pytest.fixture(params=("nobody", "root"))
def user(request, open_way):
    if request.param == "root" and not real_root():
        pytest.skip("needs real root")
    open_way.place = open_way.place.but(user=request.param)
    return request.param


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_go_mod_download_of_all_modules(open_way, user, peers, site, capture, mode, go_env, folder):
    path = content.make_main_module(os.path.join(folder, "main"))
    os.chmod(path, 0o777)
    os.chmod(os.path.join(path, "go.mod"), 0o666)
    run = open_way.run(in_folder(path, ["go", "mod", "download"]), mode=mode, env=go_env,
                       hops=peers.two_hops())
    run.must_succeed()
    cache = os.path.join(go_env["GOPATH"], "pkg/mod/cache/download/corp.test")
    assert len(os.listdir(cache)) == content.MODULE_COUNT >= 30
    assert not capture.packets(), str(run)
    run.must_dial_by("supervise", hops=2, exe="go")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", ("curl", "python3", "asyncio", "node", "git"))
def test_dynamic_program(open_way, user, peers, site, capture, mode, program):
    argv = {
        "curl": ["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"],
        "python3": ["/usr/bin/python3", "-c", PYTHON["blocking"]],
        "asyncio": ["/usr/bin/python3", "-c", PYTHON["asyncio"]],
        "node": ["node", "-e", NODE],
        "git": ["git", "ls-remote", "http://git.corp.test/repo.git"],
    }[program]
    run = open_way.run(argv, mode=mode, hops=peers.one_hop(proxies.Tinyproxy))
    run.must_succeed()
    assert not capture.packets(), str(run)


UDP = {
    "sendto": "s.sendto(b'x', A)",
    "connect": "s.connect(A); s.send(b'x')",
    "sendmsg": "s.sendmsg([b'x'], [], 0, A)",
    "pktinfo": "s.sendmsg([b'x'], [(0, 8, struct.pack('=I4s4s', IF, bytes(4), bytes(4)))], 0, A)",
    "bound": "s.setsockopt(socket.SOL_SOCKET, 25, b'way'); s.sendto(b'x', A)",
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("port", (9, 53))
@pytest.mark.parametrize("how", UDP)
def test_datagram(open_way, user, peers, capture, mode, how, port):
    script = (
        "import socket, struct\n"
        f"A = ('{world.TARGET[0]}', {port}); IF = socket.if_nametoindex('way')\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"try:\n    {UDP[how]}\nexcept OSError as e:\n    print(e.strerror)\n"
    )
    run = open_way.run(["/usr/bin/python3", "-c", script], mode=mode, hops=peers.one_hop())
    run.must_succeed()
    assert not capture.packets(), str(run)


DATAGRAM_KINDS = ("udp", "udplite", "ping", "raw", "sctp", "sctp-many")


def send_by_all_ways(open_way, what, kind, address, **options):
    """tests/programs/udp.c to the target, or a skip where there is no such socket here."""
    if what == "raw" and open_way.place.user != "root":
        pytest.skip("raw sockets are root's")
    path = os.path.join(open_way.gochain.programs,
                        {"dynamic": "udp"}.get(kind, f"udp-{kind}"))
    if not os.path.exists(path):
        pytest.skip(f"{path} is not built")
    run = open_way.run([path, address, "9", what], **options)
    if run.out.startswith("socket: "):
        pytest.skip(f"no {what} sockets here: {run.out.strip()}")
    return run


@pytest.mark.parametrize("address", world.TARGET, ids=("ipv4", "ipv6"))
@pytest.mark.parametrize("kind, mode", [("dynamic", mode) for mode in MODES]
                         + [("static", mode) for mode in ("supervise", "auto")])
@pytest.mark.parametrize("what", DATAGRAM_KINDS)
def test_datagrams_by_all_ways(open_way, user, peers, capture, what, kind, mode, address):
    """From each kind of socket by each call, to an address of each length that the kernel takes."""
    run = send_by_all_ways(open_way, what, kind, address, mode=mode, hops=peers.one_hop())
    assert not capture.packets(), str(run)
    assert "ok" not in run.out and len(run.out.splitlines()) == 6, str(run)


DIRECT = "[gochain]\ndefault = far\nudp = direct\n[proxy far]\nurl = socks5://192.0.2.1\n"


@pytest.mark.parametrize("kind, mode", [("dynamic", mode) for mode in MODES]
                         + [("static", mode) for mode in ("supervise", "auto")])
@pytest.mark.parametrize("what", DATAGRAM_KINDS[:4])
def test_datagrams_leave_where_they_may(open_way, user, capture, what, kind, mode):
    """What the tests above would see."""
    run = send_by_all_ways(open_way, what, kind, world.TARGET[0], mode=mode, conf=DIRECT)
    # sendto, sendmsg, two of sendmmsg, the long address, and AF_UNSPEC, which is none for ping. Once
    # it is connected, what came back may be told in the place of sending.
    least = 5 if what == "ping" else 6
    ours = [line for line in capture.packets() if f"> {world.TARGET[0]}." in line]
    assert len(ours) >= least, f"{ours}\n{run}"
    assert {line for line in run.out.splitlines() if not line.endswith(": ok")} <= {
        "sendto AF_UNSPEC: EAFNOSUPPORT", "send: ECONNREFUSED",
        "sendmsg without address: ECONNREFUSED"}, str(run)


RACE = """
import ctypes, socket, struct, sys, threading
libc = ctypes.CDLL(None)
sys.setswitchinterval(1e-6)
here, there = (struct.pack('=HH4s8x', 2, socket.htons(9), socket.inet_aton(address))
               for address in ('127.0.0.1', sys.argv[1]))
name = ctypes.create_string_buffer(here, 16)
data = ctypes.create_string_buffer(b'x', 1)
pieces = ctypes.create_string_buffer(struct.pack('@PN', ctypes.addressof(data), 1))
message = struct.pack('@PIPNPNi', ctypes.addressof(name), 16, ctypes.addressof(pieces), 1, 0, 0, 0)
messages = ctypes.create_string_buffer(message.ljust(56, b'\\0') + bytes(8))
ended = False
def change():
    while not ended:
        ctypes.memmove(name, there, 16)
        ctypes.memmove(name, here, 16)
thread = threading.Thread(target=change)
thread.start()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
calls = {"sendto": lambda: libc.sendto(s.fileno(), data, 1, 0, name, 16),
         "sendmsg": lambda: libc.sendmsg(s.fileno(), messages, 0),
         "sendmmsg": lambda: libc.sendmmsg(s.fileno(), messages, 1, 0)}
sent = sum(calls[sys.argv[2]]() > 0 for _ in range(3000))
ended = True
thread.join()
print(sent > 0)
"""


@pytest.mark.parametrize("call", ("sendto", "sendmsg", "sendmmsg"))
def test_address_that_another_thread_changes(open_way, peers, capture, call):
    """Between the look at it and the sending: what was looked at is what is sent."""
    run = open_way.run(["/usr/bin/python3", "-c", RACE, world.TARGET[0], call], mode="supervise",
                       hops=peers.one_hop())
    assert run.must_succeed().out == "True\n", str(run)
    assert not capture.packets(), str(run)


def test_static_child_in_preload_mode(open_way, tools, peers, site, capture):
    run = open_way.run(["sh", "-c", f"{tools('fetch', 'static')} {world.TARGET[0]} 80; true"],
                       mode="preload", hops=peers.one_hop())
    assert not capture.packets(), str(run)


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_io_uring_is_refused(open_way, peers, mode, capture):
    script = ("import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
              "for n in (425, 426, 427): print(c.syscall(n, 1, 0, 0, 0, 0, 0), ctypes.get_errno())\n")
    run = open_way.run(["/usr/bin/python3", "-c", script], mode=mode, hops=peers.one_hop())
    assert run.must_succeed().out == "-1 38\n" * 3, str(run)


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_x32_calls_are_refused(open_way, peers, mode):
    script = ("import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
              "print(c.syscall(0x40000000 + 42, 1, 0, 0), ctypes.get_errno())\n")
    run = open_way.run(["/usr/bin/python3", "-c", script], mode=mode, hops=peers.one_hop())
    assert run.must_succeed().out == "-1 38\n", str(run)
