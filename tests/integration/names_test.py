"""Names that only the last proxy knows, under every kind of resolv.conf, as an ordinary user."""

import os

import pytest

import world
from gochain import MODES, door_of
from peers import content, proxies
from programs_test import go_env, in_folder  # noqa: F401 (go_env is a fixture)

RESOLV_CONFS = {
    "kubernetes": "nameserver 10.96.0.10\n"
                  "search a.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n",
    "elsewhere": "nameserver 192.0.2.53\n",
    "stub": "nameserver 127.0.0.53\noptions edns0 trust-ad\n",
    "empty": "",
    "v6": "nameserver 2001:db8::53\n",
    "two": "nameserver 192.0.2.53\nnameserver 192.0.2.54\noptions rotate\n",
}


@pytest.fixture(params=RESOLV_CONFS)
def resolver(request, runner):
    runner.place = runner.place.but(resolv_conf=RESOLV_CONFS[request.param])
    return runner


FETCH = ["web.corp.test", "80"]


@pytest.mark.parametrize("mode", ("auto", "supervise"))
@pytest.mark.parametrize("kind", ("static", "musl-static", "musl", "dynamic"))
def test_lookup_of_libc(resolver, tools, peers, site, mode, kind):
    run = resolver.run([tools("fetch", kind)] + FETCH, mode=mode, hops=peers.two_hops(), timeout=20)
    assert run.must_succeed().out == "hello from nginx\n"
    run_targets = {event["target"] for event in run.of("connect")}
    assert run_targets == {"web.corp.test:80"}, str(run)


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_lookup_of_curl(resolver, peers, site, mode):
    run = resolver.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], mode=mode,
                       hops=peers.two_hops())
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(door_of("dynamic", mode), hops=2, target="web.corp.test:80")


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_lookup_of_go(resolver, peers, site, mode, go_env, folder):
    path = content.make_main_module(os.path.join(folder, "main"), count=1)
    os.chmod(path, 0o777)
    os.chmod(os.path.join(path, "go.mod"), 0o666)
    run = resolver.run(in_folder(path, ["go", "mod", "download"]), mode=mode, hops=peers.two_hops(),
                       env=go_env, timeout=30)
    run.must_succeed()
    run.must_dial_by("supervise", hops=2, target="modules.corp.test:80", exe="go")


def test_no_query_leaves(resolver, tools, peers, site, capture):
    """Two names, one of them unknown to all, by four resolvers: not one packet on the open way."""
    place = resolver.place.but(ns="open")
    script = "".join(
        f"{tools('fetch', kind)} {name} 80;"
        for kind in ("dynamic", "static", "musl-static")
        for name in ("web.corp.test", "no.corp.test")
    )
    run = resolver.run(["sh", "-c", script + "true"], hops=peers.one_hop(), place=place)
    assert run.out.count("hello from nginx\n") == 3, str(run)
    assert not capture.packets(), str(run)


SHARED = """
a=$(/usr/bin/python3 -c 'import socket; print(socket.gethostbyname("web.corp.test"))')
echo "$a"
exec curl -sS -m 20 "http://$a/hello.txt"
"""


@pytest.mark.parametrize("mode", MODES)
def test_child_uses_the_address_its_parent_got(runner, peers, site, mode):
    run = runner.run(["sh", "-c", SHARED], mode=mode, hops=peers.two_hops())
    run.must_succeed()
    address, body = run.out.splitlines()
    assert body == "hello from nginx"
    assert address.startswith("198.19."), address
    run.must_dial_by(door_of("dynamic", mode), hops=2, target="web.corp.test:80")


def test_address_is_the_same_in_every_run(runner, peers):
    script = "import socket; print(socket.gethostbyname('web.corp.test'))"
    runs = [runner.run(["/usr/bin/python3", "-c", script], mode=mode, hops=peers.one_hop()).out
            for mode in ("preload", "supervise", "auto")]
    assert len(set(runs)) == 1 and runs[0], runs


def test_static_and_dynamic_share_names(runner, tools, peers, site):
    """The library's table and the responder's are one."""
    script = (
        "a=$(/usr/bin/python3 -c 'import socket; print(socket.gethostbyname(\"web.corp.test\"))');"
        f"exec {tools('fetch', 'static')} $a 80"
    )
    run = runner.run(["sh", "-c", script], hops=peers.one_hop())
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by("supervise", target="web.corp.test:80")


@pytest.mark.parametrize("mode", MODES)
def test_dns_local_is_looked_up_here(runner, peers, site, mode):
    """dns = local: the first proxy gets an address, so that it needs no name service."""
    place = runner.place.but(hosts=f"127.0.0.1 localhost\n{world.TARGET[0]} here.corp.test\n")
    proxy = peers.proxy(proxies.Microsocks, last=False)
    conf = f"[gochain]\ndefault = far\ndns = local\n[proxy far]\nurl = {proxy.url()}\n"
    run = runner.run(["curl", "-sS", "-m", "20", "http://here.corp.test/hello.txt"], mode=mode,
                     conf=conf, place=place)
    assert run.must_succeed().out == "hello from nginx\n"
    # Under a supervisor libc would ask its responder, so the library leaves such dials to it.
    run.must_dial_by("supervise" if mode == "auto" else door_of("dynamic", mode), hops=1)


@pytest.mark.parametrize("mode", MODES)
def test_proxy_given_by_name(runner, peers, site, mode):
    place = runner.place.but(
        hosts=f"127.0.0.1 localhost\n{world.PROXY_SIDE[0]} proxy.corp.example\n")
    hop = peers.proxy(proxies.Microsocks).url(host="proxy.corp.example")
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], mode=mode,
                     hops=[hop], place=place)
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by("supervise" if mode == "auto" else door_of("dynamic", mode), hops=1)


PYTHON_V6 = """
import socket, sys
s = socket.create_connection(("six.corp.test", int(sys.argv[1]))); s.sendall(b"ping")
print(s.recv(4).decode())
"""


@pytest.mark.parametrize("mode", MODES)
def test_name_that_has_only_an_ipv6_address(runner, peers, mode):
    server = peers.responder(world.TARGET[1])
    run = runner.run(["/usr/bin/python3", "-c", PYTHON_V6, str(server.port)], mode=mode,
                     hops=peers.one_hop())
    assert run.must_succeed().out == "ping\n"
