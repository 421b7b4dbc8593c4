"""A daemon outside the tree fetches for a program that asks it over an AF_UNIX socket: one line says
that gochain doesn't see it, by every door."""

import os
import socket
import threading

import pytest

from doors import DOORS, end_brokers, run_by

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


@pytest.fixture
def daemon(base):
    """Makes a daemon with a socket of a name; answers with its path."""
    made = []

    def make(name):
        path = os.path.join(base, name)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        os.chmod(path, 0o777)
        server.listen(8)
        made.append((server, path))
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        return path

    def serve(server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(ANSWER)

    yield make
    for server, path in made:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        os.unlink(path)


@pytest.fixture
def ask(runner, peers):
    """Asks at a socket, twice, by two programs."""
    conf = f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"

    def run(door, path):
        curl = f"curl -sS -m 10 --unix-socket {path} http://d/"
        return run_by(door, runner, ["sh", "-c", f"{curl}; {curl}; true"], conf, log="warn")

    yield run
    end_brokers(runner)


@pytest.mark.parametrize("name", ("docker.sock", "podman.sock", "containerd.sock"))
@pytest.mark.parametrize("door", DOORS)
def test_line_is_said_once(ask, daemon, door, name):
    path = daemon(name)
    run = ask(door, path)
    assert run.must_succeed().out == "ok\n" * 2, str(run)
    line, = run.warnings()
    assert line.startswith(f"gochain: {path}: ") and "no part of this run" in line, str(run)
    assert "[curl " in line, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_other_sockets_are_nobodys_business(ask, daemon, door):
    run = ask(door, daemon("other.sock"))
    assert run.must_succeed().out == "ok\n" * 2 and run.err == "", str(run)


@pytest.mark.parametrize("door", DOORS)
def test_daemon_that_is_not_there(ask, base, door):
    run = ask(door, os.path.join(base, "docker.sock"))
    assert not run.warnings(), str(run)
