"""Proxies that have a name, where the nameserver says nothing: to look it up takes of the hop's time,
and ends with the program."""

import errno
import os
import signal
import socket
import time

import pytest

import world as world_module
from dials import wait_for
from doors import ALONE, dialled_by, run_by
from peers import proxies
from ssh_test import processes

TIMEOUT = 1
# The look-up's own time is ten times as long.
LATE_MS = 8000
NAME = "proxy.silent.test"
HELLO = "hello from nginx\n"
FETCH = ("web.corp.test", "80")
RESOLV_CONF = f"nameserver {world_module.PROXY_SIDE[0]}\noptions timeout:10 attempts:3\n"


@pytest.fixture(scope="module")
def silent_nameserver(world):
    """Takes queries and never reads them."""
    with world_module.inside("proxy"):
        nameserver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nameserver.bind((world_module.PROXY_SIDE[0], 53))
    yield nameserver
    nameserver.close()


@pytest.fixture
def place(runner, silent_nameserver):
    return runner.place.but(resolv_conf=RESOLV_CONF, hosts="127.0.0.1 localhost\n")


def conf_of(*urls, timeout=TIMEOUT, more=""):
    sections = "".join(f"[proxy {name}]\nurl = {url}\n" for name, url in zip("ab", urls))
    return (f"[gochain]\ndefault = out\nconnect_timeout = {timeout}\n{sections}"
            f"[chain out]\nhops = {' '.join('ab'[:len(urls)])}\n{more}")


# The relay looks up the names of the hops that it connects to: by each door that has one.
@pytest.mark.parametrize("door, scheme", [("supervise", "socks5"), ("auto", "socks5"),
                                          ("supervise", "https"), ("preload", "https"),
                                          (ALONE, "https")])
def test_a_look_up_has_the_time_of_its_hop(runner, tools, place, door, scheme):
    kind = "static" if door == "supervise" else "dynamic"
    run = run_by(door, runner, [tools("fetch", kind), *FETCH],
                 conf_of(f"{scheme}://{NAME}:1080"), place=place)
    assert run.out == f"connect: {errno.ETIMEDOUT}\n", str(run)
    fail, = run.of("fail")
    assert fail["hop"] == "a"
    assert fail["error"] == "timed out (looking up the proxy's own name)"
    assert TIMEOUT * 1000 - 50 <= fail["connect_ms"] < TIMEOUT * 1000 + LATE_MS, str(run)




@pytest.mark.parametrize("scheme", ("socks5", "https"))
def test_another_hop_takes_its_place(runner, tools, place, peers, site, scheme):
    conf = conf_of(f"{scheme}://{NAME}:1080", peers.proxy(proxies.Microsocks).url(),
                   more="mode = failover\n")
    run = runner.run([tools("fetch", "static"), *FETCH], "supervise", conf=conf, place=place)
    assert run.must_succeed().out == HELLO, str(run)
    assert [event["hops"] for event in run.of("connect")] == [["b"]]
    died, = (event["message"] for event in run.events if " is down" in event.get("message", ""))
    assert "timed out (looking up the proxy's own name)" in died


@pytest.mark.parametrize("scheme", ("socks5", "https"))
def test_a_look_up_ends_with_its_program(runner, tools, place, scheme):
    argv, _ = runner.argv([tools("fetch", "static"), *FETCH], "supervise", place=place,
                          conf=conf_of(f"{scheme}://{NAME}:1080", timeout=50))
    process = runner.start(argv, place=place)
    wait_for(lambda: processes("fetch-static", FETCH[0]))
    time.sleep(0.5)
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert wait_for(lambda: not processes(runner.gochain.path), 8)
    assert time.monotonic() - begin < 8
