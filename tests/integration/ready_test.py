"""Connections that are ready before anybody dials: seen at a forwarder before real proxies."""

import os
import time

import pytest

from calls_test import program
from doors import run_by
from gochain import MODES
from logins import FETCH, HELLO, shell
from peers import content, proxies
from peers.recorder import Recorder
from programs_test import downloaded, go_environment, in_folder

GET = b"GET /hello.txt"
GREETING = b"\5\1\0"
# For the first ones to be made, however busy the machine is.
LOADING = "sleep 1.5"


@pytest.fixture
def recorder(peers):
    return lambda kind=proxies.Microsocks: peers._keep(Recorder(peers.proxy(kind)))


def rules(hop, pool=None):
    line = f"pool = {pool}\n" if pool is not None else ""
    return ("[gochain]\ndefault = far\n"
            f"[proxy far]\nurl = {hop.url()}\npipeline = no\n{line}")


def used(recorder):
    return [c for c in recorder.conversations if any(GET in piece for piece in c.said())]


def test_dial_of_the_library_takes_a_ready_connection(runner, recorder, site):
    hop = recorder()
    run = run_by("auto", runner, shell(f"{LOADING}; {FETCH}"), rules(hop, pool=1))
    assert run.must_succeed().out == HELLO, str(run)
    conversation, = hop.conversations
    assert conversation.said()[0] == GREETING and used(hop) == [conversation]
    run.must_dial_by("preload", hops=1, target="web.corp.test")


def test_dials_of_go_take_ready_connections(runner, recorder, site, folder, go_command, go_cache):
    hop = recorder()
    path = content.make_main_module(os.path.join(folder, "main"))
    os.chmod(path, 0o777)
    os.chmod(os.path.join(path, "go.mod"), 0o666)
    env = go_environment(folder, go_command, go_cache)
    run = runner.run(in_folder(path, shell(f"{LOADING}; go mod download")), mode="supervise",
                     env=env, conf=rules(hop, pool=4), timeout=60)
    run.must_succeed()
    assert downloaded(env) == content.MODULE_COUNT, str(run)
    began = min(c.began for c in hop.conversations)
    early = [c for c in hop.conversations if c.began - began < 1]
    # Four waited for Go, and its dials took them first.
    taken = [c for c in early if len(c.said()) > 2]
    assert len(early) == 4 and len(taken) == min(4, len(run.of("connect"))), str(run)


def test_dials_from_the_third_on_find_ready_connections_where_no_number_is_named(
        runner, recorder, site):
    hop = recorder()
    run = run_by("auto", runner, shell(f"for i in 1 2 3 4; do {FETCH}; {LOADING}; done"),
                 rules(hop))
    assert run.must_succeed().out == HELLO * 4, str(run)
    began = [c.began for c in hop.conversations]
    # After the first nothing waits; after the second two do, and what is taken is made up for.
    assert used(hop) == [hop.conversations[i] for i in (0, 1, 2, 3)], str(run)
    assert len(began) == 6 and began[3] - began[1] < 0.3, str(run)


def test_one_dial_costs_the_proxy_one_connection(runner, recorder, site):
    hop = recorder()
    run = run_by("auto", runner, shell(f"{FETCH}; {LOADING}"), rules(hop))
    assert run.must_succeed().out == HELLO, str(run)
    assert len(hop.conversations) == 1, str(run)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pool", (0, 1))
def test_none_is_made_where_none_is_wanted_or_can_be_used(runner, recorder, site, mode, pool):
    hop = recorder()
    run = run_by(mode, runner, shell(LOADING), rules(hop, pool))
    run.must_succeed()
    assert len(hop.conversations) == (1 if pool == 1 and mode != "preload" else 0)


def test_http_proxy_is_told_nothing_beforehand(runner, recorder, site):
    hop = recorder(proxies.Squid)
    run = run_by("auto", runner, shell(f"{LOADING}; {FETCH}"), rules(hop, pool=1))
    assert run.must_succeed().out == HELLO, str(run)
    conversation, = hop.conversations
    assert conversation.said()[0].startswith(b"CONNECT web.corp.test:80 ")


class Impatient(Recorder):
    """Ends a connection on which nobody has asked for anything for a while."""

    def _serve(self, client, upstream, conversation):
        upstream.settimeout(None)
        client.settimeout(0.5)
        try:
            client.recv(1, 2)  # MSG_PEEK
            time.sleep(0.1)
            client.recv(4, 2)
        except TimeoutError:
            pass
        client.settimeout(None)
        super()._serve(client, upstream, conversation)


def test_programs_notice_nothing_of_connections_that_ended(runner, peers, site):
    """The proxy closes what waits sooner than gochain does; no dial fails for it."""
    hop = peers._keep(Impatient(peers.proxy(proxies.Squid)))
    run = run_by("auto", runner, shell(f"for i in 1 2 3 4; do sleep 0.4; {FETCH}; done"),
                 rules(hop, pool=2))
    assert run.must_succeed().out == HELLO * 4, str(run)
    assert not run.of("fail"), str(run)


@pytest.mark.parametrize("name, how", (("socket_options", []), ("socket_options", ["own"]),
                                       ("getpeername", []), ("epoll", []),
                                       ("connect", "fork"), ("connect", "vfork"),
                                       ("connect", "grandchild"), ("connect", "nonblocking")))
@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_socket_is_as_its_own(runner, peers, recorder, mode, name, how):
    """A ready connection has the options, flags and epoll entries that the program gave its own; a
    socket with another descriptor stays where it is."""
    echo = peers.responder()
    before, after = ([how], []) if isinstance(how, str) else ([], how)
    argv = [program(runner, name, "dynamic"), *before, echo.address, str(echo.port), *after]
    alone = runner.alone(argv, runner.place.but(ns="target")).out
    run = run_by(mode, runner, ["sh", "-c", f"{LOADING}; exec \"$@\"", "sh", *argv],
                 rules(recorder(), pool=8))
    assert run.must_succeed().out == alone, str(run)
