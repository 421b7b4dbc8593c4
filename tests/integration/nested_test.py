"""gochain within gochain: COMMAND of the inner one has the inner rules, or isn't started.

The inner hop alone knows the name that is asked for. A supervisor outside sees the inner run's own
connections: they follow the outer rules, so that the inner hop is reached through the outer one.
"""

import pytest

from gochain import MODES, read_events
from peers import proxies

CURL = ["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"]
SUPERVISED = ("supervise", "auto")


@pytest.fixture
def nested(runner, peers):
    """Runs a command by two gochains, of which the outer one may have a shell between them; answers
    with the run, which has the outer one's events, the events of the inner one, and its hop."""
    runner.place = runner.place.but(ns="open")
    outside, inside = peers.two_hops()[0], peers.proxy(proxies.Tinyproxy)

    def run(outer, inner, argv):
        line, log = runner.argv(argv, mode=inner, hops=[inside])
        done = runner.run(line[len(runner.place.prefix()):], mode=outer, hops=[outside])
        return done, read_events(log), inside

    return run


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_dynamic_program_has_the_inner_rules(nested, site, capture, outer, inner):
    run, events, hop = nested(outer, inner, CURL)
    assert not capture.packets(), str(run)
    if inner == "supervise" and outer in SUPERVISED:
        line, = run.warnings()
        assert run.status == 125 and run.out == "" and "gochain inside gochain" in line, str(run)
        return
    assert run.must_succeed().out == "hello from nginx\n", str(run)
    connect, = [e for e in events if e["event"] == "connect"]
    assert connect["target"] == "web.corp.test:80", str(run)
    assert connect["door"] == ("supervise" if inner == "supervise" else "preload"), str(run)
    # The outer one dialled for nothing but the inner hop.
    dialled = {e["target"] for e in run.events if e["event"] == "connect"}
    assert dialled == ({f"{hop.address}:{hop.port}"} if outer in SUPERVISED else set()), str(run)
    told = [line for line in run.warnings() if "going on with the library alone" in line]
    assert len(told) == (outer in SUPERVISED and inner == "auto"), str(run)
    assert run.warnings() == told, str(run)


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_static_program_has_them_or_is_not_started(nested, site, tools, capture, outer, inner):
    run, events, _ = nested(outer, inner, [tools("fetch", "static"), "web.corp.test", "80"])
    assert not capture.packets(), str(run)
    if outer == "preload" and inner in SUPERVISED:
        assert run.must_succeed().out == "hello from nginx\n", str(run)
        assert [e["target"] for e in events if e["event"] == "connect"] == ["web.corp.test:80"]
        return
    line, = run.warnings()
    assert run.status == 125 and run.out == "" and not events, str(run)
    assert "statically linked" in line or inner == "supervise", str(run)


@pytest.mark.parametrize("outer", MODES)
def test_static_program_of_the_inner_tree(nested, site, tools, capture, outer):
    script = f"{tools('fetch', 'static')} web.corp.test 80; echo $?; {' '.join(CURL)}"
    run, _, _ = nested(outer, "auto", ["sh", "-c", script])
    assert not capture.packets(), str(run)
    if outer == "preload":
        assert run.must_succeed().out == "hello from nginx\n0\nhello from nginx\n", str(run)
    else:
        assert run.must_succeed().out == "125\nhello from nginx\n", str(run)
        assert "statically linked: not started" in run.warnings()[-1], str(run)


@pytest.mark.parametrize("variable", ("GOCHAIN_CONF", "GOCHAIN_PROXY"))
@pytest.mark.parametrize("outer", ("auto", "preload"))
def test_variables_change_nothing_within_a_run_and_a_line_says_so(runner, peers, site, outer, variable):
    """Once, though two programs have it."""
    script = f"export {variable}=socks5://127.0.0.1:1; {' '.join(CURL)}; {' '.join(CURL)}"
    run = runner.run(["sh", "-c", script], mode=outer, hops=peers.one_hop(), log=None)
    assert run.must_succeed().out == "hello from nginx\n" * 2, str(run)
    line, = run.warnings()
    assert line.startswith(f"gochain: {variable} was changed within this run"), str(run)


@pytest.mark.parametrize("outer", ("auto", "preload"))
def test_variables_that_the_run_was_given_are_no_change(runner, peers, site, folder, outer):
    """The launcher makes their path absolute."""
    with open(folder + "/rules.conf", "w", encoding="ascii") as file:
        file.write(f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n")
    run = runner.run(CURL, mode=outer, log=None, env={"GOCHAIN_CONF": "rules.conf"})
    assert run.must_succeed().out == "hello from nginx\n" and run.err == "", str(run)
