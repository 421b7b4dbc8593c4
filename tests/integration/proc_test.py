"""/proc, by which a run's processes find each other: not there, another namespace's, or one that
hides others' processes."""

import pytest

from doors import ALONE, DOORS, dialled_by, end_brokers, run_by
from gochain import MODES

CURL = ["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"]


@pytest.fixture
def conf(peers):
    return f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"


@pytest.mark.parametrize("where", ("none", "of another namespace"))
@pytest.mark.parametrize("mode", MODES)
def test_without_it_a_line_says_so(runner, conf, mode, where):
    changes = {"mounts": "mount -t tmpfs tmpfs /proc"} if where == "none" else {
        "wrap": ["unshare", "-Upf"]}
    run = runner.run(["true"], mode=mode, conf=conf, log=None, place=runner.place.but(**changes))
    assert run.status == 125, str(run)
    line, = run.warnings()
    assert "/proc isn't mounted here" in line, str(run)


def test_library_alone_does_without(runner, site, capture, conf):
    run = run_by(ALONE, runner, CURL, conf, log="warn",
                 place=runner.place.but(ns="open", mounts="mount -t tmpfs tmpfs /proc"))
    assert run.must_succeed().out == "hello from nginx\n", str(run)
    assert not capture.packets(), str(run)
    end_brokers(runner)


@pytest.mark.parametrize("door", DOORS)
def test_hidden_processes(runner, site, capture, conf, door):
    """An ordinary user sees his own, which is all that is needed."""
    place = runner.place.but(ns="open", mounts="mount -t proc -o hidepid=2 proc /proc")
    script = f"{' '.join(CURL)}; test -d /proc/1 || echo hidden"
    run = run_by(door, runner, ["sh", "-c", script], conf, place=place)
    assert run.must_succeed().out in ("hello from nginx\nhidden\n", "hello from nginx\n"), str(run)
    run.must_dial_by(dialled_by(door), hops=1, exe="curl")
    assert not capture.packets(), str(run)
    end_brokers(runner)
