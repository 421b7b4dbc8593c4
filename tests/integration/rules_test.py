"""What a rules file says, end to end: [rewrite], [hosts], [env], include, exe:."""

import os

import pytest

import world
from gochain import MODES, door_of, real_root
from peers import servers
from rules_file import curl, proxy_sections, sources

STRAIGHT = world.OPEN_WAY_CLIENT[0]
PROXIED = world.PROXY_INNER[0]


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def git_tunnel(peers, site):
    """`ssh -N -L PORT:target:9418`, on the loopback of `client`."""
    if not real_root():
        pytest.skip("sshd changes its user: needs real root")
    daemon = site.git_daemon()

    def make():
        sshd = peers.start(servers.Sshd, world.PROXY_SIDE[0])
        forward = f"127.0.0.1:{peers.port()}:{daemon.address}:{daemon.port}"
        return peers._keep(servers.SshForward(peers._folder, "client", sshd, forward)).start()

    return peers._once("git tunnel", make)


def test_git_clone_rewritten_to_the_port_of_an_ssh_tunnel(rules, peers, git_tunnel, mode):
    rules.write(
        f"[gochain]\ndefault = far\n{proxy_sections(peers)}[rules]\nreject = *.internal.example\n"
        f"[rewrite git]\nfrom = git.internal.example:9418\nto = 127.0.0.1:{git_tunnel.port}\n")
    run = rules.run(["git", "clone", "-q", "git://git.internal.example/repo.git", "clone"], mode)
    run.must_succeed()
    assert os.path.exists(os.path.join(rules.place.folder, "clone/file0.txt")), str(run)
    event, = run.must_dial_by(door_of("dynamic", mode), route="direct",
                              target="git.internal.example:9418")
    assert event["rewritten"] == f"127.0.0.1:{git_tunnel.port}", str(run)
    rules.must_agree(run)
    # The name on another port is none of the rewrite's.
    other = rules.run(curl("http://git.internal.example/"), mode)
    assert other.status != 0 and other.of("reject", "git.internal.example:80"), str(other)
    rules.must_agree(other)


PEER_NAME = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); s.sendall(b"ping")
print(s.recv(4).decode(), s.getpeername()[1])
"""


@pytest.mark.parametrize("to", ("name", "port", "address"))
def test_rewritten_target_is_what_rules_and_proxies_see(rules, peers, mode, to):
    server = peers.responder()
    # The proxy knows echo.corp.test; 192.0.2.80 and old.test are nowhere.
    rewrite, target = {
        "name": (f"from = *.test:7\nto = echo.corp.test:{server.port}", "old.test"),
        "port": (f"from = :7\nto = :{server.port}", "echo.corp.test"),
        "address": (f"from = 192.0.2.0/24:7\nto = {server.address}:{server.port}", "192.0.2.80"),
    }[to]
    rules.write(f"[gochain]\ndefault = reject\n{proxy_sections(peers)}[rewrite echo]\n{rewrite}\n"
                f"[rules]\nfar = *:{server.port}\n")
    run = rules.run(["/usr/bin/python3", "-c", PEER_NAME, target, "7"], mode)
    assert run.must_succeed().out == "ping 7\n", str(run)
    event, = run.must_dial_by(door_of("dynamic", mode), route="far", hops=1)
    assert event["target"] == f"{target}:7"
    rules.must_agree(run)


def test_hosts_are_answered_here(rules, peers, mode):
    """Both addresses of a name; its proxy knows no names, and gets an address."""
    server = peers.responder()
    rules.write(f"[gochain]\ndefault = far\n{proxy_sections(peers, last=False)}"
                f"[hosts]\nmirror.corp.example = {server.address}\nOther.Corp.Example = 192.0.2.9\n")
    run = rules.run(curl(f"http://mirror.corp.example:{server.port}/"), mode)
    assert run.must_succeed().out == f"hello from {server.port}\n"
    run.must_dial_by(door_of("dynamic", mode), route="far", hops=1,
                     target=f"mirror.corp.example:{server.port}")
    rules.must_agree(run)
    assert rules.explain("mirror.corp.example")[0]["resolve"] == "local"


def test_hosts_of_direct_names(open_rules, peers, mode):
    server = peers.responder()
    open_rules.write(f"[gochain]\ndefault = far\n{proxy_sections(peers)}[rules]\n"
                     f"direct = mirror.corp.example\n"
                     f"[hosts]\nmirror.corp.example = {server.address}\n")
    run = open_rules.run(curl(f"http://mirror.corp.example:{server.port}/"), mode)
    assert run.must_succeed().out == f"hello from {server.port}\n"
    assert sources(server, 1) == [STRAIGHT]


@pytest.mark.parametrize("kind", ("dynamic", "static"))
def test_hosts_of_one_address_with_two_routes(open_rules, peers, site, tools, mode, kind):
    if kind == "static" and mode == "preload":
        pytest.skip("the library is in no static program")
    address = world.TARGET[0]
    open_rules.write(f"[gochain]\ndefault = reject\n{proxy_sections(peers)}"
                     f"[rules]\ndirect = a.corp.example\nfar = b.corp.example\n"
                     f"[hosts]\na.corp.example = {address}\nb.corp.example = {address}\n")
    before = len(site.nginx.requests())
    fetch = tools("fetch", kind)
    run = open_rules.run(["sh", "-c", f"{fetch} a.corp.example 80; {fetch} b.corp.example 80"],
                         mode)
    assert run.must_succeed().out == "hello from nginx\n" * 2, str(run)
    seen = [line.split(" ")[0] for line in site.nginx.requests()[before:]]
    assert seen == [STRAIGHT, PROXIED], str(run)
    routes = {event["target"]: event["route"] for event in run.of("connect")}
    assert routes.pop("b.corp.example:80") == "far", str(run)
    assert set(routes.values()) <= {"direct"}, str(run)


def test_env_is_set_and_unset_for_the_command(rules, peers, mode):
    rules.write(f"[gochain]\ndefault = far\n{proxy_sections(peers)}[env]\n"
                "GOPROXY = https://goproxy.example,${FALLBACK:-direct}\nEMPTY = \n"
                "unset = GOFLAGS GOINSECURE\n")
    run = rules.run(["sh", "-c", 'echo "$GOPROXY ${EMPTY-unset} ${GOFLAGS-unset} $KEPT"'], mode,
                    env={"GOFLAGS": "-x", "KEPT": "kept", "GOPROXY": "off"})
    assert run.must_succeed().out == "https://goproxy.example,direct  unset kept\n"


def test_included_rules_hold_where_they_stand(rules, peers, mode):
    server = peers.responder()
    os.mkdir(os.path.join(rules.place.folder, "shared"))
    os.chmod(os.path.join(rules.place.folder, "shared"), 0o755)
    rules.write(f"[gochain]\ninclude = ${{SHARED}}/corp.conf\ndefault = reject\n"
                "[rules]\nreject = echo.corp.test\n")
    rules.write(f"{proxy_sections(peers)}[rules]\nfar = echo.corp.test:{server.port}\n",
                "shared/corp.conf")
    env = {"SHARED": os.path.join(rules.place.folder, "shared")}
    run = rules.run(curl(f"http://echo.corp.test:{server.port}/"), mode, env=env)
    assert run.must_succeed().out == f"hello from {server.port}\n"
    event, = run.must_dial_by(door_of("dynamic", mode), route="far")
    assert event["rule"].endswith("shared/corp.conf:4"), str(run)
    rules.must_agree(run, env=env)
    other = rules.run(curl("http://echo.corp.test:1/"), mode, env=env)
    event, = other.of("reject")
    assert event["rule"] == rules.path + ":5", str(other)
    rules.must_agree(other, env=env)


def test_program_decides(rules, peers, mode):
    server = peers.responder()
    rules.write(f"[gochain]\ndefault = reject\n{proxy_sections(peers, ('one', 'two'))}"
                "[rules]\none = exe:curl@echo.corp.test\ntwo = exe:python3*@echo.corp.test\n")
    # A program's name is that of its file.
    python = os.path.basename(os.path.realpath("/usr/bin/python3"))
    rules.write(open(rules.path, encoding="utf-8").read().replace("python3*", python))
    script = (f"curl -sS http://echo.corp.test:{server.port}/;"
              f"/usr/bin/python3 -c '{PEER_NAME}' echo.corp.test {server.port};"
              f"cp /usr/bin/curl other; ./other -sS http://echo.corp.test:{server.port}/; true")
    run = rules.run(["sh", "-c", script], mode)
    assert run.must_succeed().out == f"hello from {server.port}\nping {server.port}\n", str(run)
    routes = {event["exe"]: event["route"] for event in run.of("connect") + run.of("reject")}
    assert routes == {"curl": "one", python: "two", "other": "reject"}, str(run)
    rules.must_agree(run)
