"""IPv6 all the way, IPv4 in IPv6's clothes, and names that look odd, by every door."""

import pytest

import world
from destinations_test import doors, rules
from gochain import MODES
from peers import proxies
from world import LONGEST_NAME

# What a program asks for, and what the proxy is to be asked for.
NAMES = {
    "WEB.Corp.TEST": "web.corp.test", "web.corp.test.": "web.corp.test",
    "WEB.CORP.TEST.": "web.corp.test", "under_score.corp.test": "under_score.corp.test",
    "xn--mnchen-3ya.corp.test": "xn--mnchen-3ya.corp.test", "1and1.corp.test": "1and1.corp.test",
    LONGEST_NAME: LONGEST_NAME,
}


@pytest.fixture(scope="module")
def server(peers):
    return peers.responder(world.TARGET[0])


@pytest.fixture(scope="module")
def server6(peers):
    return peers.responder(world.TARGET[1])


@pytest.fixture(scope="module")
def proxy6(peers):
    """What clients reach by IPv6 alone, and a second one behind it."""
    first = peers.start(proxies.Microsocks, world.PROXY_SIDE[1])
    return [first, peers.start(proxies.Tinyproxy, world.PROXY_INNER[1])]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:24])
@doors
def test_odd_name_reaches_the_proxy_as_it_should(runner, peers, tools, server, kind, mode, name):
    run = runner.run([tools("fetch", kind), name, str(server.port)], mode=mode,
                     hops=peers.one_hop())
    assert run.out == f"hello from {server.port}\n", str(run)
    assert [event["target"] for event in run.of("connect")] == [f"{NAMES[name]}:{server.port}"]


@pytest.mark.parametrize("host, target", (
    (world.TARGET[1], f"[{world.TARGET[1]}]"), ("six.corp.test", "six.corp.test")))
@pytest.mark.parametrize("hops", (1, 2))
@doors
def test_ipv6_target_by_ipv6_proxies(runner, tools, server6, proxy6, kind, mode, host, target,
                                     hops):
    run = runner.run([tools("fetch", kind), host, str(server6.port)], mode=mode,
                     hops=proxy6[:hops])
    assert run.out == f"hello from {server6.port}\n", str(run)
    assert [event["target"] for event in run.of("connect")] == [f"{target}:{server6.port}"]


@doors
def test_ipv4_target_by_an_ipv6_proxy(runner, tools, server, proxy6, kind, mode):
    run = runner.run([tools("fetch", kind), world.TARGET[0], str(server.port)], mode=mode,
                     hops=proxy6[:1])
    assert run.out == f"hello from {server.port}\n", str(run)


@doors
def test_mapped_address_is_matched_by_ipv4_rules(runner, peers, tools, server, kind, mode):
    place, before = runner.place.but(ns="open"), len(server.connections)
    mapped = "::ffff:" + world.TARGET[0]
    for rule in (f"direct = {world.TARGET[0]}", "direct = 10.77.0.0/16", "far = ::/0"):
        run = runner.run([tools("fetch", kind), "-6", mapped, str(server.port)], mode=mode,
                         conf=rules(peers, rule), place=place)
        assert run.out == f"hello from {server.port}\n", str(run)
    came = [connection.peer[0] for connection in server.connections[before:]]
    assert came == [world.OPEN_WAY_CLIENT[0]] * 2 + [world.PROXY_INNER[0]]


@pytest.mark.parametrize("mode", MODES)
def test_address_in_brackets_of_curl(runner, server6, proxy6, mode):
    run = runner.run(["curl", "-sS", "-m", "20", f"http://[{world.TARGET[1]}]:{server6.port}/"],
                     mode=mode, hops=proxy6)
    assert run.must_succeed().out == f"hello from {server6.port}\n", str(run)
