"""ssh:// proxies: real ssh and sshd, of an ordinary user, by each door."""

import os
import signal
import socket
import sys
import threading
import time

import pytest

import world
from dials import wait_for
from doors import ALONE, dialled_by, end_brokers, run_by
from gochain import MODES, keep_private
from peers import content, proxies
from peers.ssh_host import ClosedSshHost, SshHost
from programs_test import downloaded, go_env, in_folder, main_module  # noqa: F401

SECONDS = 30
DOORS = (*MODES, ALONE)
URL = "http://web.corp.test/hello.txt"
HELLO = ["curl", "-sS", "-m", "30", URL]


@pytest.fixture
def host(peers):
    """One for each test: what it logs is this test's alone."""
    return peers.start(SshHost, world.PROXY_SIDE[0])


@pytest.fixture
def env(runner):
    """The folder in which masters make theirs."""
    path = os.path.join(runner.place.folder, "run")
    os.mkdir(path)
    os.chmod(path, 0o777)
    return {"XDG_RUNTIME_DIR": path}


def processes(*words):
    """The processes that have all of `words` in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                line = file.read()
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(int(pid))
    return found


def masters(folder):
    """The ssh processes that were started with an ssh_config of `folder`."""
    return processes("ssh\0-N", folder)


@pytest.fixture(autouse=True)
def nothing_left(runner, env):
    yield
    end_brokers(runner)
    folder = runner.place.folder
    left = [lambda: masters(folder), lambda: processes(runner.gochain.path),
            lambda: os.listdir(env["XDG_RUNTIME_DIR"])]
    for what in left:
        assert wait_for(lambda: not what(), SECONDS), what()


def conf_of(runner, host, **kwargs):
    return f"[gochain]\ndefault = jump\n{host.section(runner.place.folder, **kwargs)}"


def chain_of(*sections):
    hops = " ".join(section.split("]")[0].split()[1] for section in sections)
    return f"[gochain]\ndefault = both\n[chain both]\nhops = {hops}\n" + "".join(sections)


def start(door, runner, argv, conf, env):
    """The process itself, to be talked to."""
    if door != ALONE:
        full, _ = runner.argv(argv, mode=door, conf=conf, log=None)
        return runner.start(full, env, stdin=-1)
    path = runner._new_path("gochain.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(conf)
    keep_private(path)
    return runner.start(runner.place.prefix() + argv, env | {
        "LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path}, stdin=-1)


def failure_of(run):
    """The one line that says why."""
    assert run.status != 0, str(run)
    line, = run.warnings()
    return line


@pytest.mark.parametrize("door", DOORS)
def test_fetches(runner, host, site, env, door):
    run = run_by(door, runner, HELLO, conf_of(runner, host), env=env)
    assert run.must_succeed().out == "hello from nginx\n"
    event, = run.must_dial_by(dialled_by(door), route="jump", hops=1)
    assert event["target"] == "web.corp.test:80", "the ssh host looks names up"
    assert len(run.events) == 1, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_git_clones(runner, host, site, env, door):
    run = run_by(door, runner,
                 ["git", "-c", "http.sslCAInfo=" + site.certificate[0], "clone", "-q",
                  "https://git.corp.test/repo.git", "clone"], conf_of(runner, host), env=env)
    run.must_succeed()
    assert os.path.exists(os.path.join(runner.place.folder, "clone/file0.txt"))
    run.must_dial_by(dialled_by(door), route="jump", target="git.corp.test:443")
    assert host.logins() == 1


@pytest.mark.parametrize("door", [door for door in DOORS if door != "preload"])
def test_go_mod_downloads(runner, host, site, env, go_env, main_module, door):  # noqa: F811
    run = run_by(door, runner, in_folder(main_module, ["go", "mod", "download"]),
                 conf_of(runner, host), env=go_env | env)
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    run.must_dial_by("supervise", route="jump", exe="go")
    assert host.logins() == 1


def socks(peers, name="near"):
    return f"[proxy {name}]\nurl = {peers.proxy(proxies.Microsocks, last=False).url()}\n"


@pytest.mark.parametrize("door", DOORS)
def test_goes_through_a_socks_proxy_to_the_host(runner, peers, site, env, door):
    host = peers.start(SshHost, world.PROXY_INNER[0])
    near = peers.proxy(proxies.Microsocks, last=False)
    conf = chain_of(socks(peers), host.section(runner.place.folder))
    run = run_by(door, runner, HELLO, conf, env=env)
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(dialled_by(door), route="both", hops=2)
    with open(host.log_path(), encoding="utf-8") as log:
        # Not from the client's own network: the client can't reach that address.
        assert f"Connection from {near.address}" in log.read().replace(world.PROXY_INNER[0],
                                                                      near.address)


@pytest.mark.parametrize("door", DOORS)
def test_goes_through_the_host_to_a_socks_proxy(runner, peers, site, env, door):
    host = peers.start(SshHost, world.PROXY_SIDE[0], last=False)
    inner = peers.proxy(proxies.Microsocks, where="inner")
    far = f"[proxy far]\nurl = {inner.url()}\n"
    run = run_by(door, runner, HELLO, chain_of(host.section(runner.place.folder), far), env=env)
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(dialled_by(door), route="both", hops=2)


@pytest.mark.parametrize("door", DOORS)
def test_goes_through_one_host_to_another(runner, peers, site, env, door):
    first = peers.start(SshHost, world.PROXY_SIDE[0], last=False)
    second = peers.start(SshHost, world.PROXY_INNER[0])
    conf = chain_of(first.section(runner.place.folder, name="first"),
                    second.section(runner.place.folder, name="second"))
    run = run_by(door, runner, ["sh", "-c", f"{' '.join(HELLO)} && {' '.join(HELLO)}"], conf,
                 env=env)
    assert run.must_succeed().out == "hello from nginx\n" * 2
    run.must_dial_by(dialled_by(door), route="both", hops=2)
    assert (first.logins(), second.logins()) == (1, 1)


def test_a_supervised_program_shares_the_login_of_its_preload_run(runner, host, site, env, tools):
    """Its own run borrows the relay of the one around it."""
    fetch = f"{tools('fetch', 'static')} web.corp.test 80"
    run = run_by("preload", runner, ["sh", "-c", f"{fetch} && {' '.join(HELLO)} && {fetch}"],
                 conf_of(runner, host), env=env)
    assert run.must_succeed().out == "hello from nginx\n" * 3
    assert [event["door"] for event in run.of("connect")] == ["supervise", "preload", "supervise"]
    assert host.logins() == 1


@pytest.mark.parametrize("door", DOORS)
def test_shares_one_login(runner, host, site, env, door):
    count = 40
    run = run_by(door, runner, ["sh", "-c", f"seq {count} | xargs -P {count} -I% {' '.join(HELLO)}"],
                 conf_of(runner, host), env=env)
    assert run.must_succeed().out == "hello from nginx\n" * count
    assert len(run.of("connect")) == count
    assert host.logins() == 1


@pytest.mark.parametrize("door", DOORS)
def test_names_the_target_that_refuses(runner, host, env, door):
    run = run_by(door, runner, ["curl", "-sS", "http://web.corp.test:9"],
                 conf_of(runner, host), env=env, log="warn")
    assert "failed at jump (ssh " in failure_of(run)
    assert "): connection refused by target [" in failure_of(run)


def test_tells_the_failures_of_many_apart(runner, host, env):
    """Refusals and names that don't exist, all at once: ssh tells nobody which is whose."""
    script = ("for i in $(seq 10); do curl -sS -m 20 http://web.corp.test:9 & "
              "curl -sS -m 20 http://nosuch.corp.test:9 & done; wait")
    run = run_by("auto", runner, ["sh", "-c", script], conf_of(runner, host), env=env)
    errors = {event["target"]: set() for event in run.of("fail")}
    assert len(run.of("fail")) == 20, str(run)
    for event in run.of("fail"):
        errors[event["target"]].add(event["error"].split(" (")[0])
    assert errors == {"web.corp.test:9": {"connection refused by target"},
                      "nosuch.corp.test:9": {"host unreachable"}}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("settings, words", [
    ({"key": "other_key"}, "proxy authentication failed (Permission denied (publickey))"),
    ({"known": "nowhere"}, "ssh failed (host key not verified: `ssh 10.77.1.1` once to accept it)"),
    ({"more": "NoSuchThing yes"}, "Bad configuration option: nosuchthing"),
], ids=("wrong key", "unknown host", "bad config"))
def test_says_why_ssh_fails(runner, host, env, door, settings, words):
    run = run_by(door, runner, HELLO, conf_of(runner, host, **settings), env=env, log="warn")
    assert "failed at jump (ssh " in failure_of(run) and words in failure_of(run)


def test_says_that_the_key_has_changed(runner, peers, host, env):
    other = peers.start(SshHost, world.PROXY_SIDE[0])
    with open(os.path.join(other.folder, "host_key.pub"), encoding="ascii") as file:
        host.write("known_hosts", f"[{host.address}]:{host.port} {file.read()}")
    run = run_by("auto", runner, HELLO, conf_of(runner, host), env=env, log="warn")
    assert ("ssh failed (the key of 10.77.1.1 is not the one that was accepted before)"
            in failure_of(run))


def test_says_that_ssh_is_not_there(runner, host, env, folder):
    programs = os.path.join(folder, "programs")
    os.mkdir(programs)
    os.symlink("/usr/bin/curl", os.path.join(programs, "curl"))
    run = run_by("auto", runner, HELLO, conf_of(runner, host), env=env, log="warn",
                  place=runner.place.but(wrap=["/usr/bin/env", f"PATH={programs}"]))
    assert "ssh failed (ssh is not installed)" in failure_of(run)


@pytest.mark.parametrize("door", DOORS)
def test_says_that_the_host_forwards_nothing(runner, peers, env, door):
    host = peers.start(ClosedSshHost, world.PROXY_SIDE[0])
    run = run_by(door, runner, HELLO, conf_of(runner, host), env=env, log="warn")
    assert "forbidden by proxy (administratively prohibited: open failed)" in failure_of(run)


def jump_to(runner, peers, host, port):
    """As if the ssh host were at that port."""
    config = peers.start(SshHost, world.PROXY_SIDE[0]).config(runner.place.folder)
    return f"[proxy jump]\nurl = ssh://nobody@{host}:{port}\nssh_config = {config}\n"


@pytest.mark.parametrize("door", DOORS)
def test_waits_no_longer_for_a_silent_target_than_it_may(runner, host, env, door):
    """The host has no answer to give: nobody has that address."""
    conf = conf_of(runner, host).replace("[gochain]\n", "[gochain]\nconnect_timeout = 2\n")
    began = time.monotonic()
    run = run_by(door, runner, ["curl", "-sS", "http://10.77.2.77:9"], conf, env=env, log="warn")
    # The host's kernel may have found out first that nobody is there.
    assert "timed out" in failure_of(run) or "host unreachable" in failure_of(run)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("door", DOORS)
def test_says_which_host_is_not_there(runner, peers, env, door):
    dead = jump_to(runner, peers, world.PROXY_SIDE[0], peers.dead_port())
    run = run_by(door, runner, HELLO, f"[gochain]\ndefault = jump\n{dead}", env=env, log="warn")
    assert "failed at jump (ssh " in failure_of(run)
    assert "): connection refused (10.77.1.1 port" in failure_of(run)
    nameless = jump_to(runner, peers, "nosuch.corp.example", 22)
    run = run_by(door, runner, HELLO, f"[gochain]\ndefault = jump\n{nameless}", env=env, log="warn")
    assert "no such name (nosuch.corp.example: " in failure_of(run)


@pytest.mark.parametrize("kind, words", [
    ("hang", "timed out"), ("closes", "connection closed during the handshake"),
    ("rubbish", "timed out")])
def test_bears_hosts_that_misbehave(runner, peers, env, kind, words):
    fault = peers.fault(kind)
    conf = ("[gochain]\ndefault = jump\nconnect_timeout = 2\n"
            + jump_to(runner, peers, fault.address, fault.port))
    began = time.monotonic()
    run = run_by("auto", runner, HELLO, conf, env=env, log="warn")
    assert words in failure_of(run)
    assert time.monotonic() - began < 10


def test_says_that_the_hop_before_failed(runner, peers, env):
    host = peers.start(SshHost, world.PROXY_INNER[0])
    dead = f"[proxy near]\nurl = socks5://{world.PROXY_SIDE[0]}:{peers.dead_port()}\n"
    run = run_by("auto", runner, HELLO, chain_of(dead, host.section(runner.place.folder)), env=env,
                 log="warn")
    assert "failed at near (socks5 " in failure_of(run)
    gone = jump_to(runner, peers, world.PROXY_INNER[0], peers.dead_port())
    run = run_by("auto", runner, HELLO, chain_of(socks(peers), gone), env=env, log="warn")
    assert "failed at near (socks5 " in failure_of(run)
    assert "connection refused by jump" in failure_of(run)


def test_takes_aliases_and_ports_of_sshs_config(runner, host, site, env):
    config = host.config(runner.place.folder, more=(
        f"Host the_jump\n  HostName {host.address}\n  Port {host.port}\n  User nobody\n"
        f"  HostKeyAlias [{host.address}]:{host.port}\n  LocalForward 192.0.2.1:8099 a:1\n"
        "  ExitOnForwardFailure yes\n"
        "  RemoteCommand no-such-command\n  LogLevel QUIET\nHost *\n"))
    conf = (f"[gochain]\ndefault = jump\n[proxy jump]\nurl = ssh://the_jump\n"
            f"ssh_config = {config}\n")
    run = run_by("auto", runner, HELLO, conf, env=env)
    assert run.must_succeed().out == "hello from nginx\n"


class Client:
    """A program of ours under gochain that talks to a responder: `python3 -c`, line by line."""

    PROGRAM = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30)
print("up", flush=True)
for line in sys.stdin:
    try:
        word = line.strip()
        if word == "shut":
            s.shutdown(socket.SHUT_WR)
        elif word == "read":
            print("read", s.recv(65536)[:99], flush=True)
        else:
            s.sendall(word.encode())
    except OSError as error:
        print("error", type(error).__name__, flush=True)
"""

    def __init__(self, runner, door, conf, env, target, port):
        argv = [sys.executable, "-c", self.PROGRAM, target, str(port)]
        self.process = start(door, runner, argv, conf, env)
        assert self.process.stdout.readline() == "up\n", self.process.communicate(timeout=5)

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def read(self):
        self.say("read")
        return self.process.stdout.readline().rstrip()

    def end(self):
        self.process.communicate(timeout=SECONDS)


@pytest.mark.parametrize("door", DOORS)
def test_ends_each_direction_alone(runner, peers, host, env, door):
    responder = peers.responder()
    client = Client(runner, door, conf_of(runner, host), env, "echo.corp.test", responder.port)
    client.say("abc")
    assert client.read() == "read b'abc'"
    client.say("shut")
    assert client.read() == "read b''"
    assert responder.connections[-1].ended.wait(SECONDS)
    client.end()


@pytest.mark.parametrize("door", DOORS)
def test_a_lost_master_resets_and_the_next_connection_has_another(runner, peers, host, site, env,
                                                                 door):
    responder = peers.responder()
    conf = conf_of(runner, host)
    folder = runner.place.folder
    script = (f"{sys.executable} -c '{Client.PROGRAM}' echo.corp.test {responder.port}; "
              f"{' '.join(HELLO)}")
    process = start(door, runner, ["sh", "-c", script], conf, env)
    assert process.stdout.readline() == "up\n"
    master, = masters(folder)
    os.kill(master, signal.SIGKILL)
    out, err = process.communicate("read\n", timeout=SECONDS)
    assert out == "error ConnectionResetError\nhello from nginx\n", out + err
    assert host.logins() == 2


@pytest.mark.parametrize("door", DOORS)
def test_a_program_that_goes_takes_its_channel_alone(runner, peers, host, site, env, door):
    responder = peers.responder()
    script = (f"timeout -s KILL 4 {sys.executable} -c '{Client.PROGRAM}' echo.corp.test "
              f"{responder.port}; {' '.join(HELLO)}")
    process = start(door, runner, ["sh", "-c", script], conf_of(runner, host), env)
    assert process.stdout.readline() == "up\n"
    assert wait_for(lambda: responder.connections, SECONDS)
    assert responder.connections[-1].ended.wait(SECONDS), "the far end must see it"
    out, err = process.communicate(timeout=SECONDS)
    assert "hello from nginx\n" in out, out + err
    assert host.logins() == 1


def test_a_program_that_gives_up_takes_nothing_with_it(runner, peers, host, site, env):
    """Interrupted while its channel is being opened: nobody answers at that address."""
    script = (f"timeout -s KILL 1 curl -sS http://10.77.2.77:9; {' '.join(HELLO)}; "
              f"timeout -s KILL 1 curl -sS http://10.77.2.77:9; sleep 4; {' '.join(HELLO)}")
    run = run_by("auto", runner, ["sh", "-c", script], conf_of(runner, host), env=env)
    assert run.out == "hello from nginx\n" * 2, str(run)
    assert host.logins() == 1


def test_ends_with_a_relay_that_is_killed(runner, peers, host, env):
    responder = peers.responder()
    folder = runner.place.folder
    client = Client(runner, "auto", conf_of(runner, host), env, "echo.corp.test", responder.port)
    master, = masters(folder)
    with open(f"/proc/{master}/stat", encoding="ascii") as file:
        relay = int(file.read().rsplit(")", 1)[1].split()[1])
    assert os.readlink(f"/proc/{relay}/exe") == runner.gochain.path
    assert not os.listdir(env["XDG_RUNTIME_DIR"]), "nothing in the file system while it runs"
    os.kill(relay, signal.SIGKILL)
    assert wait_for(lambda: not masters(folder), SECONDS)
    assert client.read().startswith(("error", "read b''"))
    client.end()


def test_carries_much_both_ways(runner, peers, host, env):
    """Through windows and full sockets, each way at its own pace."""
    sent = os.urandom(1 << 20) * 24
    received = bytearray()
    server = peers._world.listen("target", world.TARGET[0])
    done = threading.Event()

    def serve():
        conn, _ = server.accept()
        with conn:
            writer = threading.Thread(target=conn.sendall, args=(sent,))
            writer.start()
            time.sleep(0.5)
            while data := conn.recv(1 << 16):
                received.extend(data)
            writer.join()
        done.set()

    threading.Thread(target=serve, daemon=True).start()
    path = os.path.join(runner.place.folder, "sent")
    with open(path, "wb") as file:
        file.write(sent)
    program = """
import socket, sys, threading, hashlib
s = socket.create_connection(("echo.corp.test", int(sys.argv[1])))
data = open(sys.argv[2], "rb").read()
t = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
t.start()
got = bytearray()
while piece := s.recv(1 << 16):
    got += piece
print(bytes(got) == data)
"""
    run = run_by("auto", runner, [sys.executable, "-c", program,
                                  str(server.getsockname()[1]), path], conf_of(runner, host),
                 env=env)
    server.close()
    assert run.must_succeed().out == "True\n"
    assert done.wait(SECONDS)
    assert len(received) == len(sent)
    assert bytes(received) == sent


@pytest.mark.parametrize("door", DOORS)
def test_a_chain_goes_on_without_a_host_that_is_down(runner, peers, site, env, door):
    """`jump` is an alias, which this machine can't look up, of a port where nobody is."""
    config = peers.start(SshHost, world.PROXY_SIDE[0]).config(runner.place.folder, more=(
        f"Host the_jump\n  HostName {world.PROXY_SIDE[0]}\n  Port {peers.dead_port()}\nHost *\n"))
    near = peers.proxy(proxies.Microsocks)
    conf = (f"[gochain]\ndefault = any\n[chain any]\nhops = jump near\nmode = failover\n"
            f"[proxy jump]\nurl = ssh://nobody@the_jump\nssh_config = {config}\n"
            f"[proxy near]\nurl = {near.url()}\n")
    run = run_by(door, runner, HELLO, conf, env=env)
    assert run.must_succeed().out == "hello from nginx\n"


def test_a_target_that_refuses_is_not_the_hosts_fault(runner, peers, host, site, env):
    near = peers.proxy(proxies.Microsocks)
    conf = (f"[gochain]\ndefault = any\n[chain any]\nhops = jump near\nmode = failover\n"
            f"{host.section(runner.place.folder)}[proxy near]\nurl = {near.url()}\n")
    script = f"curl -sS http://web.corp.test:9; {' '.join(HELLO)}"
    run = run_by("auto", runner, ["sh", "-c", script], conf, env=env)
    assert run.must_succeed().out == "hello from nginx\n"
    refused, = run.of("fail")
    assert refused["hop"] == "jump" and refused["hops"] == ["jump"], str(run)
    reached, = run.of("connect")
    assert reached["hops"] == ["jump"], str(run)
