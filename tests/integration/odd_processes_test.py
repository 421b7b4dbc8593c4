"""Processes that are hard to supervise: no first thread, not to be looked into, root, the library
without a launcher."""

import pytest

import world
from gochain import real_root
from peers import proxies

LIBRARY_ALONE = ["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"]


@pytest.mark.parametrize("mode", ("auto", "supervise"))
@pytest.mark.parametrize("kind", ("dynamic", "static"))
def test_first_thread_is_gone(runner, tools, peers, site, mode, kind):
    run = runner.run([tools("fetch", kind), "-t", "web.corp.test", "80"], mode=mode,
                     hops=peers.one_hop())
    assert run.must_succeed().out == "hello from nginx\n"
    assert run.of("connect"), str(run)


@pytest.mark.parametrize("user", ("nobody", "root"))
def test_process_that_nobody_may_look_into(runner, tools, peers, site, capture, user):
    """An ordinary user's supervisor can't read its memory: the call fails, and a line says why."""
    if user == "root" and not real_root():
        pytest.skip("needs real root")
    run = runner.run([tools("fetch", "static"), "-d", world.TARGET[0], "80"], mode="supervise",
                     hops=peers.one_hop(), log=None,
                     place=runner.place.but(ns="open", user=user))
    assert not capture.packets(), str(run)
    if user == "root":
        assert run.must_succeed().out == "hello from nginx\n"
    else:
        assert run.out == "connect: 13\n", str(run)
        assert len(run.warnings()) == 1, str(run)


def test_root_keeps_its_privileges(runner, peers, site, as_root):
    """no_new_privs is set only where it must be, or su and sudo would break for root."""
    place = runner.place.but(user="root")
    script = "grep NoNewPrivs /proc/self/status;" \
             " env -i curl -sS -m 20 http://web.corp.test/hello.txt"
    run = runner.run(["sh", "-c", script], hops=peers.one_hop(), place=place)
    assert run.must_succeed().out == "NoNewPrivs:\t0\nhello from nginx\n"


def environment(runner, **variables):
    return {"LD_PRELOAD": runner.gochain.library} | {
        f"GOCHAIN_{name}": value for name, value in variables.items()}


def test_library_alone_with_proxies_in_the_environment(runner, peers, site, folder):
    hops = ",".join(hop.url() for hop in peers.two_hops(second=proxies.Tinyproxy))
    run = runner.alone(LIBRARY_ALONE, env=environment(runner, PROXY=hops, LOG="info"))
    assert run.must_succeed().out == "hello from nginx\n"
    line, = run.warnings()
    assert line.startswith("gochain: web.corp.test:80 via "), line


def test_library_alone_with_a_rules_file(runner, peers, site, folder):
    path = folder + "/rules.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n")
    run = runner.alone(LIBRARY_ALONE, env=environment(runner, CONF=path))
    assert run.must_succeed().out == "hello from nginx\n"
    assert run.err == "", str(run)


@pytest.mark.parametrize("variables", ({}, {"CONF": "/nonexistent/gochain.conf"},
                                       {"PROXY": "gopher://x"}))
def test_library_alone_without_rules_lets_nothing_out(runner, site, capture, variables):
    argv = LIBRARY_ALONE[:-1] + [f"http://{world.TARGET[0]}/hello.txt"]
    run = runner.alone(["sh", "-c", " ".join(argv)], env=environment(runner, **variables),
                       place=runner.place.but(ns="open"))
    assert run.status != 0 and run.out == "", str(run)
    assert not capture.packets(), str(run)
    assert run.warnings(), str(run)


def test_library_alone_leaves_loopback(runner, peers):
    server = peers.responder("127.0.0.1", ns="client")
    run = runner.alone(["curl", "-sS", "-m", "5", f"http://127.0.0.1:{server.port}/"],
                       env=environment(runner))
    assert run.must_succeed().out == f"hello from {server.port}\n"
