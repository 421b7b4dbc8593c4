"""Where the connections of each kind of program go: by the rules on their names and addresses, by
[hosts], by [rewrite]. In `open`, from where both ways lead to the target: where a connection comes
from says how it went."""

import os
import time

import pytest

import world
from gochain import MODES
from peers import proxies

KINDS = ("dynamic", "static", "musl", "musl-static")
DOORS = [(kind, mode) for kind in KINDS for mode in MODES
         if mode != "preload" or "static" not in kind]
doors = pytest.mark.parametrize("kind, mode", DOORS)

STRAIGHT = world.OPEN_WAY_CLIENT
ADDRESS, ADDRESS6 = world.TARGET


@pytest.fixture(scope="module")
def server(peers):
    return peers.responder(ADDRESS)


@pytest.fixture(scope="module")
def server6(peers):
    return peers.responder(ADDRESS6)


@pytest.fixture
def place(open_rules):
    return open_rules.place


def rules(peers, text, globals_text=""):
    proxy = peers.proxy(proxies.Microsocks)
    return (f"[gochain]\ndefault = far\n{globals_text}\n[proxy far]\nurl = {proxy.url()}\n"
            f"[rules]\n{text}\n")


def came(server, since, at_least=1):
    """How each connection since then came to the server, which may hear of it after the program."""
    for _ in range(100):
        if len(server.connections) >= since + at_least:
            break
        time.sleep(0.02)
    ways = {True: "straight", False: "proxy"}
    return [ways[connection.peer[0] in STRAIGHT] for connection in server.connections[since:]]


@doors
def test_rule_on_a_name_holds_at_its_real_address(runner, peers, tools, server, place, kind, mode):
    """Two names of one address, an alias, and the address itself before it was looked up."""
    fetch, port, since = tools("fetch", kind), server.port, len(server.connections)
    names = (ADDRESS, "a.corp.example", "web.corp.test", "www.corp.example", "web.corp.test")
    script = ";".join(f"{fetch} {name} {port}" for name in names)
    run = runner.run(["sh", "-c", script], mode=mode, conf=rules(peers, "direct = *.corp.example"),
                     place=place)
    assert run.out == f"hello from {port}\n" * 5, str(run)
    assert came(server, since) == ["proxy", "straight", "proxy", "straight", "proxy"], str(run)


@doors
def test_rule_on_an_ipv6_name_holds(runner, peers, tools, server6, place, kind, mode):
    port, since = server6.port, len(server6.connections)
    run = runner.run([tools("fetch", kind), "six.corp.example", str(port)], mode=mode,
                     conf=rules(peers, "direct = *.corp.example"), place=place)
    assert run.out == f"hello from {port}\n", str(run)
    assert came(server6, since) == ["straight"], str(run)


@doors
def test_rule_on_a_name_of_etc_hosts_holds(runner, peers, tools, server, place, kind, mode):
    port, since = server.port, len(server.connections)
    run = runner.run([tools("fetch", kind), "a.corp.example", str(port)], mode=mode,
                     conf=rules(peers, "direct = *.corp.example"),
                     place=place.but(hosts=f"{ADDRESS} a.corp.example\n", resolv_conf=""))
    assert run.out == f"hello from {port}\n", str(run)
    assert came(server, since) == ["straight"], str(run)


@doors
def test_rule_on_an_address_sees_what_was_looked_up(runner, peers, tools, server, place, kind,
                                                    mode):
    port = server.port
    run = runner.run([tools("fetch", kind), "a.corp.example", str(port)], mode=mode,
                     conf=rules(peers, f"reject = {ADDRESS}\ndirect = *.corp.example"), place=place)
    assert run.out == "connect: 13\n", str(run)
    assert [event["target"] for event in run.of("reject")] == [f"a.corp.example:{port}"]


HOSTS = f"[hosts]\nbox.private.test = {ADDRESS}\nsix.private.test = {ADDRESS6}\n"


@doors
def test_hosts_are_asked_of_nobody(runner, peers, tools, server, place, kind, mode):
    fetch, port, since = tools("fetch", kind), server.port, len(server.connections)
    for rule in ("", "direct = box.private.test", f"direct = {ADDRESS}"):
        run = runner.run([fetch, "BOX.private.test", str(port)], mode=mode,
                         conf=rules(peers, rule + "\n" + HOSTS), place=place)
        assert run.out == f"hello from {port}\n", str(run)
    assert came(server, since) == ["proxy", "straight", "straight"]


@doors
def test_ipv6_host(runner, peers, tools, server6, place, kind, mode):
    run = runner.run([tools("fetch", kind), "six.private.test", str(server6.port)], mode=mode,
                     conf=rules(peers, HOSTS), place=place)
    assert run.out == f"hello from {server6.port}\n", str(run)
    assert [event["target"] for event in run.of("connect")] == [f"six.private.test:{server6.port}"]


LOOKUPS = """
import socket
print(sorted({entry[4][0] for entry in socket.getaddrinfo("both.private.test", 80)}))
print(socket.gethostbyname_ex("both.private.test"))
print(socket.gethostbyaddr("192.0.2.7"))
print(socket.getnameinfo(("2001:db8::7", 80), 0))
"""
LOOKED_UP = """['192.0.2.7', '192.0.2.8', '2001:db8::7']
('both.private.test', [], ['192.0.2.7', '192.0.2.8'])
('both.private.test', [], ['192.0.2.7'])
('both.private.test', 'http')
"""


@pytest.mark.parametrize("mode", MODES)
def test_hosts_are_told_as_they_stand(runner, peers, place, mode):
    conf = rules(peers, "[hosts]\nboth.private.test = 192.0.2.7 2001:db8::7 192.0.2.8\n")
    run = runner.run(["/usr/bin/python3", "-c", LOOKUPS], mode=mode, conf=conf, place=place)
    assert run.must_succeed().out == LOOKED_UP, str(run)


def program(runner, name, kind):
    path = os.path.join(runner.gochain.programs,
                        name if kind == "dynamic" else f"{name}-{kind}")
    if not os.path.exists(path):
        pytest.skip(f"{path} is not built")
    return path


CALLS = (["connect", "blocking"], ["connect", "nonblocking"], ["getpeername"],
         ["fastopen", "sendto"], ["fastopen", "sendmsg"])


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@doors
def test_rewritten_target_looks_like_the_one_asked_for(runner, peers, server, place, call, kind,
                                                       mode):
    """getpeername and data are those of the target that the program named."""
    port, since = server.port, len(server.connections)
    conf = rules(peers, f"direct = {ADDRESS}\n[rewrite git]\nfrom = git.far.test:9418\n"
                        f"to = {ADDRESS}:{port}\n")
    run = runner.run([program(runner, call[0], kind), *call[1:], "git.far.test", "9418"],
                     mode=mode, conf=conf, place=place)
    assert run.must_succeed().out.splitlines()[-1].startswith("ok"), str(run)
    assert set(came(server, since)) == {"straight"}, str(run)
    events = run.of("connect", "git.far.test:9418")
    assert events and {event["rewritten"] for event in events} == {f"{ADDRESS}:{port}"}, str(run)
    assert {event["route"] for event in events} == {"direct"}, str(run)


@doors
def test_rewritten_name_goes_by_its_own_rules(runner, peers, tools, server, place, kind, mode):
    port, since = server.port, len(server.connections)
    conf = rules(peers, "direct = *.corp.example\n"
                        f"[rewrite a]\nfrom = pkg.far.test\nto = a.corp.example:{port}\n"
                        f"[rewrite b]\nfrom = :81\nto = :{port}\n")
    script = ";".join(f"{tools('fetch', kind)} {target}"
                      for target in ("pkg.far.test 80", "web.corp.test 81", "a.corp.example 81"))
    run = runner.run(["sh", "-c", script], mode=mode, conf=conf, place=place)
    assert run.out == f"hello from {port}\n" * 3, str(run)
    assert came(server, since) == ["straight", "proxy", "straight"], str(run)


@doors
def test_datagram_is_not_rewritten_but_refused(runner, peers, place, kind, mode):
    conf = rules(peers, f"direct = *\n[rewrite a]\nfrom = {ADDRESS}:9418\nto = {ADDRESS}:81\n")
    run = runner.run([program(runner, "udp", kind), ADDRESS, "9418"], mode=mode, conf=conf,
                     place=place)
    assert "sendto: EACCES\n" in run.out and "connect: ENETUNREACH\n" in run.out, str(run)


@doors
def test_datagram_to_a_direct_name_goes_out(runner, peers, place, kind, mode):
    run = runner.run([program(runner, "udp", kind), "a.corp.example", "9"], mode=mode,
                     conf=rules(peers, "direct = *.corp.example"), place=place)
    assert "sendto: ok\n" in run.out and "connect: ok\n" in run.out, str(run)
