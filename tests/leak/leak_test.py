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
def test_datagram(request, open_way, user, peers, capture, mode, how, port):
    if mode == "supervise" and how in ("sendmsg", "pktinfo"):
        request.applymarker(pytest.mark.xfail(
            strict=True, reason="sendmsg of a datagram with an address is not seen by the filter"))
    script = (
        "import socket, struct\n"
        f"A = ('{world.TARGET[0]}', {port}); IF = socket.if_nametoindex('way')\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"try:\n    {UDP[how]}\nexcept OSError as e:\n    print(e.strerror)\n"
    )
    run = open_way.run(["/usr/bin/python3", "-c", script], mode=mode, hops=peers.one_hop())
    run.must_succeed()
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
