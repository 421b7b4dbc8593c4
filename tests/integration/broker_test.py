"""The broker, which holds what programs share where they have the library alone: who shares what with
whom, and that nobody sees it."""

import os
import signal
import subprocess
import time

import pytest

import world
from dials import wait_for
from doors import ALONE, alone, end_brokers, run_by, started
from gochain import real_root
from peers import proxies

HELLO = "hello from nginx\n"
CURL = "curl -sS -m 20 http://web.corp.test/hello.txt"
SECONDS = 25  # more than a broker waits for the next program


@pytest.fixture(autouse=True)
def none_before(runner):
    end_brokers(runner)
    yield
    end_brokers(runner)


@pytest.fixture
def conf(peers):
    """Its first hop is dead: what a program shares shows in who finds that out."""
    return rules(f"socks5://{world.PROXY_SIDE[0]}:{peers.dead_port()}", peers.one_hop()[0].url())


def rules(*urls, keys=""):
    names = "abcd"[:len(urls)]
    sections = "".join(f"[proxy {name}]\nurl = {url}\n" for name, url in zip(names, urls))
    return (f"[gochain]\ndefault = way\n{keys}{sections}"
            f"[chain way]\nhops = {' '.join(names)}\nmode = failover\n")


def brokers(runner):
    return started(runner.gochain.path, "--library-broker")


def some(runner, count=1):
    """The brokers, which may be in the middle of their exec when the program that needed them ends."""
    assert wait_for(lambda: len(brokers(runner)) == count, SECONDS), brokers(runner)
    return brokers(runner)


def deaths(run):
    return [event for event in run.of("message") if " is down" in event["message"]]


class Job:
    """Commands one after the other with the same rules file; without a shell around them."""

    def __init__(self, runner, conf, log="json"):
        self._runner = runner
        self.env, self._log = alone(runner, conf, log)

    def run(self, argv, place=None, **env):
        argv = argv if isinstance(argv, list) else ["sh", "-c", argv]
        full = (place or self._runner.place).prefix() + argv
        return self._runner._run(full, self._log, "", self.env | env, 40, place)


def test_programs_of_a_job_share_one(runner, conf, site):
    job = Job(runner, conf)
    assert job.run(f"{CURL}; {CURL}").must_succeed().out == HELLO * 2
    first = some(runner)
    run = job.run(CURL)
    assert run.must_succeed().out == HELLO
    assert brokers(runner) == first
    assert len(deaths(run)) == 1 and len(run.of("connect")) == 3, str(run)


def test_many_at_once_start_one(runner, conf, site):
    run = Job(runner, conf).run(f"for n in $(seq 32); do {CURL} & done; wait")
    assert run.must_succeed().out == HELLO * 32
    some(runner)
    assert len(deaths(run)) == 1, str(run)


def test_a_made_up_address_means_its_name_to_the_next_program(runner, conf, site):
    run = Job(runner, conf).run(
        "set -- $(getent ahostsv4 web.corp.test); curl -sS -m 20 http://$1/hello.txt")
    assert run.must_succeed().out == HELLO
    assert [event["target"] for event in run.of("connect")] == ["web.corp.test:80"], str(run)


def test_other_rules_share_nothing(runner, conf, site):
    """Not even where the password alone is another."""
    confs = [conf, conf.replace("mode = failover", "mode = dynamic"),
             conf.replace("socks5://", "socks5://user:secret@", 1),
             conf.replace("socks5://", "socks5://user:public@", 1)]
    jobs = [Job(runner, text) for text in confs]
    for job in jobs:
        run = job.run(f"{CURL}; {CURL}")
        assert run.must_succeed().out == HELLO * 2
        assert len(deaths(run)) == 1, str(run)
    some(runner, len(jobs))


def test_other_passwords_in_the_same_file_share_nothing(runner, peers, site):
    """One file, one hash: the password is a variable's."""
    dead = f"socks5://user:${{SECRET}}@{world.PROXY_SIDE[0]}:{peers.dead_port()}"
    job = Job(runner, rules(dead, peers.one_hop()[0].url()))
    for count, secret in enumerate(("one", "two", "one", "two"), 1):
        run = job.run(f"{CURL}; {CURL}", SECRET=secret)
        assert run.must_succeed().out == HELLO * 2
        assert len(deaths(run)) == min(count, 2), str(run)
        some(runner, min(count, 2))


def test_another_user_shares_nothing(runner, conf, site):
    if not real_root():
        pytest.skip("needs real root")
    for user in ("nobody", "root"):
        run = run_by(ALONE, runner, ["sh", "-c", f"{CURL}; {CURL}"], conf,
                     place=runner.place.but(user=user))
        assert run.must_succeed().out == HELLO * 2
    some(runner, 2)


def names(runner):
    """The abstract names of brokers."""
    run = runner.alone(["cat", "/proc/net/unix"], env={"LD_PRELOAD": ""})
    return sorted({line.split("@", 1)[1] for line in run.out.splitlines() if "@gochain-" in line})


SQUATTER = """
import array, os, socket, sys
listeners = []
for name in sys.argv[2:]:
    listeners.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    listeners[-1].bind("\\0" + name)
    listeners[-1].listen(8)
print("there", flush=True)
while True:
    client, _ = listeners[0].accept()
    print("asked", flush=True)
    try:
        client.send(b"\\x01keorBog"[::1])
    except OSError:
        pass
"""


@pytest.mark.parametrize("taken", (1, 4))
def test_a_squatter_of_its_name_is_not_believed(runner, conf, site, taken):
    """One that is another user's. Where that one has all names there is no broker, and a line says so."""
    if not real_root():
        pytest.skip("needs real root")
    job = Job(runner, conf)
    assert job.run(CURL).must_succeed().out == HELLO
    name, = names(runner)
    end_brokers(runner)
    assert wait_for(lambda: not names(runner), SECONDS)
    stranger = runner.place.but(user="root").prefix() + [
        "setpriv", "--reuid=12345", "--clear-groups", "/usr/bin/python3", "-c", SQUATTER, "-"]
    process = subprocess.Popen(stranger + [name[:-1] + str(n) for n in range(taken)],
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "there\n"
        run = job.run(f"{CURL}; {CURL}")
        assert run.must_succeed().out == HELLO * 2
        assert process.stdout.readline() == "asked\n"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    some(runner, 1 if taken == 1 else 0)
    said = [event["message"] for event in run.of("message") if "no broker" in event["message"]]
    assert len(said) == (0 if taken == 1 else 2), str(run)
    assert len(deaths(run)) == 1 + (1 if taken == 1 else 2), str(run)


def test_one_that_is_killed_is_followed_by_the_next(runner, conf, site):
    job = Job(runner, conf)
    assert job.run(CURL).must_succeed().out == HELLO
    first, = some(runner)
    os.kill(first, signal.SIGKILL)
    run = job.run(f"{CURL}; {CURL}")
    assert run.must_succeed().out == HELLO * 2
    second, = some(runner)
    assert second != first and len(deaths(run)) == 2, str(run)


TWICE = """
import os, signal, sys, urllib.request
def fetch():
    return urllib.request.urlopen("http://web.corp.test/hello.txt", timeout=20).read()
first = fetch()
print("one", flush=True)
sys.stdin.readline()
print("two" if fetch() == first else "another")
"""


def test_a_program_outlives_it(runner, conf, site):
    env, _ = alone(runner, conf)
    process = runner.start(runner.place.prefix() + ["/usr/bin/python3", "-c", TWICE], env, stdin=-1)
    assert process.stdout.readline() == "one\n", process.stderr.read()
    os.kill(some(runner)[0], signal.SIGKILL)
    out, err = process.communicate("\n", timeout=SECONDS)
    assert out == "two\n" and not err, err


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
@pytest.mark.parametrize("how", ("one", "own-child", "threads", "forked", "closed"))
def test_the_program_sees_nothing_of_it(runner, conf, site, tools, how, kind):
    """Children, signals and descriptors are as they were."""
    run = run_by(ALONE, runner, [tools("children", kind), how, "web.corp.test", "80"], conf,
                 log="error")
    assert run.must_succeed().out == "ok\n" and not run.err, str(run)
    some(runner)


def test_it_holds_nothing_of_the_program(runner, conf, site):
    env, _ = alone(runner, conf)
    begin = time.monotonic()
    process = runner.start(runner.place.prefix() + ["sh", "-c", f"exec 7</dev/zero; {CURL}"], env)
    # Their end comes when nobody has them any more.
    out, err = process.communicate(timeout=SECONDS)
    assert out == HELLO and time.monotonic() - begin < 8, err
    broker, = some(runner)
    with open(f"/proc/{broker}/stat", encoding="ascii") as file:
        state, _, group, session = file.read().rpartition(")")[2].split()[:4]
    assert state in "SR" and int(group) == int(session) == broker != process.pid

    def held():
        return sorted(os.readlink(f"/proc/{broker}/fd/{fd}").split(":")[0]
                      for fd in os.listdir(f"/proc/{broker}/fd"))

    # And, until it has seen the program end, a pidfd.
    assert wait_for(lambda: held() == ["/dev/null"] * 3 + ["/memfd", "socket"], SECONDS), held()
    assert os.readlink(f"/proc/{broker}/cwd") == "/"


def test_it_ends_some_seconds_after_the_last_program(runner, conf, site):
    """A forked one, which has never asked for it, included."""
    script = ("import os, time, urllib.request\n"
              "urllib.request.urlopen('http://web.corp.test/hello.txt', timeout=20)\n"
              "if os.fork() == 0:\n    os.close(1), os.close(2), time.sleep(12)\n")
    run = Job(runner, conf).run(["/usr/bin/python3", "-c", script])
    run.must_succeed()
    time.sleep(11)
    assert brokers(runner), "the child has its tables"
    assert wait_for(lambda: not brokers(runner), SECONDS)


def test_who_goes_direct_starts_none(runner, peers, site):
    responder = peers.responder("127.0.0.1", ns="client")
    direct = peers.responder(world.PROXY_SIDE[0], ns="proxy")
    conf = rules(*(hop.url() for hop in peers.one_hop())) + (
        f"[rules]\ndirect = {world.PROXY_SIDE[0]}\n")
    for server in (responder, direct):
        run = run_by(ALONE, runner, ["curl", "-sS", "-m", "9",
                                     f"http://{server.address}:{server.port}/"], conf)
        assert run.must_succeed().out == f"hello from {server.port}\n"
    assert not brokers(runner)


def test_neither_home_nor_a_writable_file_is_needed(runner, conf, site):
    if not real_root():
        pytest.skip("needs real root")
    place = runner.place.but(user="root", wrap=(
        "unshare", "-m", "sh", "-c", 'mount -o bind,remount,ro / && exec "$@"', "sh"))
    env, _ = alone(runner, conf, log="info")
    argv = place.prefix() + ["env", "-i"] + [f"{name}={value}" for name, value in env.items()] + [
        "sh", "-c", f"! touch /x && {CURL} && {CURL}"]
    run = runner._run(argv, None, "", {}, 40, place)
    assert run.must_succeed().out == HELLO * 2
    assert len([line for line in run.warnings() if " is down" in line]) == 1, str(run)
    some(runner)


@pytest.mark.parametrize("launcher, why", (
    ("/nonexistent/gochain", "no launcher is beside the library; GOCHAIN_LAUNCHER names it"),
    ("/dev/null", "no launcher is beside the library; GOCHAIN_LAUNCHER names it"),
    ("bad", "it can't be started: errno 2")))
def test_where_there_can_be_none_a_line_says_so(runner, conf, site, launcher, why):
    """And all else is as before: each program for itself."""
    if launcher == "bad":
        launcher = os.path.join(runner.place.folder, "launcher")
        with open(launcher, "w", encoding="ascii") as file:
            file.write("#!/nonexistent/sh\n")
        os.chmod(launcher, 0o755)
    job = Job(runner, conf)
    run = job.run(f"{CURL} && {CURL}", GOCHAIN_LAUNCHER=launcher)
    assert run.must_succeed().out == HELLO * 2
    said = [event["message"] for event in run.of("message") if "no broker" in event["message"]]
    assert said == [f"no broker ({why}): each program finds out by itself which hops are down"] * 2
    assert len(deaths(run)) == 2, str(run)


def test_a_launcher_that_is_none_of_ours_costs_nothing_but_that(runner, conf, site):
    path = os.path.join(runner.place.folder, "launcher")
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexit 0\n")
    os.chmod(path, 0o755)
    run = Job(runner, conf).run(f"{CURL} && {CURL}", GOCHAIN_LAUNCHER=path)
    assert run.must_succeed().out == HELLO * 2
    assert len(deaths(run)) == 2, str(run)


def test_a_strict_chain_without_one_is_silent(runner, peers, site):
    """Nothing of what it would share costs time there."""
    conf = f"[gochain]\ndefault = far\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"
    env, _ = alone(runner, conf, log="info")
    run = runner._run(runner.place.prefix() + CURL.split(), None, "",
                      env | {"GOCHAIN_LAUNCHER": "/nonexistent", "GOCHAIN_LOG": "warn"}, 40, None)
    assert run.must_succeed().out == HELLO and not run.err, str(run)


@pytest.mark.parametrize("kind", ("dynamic", "static"))
def test_a_static_program_starts_it_too(runner, conf, site, tools, kind):
    fetch = f"{tools('fetch', 'static')} web.corp.test 80"
    script = f"{fetch}; {CURL}; {fetch}" if kind == "static" else f"{CURL}; {fetch}; {CURL}"
    run = Job(runner, conf).run(script)
    assert run.must_succeed().out == HELLO * 3
    assert some(runner) and len(deaths(run)) == 1, str(run)


def test_one_relay_for_the_whole_job(runner, peers, site):
    """R ends with the broker then, not with the program that has started it."""
    import relay_test
    conf = relay_test.conf_of(peers, runner.place.folder)
    run = run_by(ALONE, runner, ["sh", "-c", f"{CURL}; {CURL}; {CURL}"], conf)
    assert run.must_succeed().out == HELLO * 3, str(run)
    relay, = started(runner.gochain.path, "--library-relay")
    os.kill(relay, 0)
    end_brokers(runner)
    assert wait_for(lambda: not started(runner.gochain.path, "--library-relay"), SECONDS)
