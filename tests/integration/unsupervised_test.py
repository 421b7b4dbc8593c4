"""Places where there can be no supervisor: no seccomp notification, or nobody may look into a process.
The default mode goes on with the library alone, and nothing that it can't enter goes straight out."""

import pytest

import world

CURL = ["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"]


@pytest.fixture(params=("seccomp", "memory"))
def place(request, runner, tools):
    return runner.place.but(ns="open", wrap=[tools("deny"), request.param])


def refused(run, what):
    line, = run.warnings()
    assert line.startswith("gochain: cannot supervise: ") and what in line, str(run)


def test_dynamic_program_is_the_librarys(runner, peers, site, capture, place):
    run = runner.run(CURL, hops=peers.one_hop(), place=place)
    assert run.must_succeed().out == "hello from nginx\n", str(run)
    run.must_dial_by("preload", hops=1)
    refused(run, "going on with the library alone")
    assert not capture.packets(), str(run)


def test_tree_of_it_is_too(runner, peers, site, capture, place):
    """Scripts, clean environments, posix_spawn."""
    script = f"{' '.join(CURL)}; env -i {' '.join(CURL)}; " \
             f"/usr/bin/python3 -c \"import subprocess; subprocess.run({CURL})\""
    run = runner.run(["sh", "-c", script], hops=peers.one_hop(), place=place)
    assert run.must_succeed().out == "hello from nginx\n" * 3, str(run)
    refused(run, "going on with the library alone")
    assert not capture.packets(), str(run)


def test_quiet_says_nothing(runner, peers, site, place):
    run = runner.run(CURL, hops=peers.one_hop(), place=place, log=None, options=["-q"])
    assert run.must_succeed().out == "hello from nginx\n" and run.err == "", str(run)


def test_static_program_is_not_started(runner, peers, tools, capture, place):
    fetch = tools("fetch", "static")
    run = runner.run([fetch, world.TARGET[0], "80"], hops=peers.one_hop(), place=place)
    assert run.status == 125 and run.out == "", str(run)
    refused(run, f"{fetch} is statically linked: not started")
    assert not capture.packets(), str(run)


def test_go_program_is_not_started(runner, peers, go_command, place):
    run = runner.run([go_command, "version"], hops=peers.one_hop(), place=place)
    assert run.status == 125 and run.out == "", str(run)
    refused(run, "is a Go program")


@pytest.mark.parametrize("how", ("sh", "python3"))
def test_static_program_of_the_tree_is_not_started(runner, peers, site, tools, capture, place, how):
    fetch = [tools("fetch", "static"), world.TARGET[0], "80"]
    argv = {
        "sh": ["sh", "-c", f"{' '.join(fetch)}; echo $?; {' '.join(CURL)}"],
        "python3": ["/usr/bin/python3", "-c", f"import subprocess\nprint(subprocess.call({fetch}), "
                    f"flush=True)\nsubprocess.run({CURL})"],
    }[how]
    run = runner.run(argv, hops=peers.one_hop(), place=place)
    assert run.must_succeed().out == "125\nhello from nginx\n", str(run)
    first, second = run.warnings()
    assert "going on with the library alone" in first, str(run)
    assert f"{fetch[0]} is statically linked: not started" in second, str(run)
    assert not capture.packets(), str(run)


def test_supervise_mode_says_what_works(runner, peers, place):
    run = runner.run(["true"], mode="supervise", hops=peers.one_hop(), place=place)
    assert run.status == 125, str(run)
    refused(run, "--mode=auto")


def test_command_that_is_not_there(runner, peers, place):
    run = runner.run(["no-such-command"], hops=peers.one_hop(), place=place)
    assert run.status == 127, str(run)
    line, = run.warnings()
    assert "no-such-command" in line, str(run)


def test_signal_mask_is_that_of_before(runner, peers, place):
    """COMMAND is started by a second attempt. No shell: it may clear its mask."""
    run = runner.run(["grep", "SigBlk", "/proc/self/status"], hops=peers.one_hop(), place=place)
    assert run.must_succeed().out == "SigBlk:\t0000000000000000\n", str(run)


def test_signal_that_ends_command_ends_gochain(runner, peers, place):
    assert runner.run(["sh", "-c", "kill -TERM $$"], hops=peers.one_hop(), place=place).status == -15
