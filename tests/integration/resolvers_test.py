"""Every resolver, each asked for a name that only the proxy knows, by every door that claims its
program: what it says is an address that leads there, and no question leaves.

In `open`, whose default route leads to the nameserver of resolv.conf: a question that got out would
be captured on the way. The address is then dialled by another program, so the answer has to be one
that the whole tree knows.
"""

import os
import shutil
import socket
import subprocess
import threading

import pytest

import world
from calls_test import KINDS, program
from dials import wait_for
from doors import ALONE, DOORS, alone, end_brokers, run_by
from rules_file import sources

NAME = "web.corp.test"
SERVER = "192.0.2.53"
RESOLV_CONF = f"nameserver {SERVER}\noptions timeout:2 attempts:1\n"
HELLO = "hello from nginx\n"
# Doors by which a program that the library can't enter is routed.
FOR_STATIC = ("supervise", "auto", ALONE)

ASK = ("connected", "write", "sendmsg", "sendmmsg", "epoll", "unconnected", "bound", "copied",
       "child", "many", "peer")


@pytest.fixture
def place(runner):
    return runner.place.but(ns="open", resolv_conf=RESOLV_CONF, hosts="127.0.0.1 localhost\n")


@pytest.fixture
def conf(peers):
    return f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"


@pytest.fixture
def made_up(runner, place, conf, site, capture):
    """made_up(door, argv): the made-up addresses among what `argv` prints, each of which leads to
    the name. No packet left meanwhile."""
    def ask(door, argv, env=None, place=place):
        # "$@" says addresses, a line each; curl has to get the page from each of them.
        script = ('"$@" >said || true; for a in $(grep -oE "198\\.19\\.[0-9]+\\.[0-9]+" said | sort -u);'
                  ' do curl -sS -m 20 http://$a/hello.txt; done; cat said')
        run = run_by(door, runner, ["sh", "-c", script, "sh", *argv], conf, env=env, place=place)
        assert not capture.packets(), str(run)
        assert run.out.startswith(HELLO) and run.out.count(HELLO) == 1, str(run)
        assert {event["target"] for event in run.of("connect")} == {f"{NAME}:80"}, str(run)
        return [line for line in run.out.splitlines()[1:] if "198.19." in line], run
    yield ask
    end_brokers(runner)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("how", ASK)
def test_program_with_sockets_of_its_own(runner, made_up, how, door):
    """As c-ares asks: what doesn't come from the server's own address is dropped."""
    lines, run = made_up(door, [program(runner, "ask", "dynamic"), how, SERVER, NAME])
    assert len(lines) == 1 and lines[0].startswith(how + ": "), str(run)


@pytest.mark.parametrize("kind, door", [(kind, door) for kind in KINDS for door in DOORS
                                        if kind != "dynamic"
                                        and ("static" not in kind or door in FOR_STATIC)])
@pytest.mark.parametrize("how", ("connected", "unconnected"))
def test_program_of_each_kind_with_sockets_of_its_own(runner, made_up, how, kind, door):
    lines, run = made_up(door, [program(runner, "ask", kind), how, SERVER, NAME])
    assert len(lines) == 1, str(run)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("server", ("127.0.0.53", "127.0.0.1", "2001:db8::53"))
@pytest.mark.parametrize("how", ("connected", "peer", "unconnected"))
def test_server_of_each_kind(runner, made_up, how, server, door):
    """A stub on loopback would forward what it is asked."""
    made_up(door, [program(runner, "ask", "dynamic"), how, server, NAME])


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("how", ("connected", "peer", "many"))
def test_server_that_no_way_leads_to(runner, made_up, place, how, door):
    made_up(door, [program(runner, "ask", "dynamic"), how, SERVER, NAME], place=place.but(ns="client"))


@pytest.mark.parametrize("outer, door", (("pidfd_getfd", "supervise"), ("pidfd_getfd", "auto"),
                                         ("docker", "auto"), ("docker", "preload"), ("docker", ALONE)))
@pytest.mark.parametrize("how", ("connected", "write", "sendmsg", "many", "peer"))
def test_in_a_container(runner, made_up, place, tools, how, outer, door):
    """Where there is no quiet network the library says whose the answer is."""
    deny = tools("deny", "dynamic" if door == ALONE else "static")
    made_up(door, [program(runner, "ask", "dynamic"), how, SERVER, NAME],
            place=place.but(wrap=(deny, outer)))


@pytest.mark.parametrize("kind, door", [(kind, door) for kind in KINDS for door in FOR_STATIC[:2]])
def test_question_over_tcp(runner, made_up, kind, door):
    made_up(door, [program(runner, "ask", kind), "tcp", SERVER, NAME])


def direct_server(conf):
    return conf + f"[rules]\ndirect = {SERVER} 127.0.0.53\n"


@pytest.mark.parametrize("door", ("preload", ALONE))
@pytest.mark.parametrize("server", (SERVER, "127.0.0.53"))
def test_question_over_tcp_is_refused_by_the_library_alone(runner, place, conf, capture, server, door):
    """Even where the server's address is direct: nobody would see what is asked."""
    run = run_by(door, runner, [program(runner, "ask", "dynamic"), "tcp", server, NAME],
                 direct_server(conf), log="warn", place=place)
    assert run.out == "tcp: connect: ECONNREFUSED\n", str(run)
    assert not capture.packets(), str(run)
    assert sum("DNS over TCP is refused" in line for line in run.warnings()) == 1, str(run)


@pytest.mark.parametrize("kind, door", [(kind, door) for kind in KINDS for door in DOORS
                                        if "static" not in kind or door in FOR_STATIC])
def test_resolver_functions_of_libc(runner, made_up, kind, door):
    """res_query(3) and its relatives."""
    lines, run = made_up(door, [program(runner, "resolver", kind), NAME])
    expected = ["A res_query", "res_search", "res_querydomain", "res_send"]
    if "musl" not in kind:
        expected += ["res_nquery", "res_nsearch", "res_nquerydomain", "res_nsend"]
    assert [line.split(":")[0] for line in lines] == expected, str(run)


@pytest.mark.parametrize("kind, door", [(kind, door) for kind in ("dynamic", "static")
                                        for door in DOORS
                                        if kind == "dynamic" or door in FOR_STATIC])
def test_getaddrinfo_a(runner, made_up, kind, door):
    lines, run = made_up(door, [program(runner, "getaddrinfo_a", kind), NAME])
    assert [line.split(":")[0] for line in lines] == ["wait", "suspend", "signal"], str(run)


PYTHON = """
import asyncio, socket
print(socket.gethostbyname({0!r}))
print(socket.gethostbyname_ex({0!r})[2][0])
print(socket.getaddrinfo({0!r}, 80)[0][4][0])
async def main():
    print((await asyncio.get_running_loop().getaddrinfo({0!r}, 80))[0][4][0])
asyncio.run(main())
""".format(NAME)


@pytest.mark.parametrize("door", DOORS)
def test_python(made_up, door):
    lines, run = made_up(door, ["/usr/bin/python3", "-c", PYTHON])
    assert len(lines) == 4 and len(set(lines)) == 1, str(run)


NODE = {
    "resolve4": "dns.resolve4('{0}', done)",  # c-ares
    "lookup": "dns.lookup('{0}', done)",      # getaddrinfo in a thread
    "resolve4 twice": "dns.resolve4('{0}', (e, a) => e ? done(e) : dns.resolve4('{0}', done))",
    "own servers": "r = new dns.Resolver(); r.setServers(['198.51.100.53']); r.resolve4('{0}', done)",
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("how", NODE)
def test_node(made_up, how, door):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    script = "const dns = require('dns'), done = (e, a) => console.log(e ? e.code : String(a)); let r; "
    lines, run = made_up(door, ["node", "-e", script + NODE[how].format(NAME)])
    assert len(lines) == 1, str(run)


@pytest.mark.parametrize("door", ("supervise", "auto"))
@pytest.mark.parametrize("argv", (["dig", "+short", NAME], ["dig", "@198.51.100.53", NAME, "AAAA", NAME],
                                  ["host", NAME], ["nslookup", NAME]), ids=lambda argv: argv[0])
def test_bind_tools(made_up, argv, door):
    if not shutil.which(argv[0]):
        pytest.skip(f"{argv[0]} is not installed")
    made_up(door, argv)


@pytest.mark.parametrize("door", ("preload", ALONE))
@pytest.mark.parametrize("argv", (["dig", "+short", "+tries=1", NAME], ["host", "-R1", NAME],
                                  ["nslookup", "-retry=1", NAME]), ids=lambda argv: argv[0])
def test_bind_tools_by_the_library_alone(runner, place, conf, capture, argv, door):
    """libuv may send by a system call of its own, which the library can't see: refused then."""
    if not shutil.which(argv[0]):
        pytest.skip(f"{argv[0]} is not installed")
    run = run_by(door, runner, argv, conf, place=place)
    assert "198.19." in run.out or "refused" in run.out, str(run)
    assert not capture.packets(), str(run)
    end_brokers(runner)


@pytest.fixture(scope="session")
def go_lookup(base, go_command, go_cache):
    """go_lookup(cgo): a program of Go's that looks a name up by Go's own resolver or by libc's."""
    made = {}
    folder = os.path.join(base, "go-lookup")
    os.mkdir(folder)
    with open(os.path.join(folder, "main.go"), "w", encoding="ascii") as file:
        file.write('package main\n\nimport (\n\t"fmt"\n\t"net"\n\t"os"\n)\n\n'
                   'func main() {\n\tfmt.Println(net.LookupHost(os.Args[1]))\n}\n')

    def build(cgo):
        if cgo not in made:
            path = os.path.join(folder, f"lookup{cgo}")
            env = {"PATH": os.path.dirname(go_command) + ":/usr/bin:/bin", "HOME": folder,
                   "GOCACHE": go_cache, "GOPATH": folder, "CGO_ENABLED": str(cgo), "GOENV": "off",
                   "GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off"}
            subprocess.run(["go", "build", "-o", path, "main.go"], check=True, timeout=200, env=env,
                           cwd=folder, executable=go_command)
            made[cgo] = path
        return made[cgo]

    return build


@pytest.mark.seconds(240)
@pytest.mark.parametrize("door", FOR_STATIC)
@pytest.mark.parametrize("resolver", ("pure", "cgo built to ask itself", "cgo"))
def test_go(made_up, go_lookup, resolver, door):
    env = {"GODEBUG": "netdns=" + ("cgo" if resolver == "cgo" else "go")}
    made_up(door, [go_lookup(0 if resolver == "pure" else 1), NAME], env)


class Daemon:
    """Stands in for a name service on the machine: it hears what it is asked, and hangs up."""

    def __init__(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.path, self.asked = path, []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        os.chmod(path, 0o666)
        self._listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.asked.append(connection.recv(4096))
                except OSError:
                    self.asked.append(b"")

    def knows(self, name):
        return any(name.encode() in question for question in self.asked)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.unlink(self.path)


NSCD, RESOLVED = "/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve"


@pytest.fixture
def daemons(world):  # pylint: disable=unused-argument  (its /run is the tests' own)
    made = {path: Daemon(path) for path in (NSCD, RESOLVED)}
    yield made
    for daemon in made.values():
        daemon.stop()


@pytest.mark.parametrize("kind, door", [(kind, door) for kind in ("dynamic", "static")
                                        for door in DOORS
                                        if kind == "dynamic" or door in FOR_STATIC])
def test_nscd_is_not_asked(runner, made_up, daemons, place, tools, kind, door):
    argv = [tools("fetch", kind), NAME, "80"]
    runner.alone(argv, place=place.but(ns="client"))
    assert daemons[NSCD].knows(NAME)  # from glibc, where nothing is in between
    daemons[NSCD].asked.clear()
    made_up(door, ["sh", "-c", f"{argv[0]} {NAME} 80 >&2; getent ahostsv4 {NAME}"])
    # About users it may be: by what starts the test, and where nobody supervises.
    assert not daemons[NSCD].knows(NAME) and not daemons[NSCD].knows("hosts")


CONNECT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1]); s.send(b"web.corp.test"); print("connected")
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("mode", ("supervise", "auto"))
@pytest.mark.parametrize("path", (NSCD, RESOLVED, "/run/../run" + RESOLVED[4:]))
def test_daemons_are_not_there_for_programs(runner, daemons, conf, place, path, mode):
    """What NSS modules that were loaded by a static program, or not by libc's own functions, do."""
    argv = ["/usr/bin/python3", "-c", CONNECT, path]
    assert runner.alone(argv, place=place).out == "connected\n"
    assert wait_for(lambda: any(daemon.knows(NAME) for daemon in daemons.values()), 5)
    for daemon in daemons.values():
        daemon.asked.clear()
    run = run_by(mode, runner, argv, conf, place=place)
    assert run.out == "Connection refused\n", str(run)
    assert not any(daemon.knows(NAME) for daemon in daemons.values())


@pytest.mark.parametrize("door", DOORS)
def test_direct_names_are_asked_of_the_server(runner, open_rules, peers, door):
    """By the program's own sockets too: the answer is the server's, and one of a name that isn't
    direct is not, on one socket."""
    server = world.OPEN_WAY_TARGET[0]
    conf = (f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"
            "[rules]\ndirect = a.corp.example git.corp.example\n")
    ask = program(runner, "ask", "dynamic")
    script = ";".join(f"{ask} {how} {server} {name}" for how in ("connected", "unconnected", "many")
                      for name in ("a.corp.example", "b.corp.example"))
    run = run_by(door, runner, ["sh", "-c", script], conf, place=open_rules.place)
    direct, other = run.out.splitlines()[0::2], run.out.splitlines()[1::2]
    assert direct == [f"{how}: {world.TARGET[0]}" for how in ("connected", "unconnected", "many")], str(run)
    assert len(other) == 3 and all(": 198.19." in line for line in other), str(run)
    end_brokers(runner)


ASK_AND_DIAL = """
import socket, sys
server, port, name = sys.argv[1:]
question = bytes([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
question += b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((server, 53)); s.send(question + bytes([0, 0, 1, 0, 1])); s.settimeout(5)
address = socket.inet_ntoa(s.recvfrom(512)[0][-4:])
t = socket.create_connection((address, int(port))); t.sendall(b"ping")
print(address, t.recv(4).decode())
"""


@pytest.mark.parametrize("door", DOORS)
def test_rule_on_a_direct_name_holds_at_the_address_that_was_answered(runner, open_rules, peers, door):
    server = peers.responder()
    conf = (f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"
            "[rules]\ndirect = a.corp.example\n")
    argv = ["/usr/bin/python3", "-c", ASK_AND_DIAL, world.OPEN_WAY_TARGET[0], str(server.port),
            "a.corp.example"]
    run = run_by(door, runner, argv, conf, place=open_rules.place)
    assert run.must_succeed().out == f"{world.TARGET[0]} ping\n"
    assert sources(server, 1) == [world.OPEN_WAY_CLIENT[0]], str(run)
    end_brokers(runner)


def test_library_without_rules_lets_no_question_out(runner, place, capture):
    """Not even to a stub on loopback, which would pass it on."""
    ask = program(runner, "ask", "dynamic")
    with world.inside("open"):
        heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with heard:
        heard.bind(("127.0.0.53", 53))
        heard.settimeout(0.5)
        script = "; ".join(f"{ask} {how} {server} {NAME}" for how in ("connected", "unconnected")
                           for server in ("127.0.0.53", SERVER))
        script += f"; {program(runner, 'resolver', 'dynamic')} {NAME}"
        full = place.prefix() + ["sh", "-c", script]
        variables, log_file = alone(runner, "", "warn")
        del variables["GOCHAIN_CONF"]
        run = runner._run(full, log_file, "", variables, 40, place)
        assert "198.19." not in run.out and "A res_query: h_errno 3" in run.out, str(run)
        assert run.out.count("ENETUNREACH") == 2 and run.out.count("EACCES") == 2, str(run)
        with pytest.raises(TimeoutError):
            heard.recv(512)
    assert not capture.packets(), str(run)
