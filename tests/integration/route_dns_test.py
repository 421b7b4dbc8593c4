"""Who looks names up, route by route, and rules that hold for what was looked up.

Where a connection went is read at the other end: straight from `open` it comes from there, by a
proxy it comes from the proxies' inner side.
"""

import pytest

import world
from gochain import MODES
from peers import proxies
from rules_file import curl, proxy_sections, sources

STRAIGHT = world.OPEN_WAY_CLIENT[0]
PROXIED = world.PROXY_INNER[0]


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def test_dns_of_a_proxy_and_of_a_chain(open_rules, peers, mode):
    """In one run: a proxy without names gets an address, a chain that knows them a name."""
    server = peers.responder()
    near = peers.proxy(proxies.Microsocks, last=False)
    hops = peers.two_hops()
    open_rules.write(
        f"[gochain]\ndefault = reject\n[proxy near]\nurl = {near.url()}\ndns = local\n"
        f"[proxy a]\nurl = {hops[0].url()}\ndns = local\n[proxy b]\nurl = {hops[1].url()}\n"
        "[chain far]\nhops = a b\ndns = remote\n[rules]\nnear = here.corp.test\nfar = echo.corp.test\n")
    run = open_rules.run(curl(f"http://here.corp.test:{server.port}/",
                              f"http://echo.corp.test:{server.port}/"), mode)
    assert run.must_succeed().out == f"hello from {server.port}\n" * 2
    assert sources(server, 2) == [PROXIED] * 2
    routes = {event["target"]: event["route"] for event in run.of("connect")}
    assert routes == {f"here.corp.test:{server.port}": "near",
                      f"echo.corp.test:{server.port}": "far"}, str(run)
    open_rules.must_agree(run)
    said = open_rules.explain("here.corp.test", "echo.corp.test")
    assert [each["resolve"] for each in said] == ["local", "proxy"]


def test_network_rule_sees_the_address_that_was_looked_up(open_rules, peers, mode):
    server = peers.responder()
    open_rules.write(f"[gochain]\ndefault = far\n{proxy_sections(peers)}dns = local\n"
                     f"[rules]\ndirect = {server.address}\n")
    run = open_rules.run(curl(f"http://here.corp.test:{server.port}/"), mode)
    assert run.must_succeed().out == f"hello from {server.port}\n"
    assert sources(server, 1) == [STRAIGHT], str(run)


def test_names_of_one_address_go_their_own_ways(open_rules, peers, mode):
    server = peers.responder()
    open_rules.write(f"[gochain]\ndefault = reject\n{proxy_sections(peers, last=False)}dns = local\n"
                     "[rules]\ndirect = a.corp.example\nfar = b.corp.example\n")
    urls = [f"http://{name}.corp.example:{server.port}/" for name in "abab"]
    run = open_rules.run(curl(*urls), mode)
    assert run.must_succeed().out == f"hello from {server.port}\n" * 4
    assert sources(server, 4) == [STRAIGHT, PROXIED] * 2, str(run)


def test_name_rule_holds_for_the_address_that_was_answered(open_rules, peers, mode):
    """A parent looks the direct name up, its child dials what it got."""
    server = peers.responder()
    open_rules.write(f"[gochain]\ndefault = reject\n{proxy_sections(peers)}"
                     "[rules]\ndirect = a.corp.example\n")
    script = ("a=$(/usr/bin/python3 -c 'import socket; "
              "print(socket.gethostbyname(\"a.corp.example\"))');"
              f"exec curl -sS -m 20 http://$a:{server.port}/")
    run = open_rules.run(["sh", "-c", script], mode)
    assert run.must_succeed().out == f"hello from {server.port}\n", str(run)
    assert sources(server, 1) == [STRAIGHT]
    bare = open_rules.run(curl(f"http://{server.address}:{server.port}/"), mode)
    assert bare.status != 0 and bare.of("reject"), str(bare)
