"""The program's socket stays its own: options, registrations, peer name, FIN; and the cookie of the
library's dials lets nothing else past the filter."""

import pytest

import world
from gochain import MODES, Run, door_of, real_root
from peers import proxies
from terminal import wait_until

OUTER_FILTERS = ("none", "pidfd_getfd", "docker")


@pytest.fixture(params=OUTER_FILTERS)
def confined(request, runner, tools):
    """The runner, under an outer seccomp filter as containers have one."""
    if request.param != "none":
        runner.place = runner.place.but(wrap=(tools("deny", "static"), request.param))
    return runner


def lines_of(text):
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


@pytest.mark.parametrize("blocking", (True, False), ids=("blocking", "nonblocking"))
@pytest.mark.parametrize("kind, mode", [
    ("dynamic", "preload"), ("dynamic", "supervise"), ("dynamic", "auto"), ("static", "supervise"),
    ("static", "auto")])
def test_socket_is_as_the_program_made_it(confined, tools, peers, mode, blocking, kind):
    server = peers.responder()
    argv, log_file = confined.argv(
        [tools("kept", kind)] + ([] if blocking else ["-n"]) + [server.address, str(server.port)],
        mode=mode, hops=peers.one_hop())
    process = confined.start(argv)
    try:
        out = ""
        for line in process.stdout:
            out += line
            if line == "closed\n":
                # The program lives on, so the FIN is of close(2): no duplicate is kept anywhere.
                assert server.connections[-1].ended.wait(1.0), "no FIN at the far end"
                assert process.poll() is None
                break
        said = lines_of(out)
    finally:
        process.kill()
        out, err = process.communicate(timeout=10)
    said_as_alone = {
        "connect": "0", "same_file": "1", "cloexec": "1", "same_flags": "1",
        "nonblock": str(int(not blocking)), "nodelay": "1", "keepalive": "1", "send_limit": "33",
        "early_event": "0", "epoll_event": "1", "epoll_mod": "0", "echo": "ping",
        "peer": f"{server.address}:{server.port}", "peer_cut": "1",
    }
    assert said == said_as_alone, err
    server.stop()
    Run(argv, 0, "", err, log_file).must_dial_by(door_of(kind, mode), hops=1)


@pytest.mark.parametrize("kind, mode", [
    ("dynamic", "preload"), ("dynamic", "supervise"), ("dynamic", "auto"), ("static", "supervise"),
    ("static", "auto")])
def test_far_end_sees_the_close(confined, tools, peers, mode, kind):
    """Nothing but connect and close: no other call of the program's can end a duplicate's life."""
    server = peers.responder()
    argv, _ = confined.argv([tools("kept", kind), "-c", server.address, str(server.port)],
                            mode=mode, hops=peers.one_hop())
    process = confined.start(argv)
    try:
        assert process.stdout.readline() == "connect 0\n"
        assert process.stdout.readline() == "closed\n"
        assert wait_until(lambda: server.connections), "the target saw no connection"
        assert server.connections[-1].ended.wait(1.0), "no FIN at the far end"
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate(timeout=10)
        server.stop()


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_no_later_connect_inherits_the_cookie(confined, tools, peers, capture, mode):
    server = peers.responder()
    place = confined.place.but(ns="open")
    run = confined.run([tools("after_dial"), server.address, str(server.port)], mode=mode,
                       hops=peers.one_hop(), place=place)
    run.must_succeed()
    assert not capture.packets(), str(run)
    assert run.out == "first 0\nby_hand 0\nafter_loopback 0\nlibc 0\nchild 0\n", str(run)
    doors = [event["door"] for event in run.of("connect", server.address)]
    library = "preload" if mode == "auto" else "supervise"
    assert sorted(doors) == sorted([library, library] + ["supervise"] * 3), str(run)


@pytest.mark.parametrize("mode", ("auto", "supervise"))
@pytest.mark.parametrize("what", ("static", "musl", "musl-static", "raw", "raw static"))
def test_program_that_the_library_cannot_see(confined, tools, peers, site, capture, mode, what):
    """By address, so that no name service has a part in it."""
    kind = what.replace("raw", "").strip() or "dynamic"
    argv = [tools("fetch", kind)] + (["-r"] if "raw" in what else [])
    place = confined.place.but(ns="open")
    run = confined.run(argv + [world.TARGET[0], "80"], mode=mode, hops=peers.one_hop(), place=place)
    assert run.must_succeed().out == "hello from nginx\n"
    assert not capture.packets(), str(run)
    # A dynamic musl program may be the library's too.
    doors = {"supervise", "preload"} if what == "musl" and mode == "auto" else {"supervise"}
    assert {event["door"] for event in run.of("connect")} <= doors, str(run)
    assert run.of("connect"), str(run)


@pytest.mark.parametrize("argv", [
    ["env", "-i", "/usr/bin/curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"],
    ["env", "-i", "/bin/sh", "-c", "/bin/sh -c '/usr/bin/curl -sS http://web.corp.test/hello.txt'"],
], ids=("env -i", "child of a child, env -i"))
def test_program_without_the_environment(runner, peers, site, argv):
    run = runner.run(argv, hops=peers.two_hops())
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by("supervise", hops=2)


@pytest.mark.parametrize("mode", MODES)
def test_child_of_a_child(runner, peers, site, mode):
    script = "sh -c '(setsid curl -sS http://web.corp.test/hello.txt)'; true"
    run = runner.run(["sh", "-c", script], mode=mode, hops=peers.two_hops())
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(door_of("dynamic", mode), hops=2)


REUSE = """
import socket
for n in range(200):
    s = socket.socket(); s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]; s.close()
    t = socket.socket(); t.bind(("127.0.0.1", port)); t.listen(); t.close()
    u = socket.socket()
    try:
        u.connect(("127.0.0.1", port)); raise SystemExit("a closed server still accepts")
    except ConnectionRefusedError:
        pass
    u.close()
for n in range(20000):
    socket.socket().close()
a = socket.create_server(("127.0.0.1", 0)); b = socket.create_connection(a.getsockname())
c, _ = a.accept(); c.sendall(b"loop"); print(b.recv(4).decode())
"""


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_ports_and_listeners_end_with_their_sockets(confined, peers, mode):
    run = confined.run(["/usr/bin/python3", "-c", REUSE], mode=mode, hops=peers.one_hop())
    assert run.must_succeed().out == "loop\n"


AGAIN = """
import errno, socket, sys
s = socket.socket()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(errno.errorcode[s.connect_ex((sys.argv[1], 9))])
print(errno.errorcode.get(s.connect_ex((sys.argv[1], int(sys.argv[2]))), 0))
s.sendall(b"ping"); print(s.recv(4).decode(), s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
print(errno.errorcode[s.connect_ex((sys.argv[1], int(sys.argv[2])))])
"""


@pytest.mark.parametrize("mode", MODES)
def test_socket_can_be_connected_again_after_a_failure(confined, peers, mode):
    server = peers.responder()
    run = confined.run(["/usr/bin/python3", "-c", AGAIN, server.address, str(server.port)],
                       mode=mode, hops=peers.one_hop(proxies.Dante))
    assert run.must_succeed().out == "ECONNREFUSED\n0\nping 1\nEISCONN\n", str(run)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("port_kind", ("v6 proxy, v4 program", "v4 proxy, v6 program"))
def test_program_of_one_family_and_proxy_of_the_other(runner, peers, tools, mode, port_kind):
    six = port_kind.startswith("v6")
    address = world.PROXY_SIDE[1 if six else 0]
    proxy = peers._once(("family", six), lambda: peers.start(proxies.Microsocks, address))
    server = peers.responder(world.TARGET[0 if six else 1])
    script = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)\n"
        "s.connect((sys.argv[1], int(sys.argv[2]))); s.sendall(b'ping')\n"
        "print(s.recv(4).decode(), *s.getpeername()[:2])\n"
    )
    run = runner.run(["/usr/bin/python3", "-c", script, server.address, str(server.port)],
                     mode=mode, hops=[proxy])
    assert run.must_succeed().out == f"ping {server.address} {server.port}\n"
    run.must_dial_by(door_of("dynamic", mode), hops=1)


FASTOPEN = """
import socket, sys
s = socket.socket()
n = s.sendto(b"ping", 0x20000000, (sys.argv[1], int(sys.argv[2])))
print(n, s.recv(4).decode())
"""


@pytest.mark.parametrize("mode", MODES)
def test_fast_open_is_a_connect(confined, peers, capture, mode):
    server = peers.responder()
    run = confined.run(["/usr/bin/python3", "-c", FASTOPEN, server.address, str(server.port)],
                       mode=mode, hops=peers.one_hop(), place=confined.place.but(ns="open"))
    assert run.must_succeed().out == "4 ping\n"
    assert not capture.packets(), str(run)
    run.must_dial_by(door_of("dynamic", mode), hops=1)


SANDBOXES = {
    "unshare": ["unshare", "-n" if real_root() else "-Urn"],
    "bwrap": ["bwrap", "--unshare-net", "--dev-bind", "/", "/", "--"],
}


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("outer", ("none", "pidfd_getfd"))
@pytest.mark.parametrize("kind", ("dynamic", "static"))
@pytest.mark.parametrize("mode", MODES)
def test_own_network_namespace_is_not_left(runner, peers, site, tools, capture, mode, kind, outer,
                                           sandbox):
    """A sandbox of the program's own, without any interface, must stay shut: a socket that the
    supervisor makes would be one from outside."""
    place = runner.place.but(ns="open", user="root" if real_root() else "nobody",
                             wrap=() if outer == "none" else (tools("deny"), outer))
    if runner.alone([*SANDBOXES[sandbox], "true"], place).status != 0:
        pytest.skip(f"no {sandbox}, or not for an ordinary user")
    run = runner.run([*SANDBOXES[sandbox], tools("fetch", kind), world.TARGET[0], "80"], mode=mode,
                     hops=peers.one_hop(), place=place)
    assert run.status != 0 and run.out.startswith("connect: "), str(run)
    assert not run.of("connect") and not capture.packets(), str(run)
