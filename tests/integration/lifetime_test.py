"""Programs that outlive, replace or multiply what was started, and gochain's own death: what dials is
routed or refused, and nothing hangs."""

import errno
import os
import signal
import subprocess
import threading

import pytest

import world
from calls_test import program as built
from dials import children, helpers_of
from doors import ALONE, DOORS, alone, dialled_by, run_by
from gochain import MODES, read_events
from peers.forwarder import Forwarder
from terminal import processes_with, wait_until

HELLO = "hello from nginx\n"
NAME = "web.corp.test 80"
KINDS = ("dynamic", "static")

# Scripts with a dynamic program for $1 and a static one for $2; how often each dials.
STARTERS = {
    "nohup": ('for P; do nohup "$P" $T 2>/dev/null | cat; done', 1),
    "timeout": ('for P; do timeout 30 "$P" $T; done', 1),
    "setsid": ('for P; do setsid -w "$P" $T; done', 1),
    "exec": ('"$1" $T; exec "$2" $T', 1),
    "xargs": ('for P; do seq 8 | xargs -P 4 -n 1 sh -c \'exec "$0" $T\' "$P"; done', 8),
    "make": ('for P; do printf "all: a b c d e f\\na b c d e f: ; @$P $T\\n" | make -s -j4 -f -; done',
             6),
    "script": ('for P; do script -qec "$P $T" /dev/null </dev/null | tr -d "\\r"; done', 1),
}


@pytest.fixture
def programs(tools):
    return [tools("fetch", kind) for kind in KINDS]


def rules(hop, more=""):
    url = hop if isinstance(hop, str) else hop.url()
    return f"[gochain]\ndefault = far\n{more}\n[proxy far]\nurl = {url}\n"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("how", STARTERS)
def test_what_it_starts_is_routed(runner, programs, peers, site, how, door):
    script, count = STARTERS[how]
    run = run_by(door, runner, ["sh", "-c", script, "sh", *programs], rules(peers.one_hop()[0]),
                 env={"T": NAME})
    assert run.must_succeed().out == HELLO * count * 2, str(run)
    for program, by in zip(programs, (dialled_by(door), "supervise")):
        assert len(run.must_dial_by(by, hops=1, exe=os.path.basename(program))) == count, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_timeout_ends_programs_that_dial(runner, programs, peers, door):
    hang = peers.fault("hang")
    run = run_by(door, runner,
                 ["sh", "-c", 'for P; do timeout 0.5 "$P" $T; echo $?; done', "sh", *programs],
                 rules(f"socks5://{hang.address}:{hang.port}"),
                 env={"T": f"{world.TARGET[0]} 80"})
    assert run.out == "124\n124\n", str(run)
    assert wait_until(lambda: not any(processes_with(f"{program} {world.TARGET[0]}")
                                      for program in programs))


@pytest.mark.parametrize("mode, kind", [(mode, kind) for mode in MODES for kind in KINDS
                                        if (mode, kind) != ("preload", "static")])
def test_timeout_ends_gochain_and_what_it_runs(runner, tools, peers, mode, kind):
    hang = peers.fault("hang")
    argv, log_file = runner.argv([tools("fetch", kind), world.TARGET[0], "80"], mode=mode,
                                 hops=[f"socks5://{hang.address}:{hang.port}"])
    at = len(runner.place.prefix())
    run = runner.alone(["timeout", "1", *argv[at:]])
    assert run.status == 124, str(run)
    # The log's path stands on gochain's command line, also of its supervisor.
    assert wait_until(lambda: not processes_with(log_file)), processes_with(log_file)
    assert wait_until(lambda: not processes_with(f"fetch-{kind} {world.TARGET[0]}"))


@pytest.fixture
def start(runner):
    """Starts a command line; what it leaves behind is killed after the test."""
    started = []

    def run(argv, **popen):
        started.append(runner.start(argv, **popen))
        return started[-1]

    yield run
    for process in started:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.communicate(timeout=5)


@pytest.mark.parametrize("mode", MODES)
def test_hangup_that_is_ignored_stays_ignored(runner, start, programs, peers, site, mode):
    """`nohup gochain COMMAND`, when the terminal goes."""
    script = 'echo up; read line; for P; do "$P" $T; done'
    argv, _ = runner.argv(["sh", "-c", script, "sh", *programs], mode=mode, hops=peers.one_hop())
    at = len(runner.place.prefix())
    process = start(argv[:at] + ["nohup", *argv[at:]], env={"T": NAME}, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGHUP)
    os.killpg(process.pid, signal.SIGHUP)
    out, err = process.communicate("go\n", timeout=30)
    assert (process.returncode, out) == (0, HELLO * 2), err


# A daemon as books have it; after the file argv[1] is there it dials, in this image or another.
DAEMON = """
import os, socket, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.chdir("/")
os.umask(0)
os.closerange(0, 256)
while not os.path.exists(sys.argv[1]): time.sleep(0.02)
for path, flags in (("/dev/null", os.O_RDWR), (sys.argv[2], os.O_WRONLY | os.O_CREAT)):
    os.set_inheritable(os.open(path, flags, 0o666), True)
os.dup2(1, 2)
if sys.argv[3] != "itself": os.execv(sys.argv[3], sys.argv[3:])
with socket.create_connection((sys.argv[4], int(sys.argv[5]))) as s:
    s.sendall(b"GET /hello.txt HTTP/1.0\\r\\n\\r\\n")
    whole = b""
    while data := s.recv(4096): whole += data
os.write(1, whole.split(b"\\r\\n\\r\\n")[1])
"""


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ("itself", "static"))
def test_daemon_dials_long_after_the_command(runner, start, tools, peers, site, folder, door, kind):
    go, out = os.path.join(folder, "go"), os.path.join(folder, "out")
    program = "itself" if kind == "itself" else tools("fetch", kind)
    command = ["/usr/bin/python3", "-c", DAEMON, go, out, program, *NAME.split()]
    conf = rules(peers.one_hop()[0])
    env = {}
    if door == ALONE:
        env, log_file = alone(runner, conf)
        argv = runner.place.prefix() + command
    else:
        argv, log_file = runner.argv(command, mode=door, conf=conf)
    process = start(argv, env=env)
    assert process.wait(timeout=20) == 0
    assert wait_until(lambda: processes_with(go)), "the daemon is gone"
    with open(go, "w", encoding="ascii"):
        pass

    def answered():
        if not os.path.exists(out):
            return ""
        with open(out, encoding="ascii") as file:
            return file.read()

    assert wait_until(lambda: answered() == HELLO, 20), answered()
    event, = [event for event in read_events(log_file) if event["event"] == "connect"]
    assert event["door"] == ("supervise" if kind == "static" else dialled_by(door)), event
    # And with it the supervisor.
    assert wait_until(lambda: not processes_with(go), 10), processes_with(go)


class Gate(Forwarder):
    """A proxy that says nothing before it is opened."""

    def __init__(self, peers):
        self._opened = threading.Event()
        super().__init__(world.World.listen("proxy", world.PROXY_SIDE[0]), peers.one_hop()[0])

    def let_through(self):
        self._opened.set()

    def _carry(self, near, said):
        self._opened.wait(60)
        super()._carry(near, said)


@pytest.fixture
def gate(peers):
    made = Gate(peers)
    yield made
    made.let_through()
    made.stop()


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0]


def started_as(program):
    """The processes that `program` runs in, without gochain's, whose command lines name it too."""
    return [pid for pid, line in processes_with(program) if line.startswith(program)]


@pytest.mark.parametrize("mode, kind", [("preload", "dynamic"), ("supervise", "dynamic"),
                                        ("supervise", "static"), ("auto", "dynamic"),
                                        ("auto", "static")])
def test_dial_goes_on_after_a_stop(runner, start, tools, gate, site, mode, kind):
    """A COMMAND that is stopped stops gochain, which continues it."""
    program = tools("fetch", kind)
    argv, _ = runner.argv([program, world.TARGET[0], "80"], mode=mode, conf=rules(gate))
    process = start(argv)
    assert wait_until(lambda: gate.said, 10)
    command, = started_as(program)
    os.kill(command, signal.SIGSTOP)
    assert wait_until(lambda: state_of(process.pid) == state_of(command) == "T", 10)
    process.send_signal(signal.SIGCONT)
    assert wait_until(lambda: state_of(command) != "T", 10)
    gate.let_through()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, HELLO), err


def is_pending(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith("ShdPnd:")]
    return masks[0] >> (number - 1) & 1


def kill_supervisor(process):
    # gochain takes no signal before it has heard that COMMAND is started.
    process.send_signal(signal.SIGCONT)
    assert wait_until(lambda: not is_pending(process.pid, signal.SIGCONT))
    pid = helpers_of(process)["supervisor"]
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not os.path.exists(f"/proc/{pid}") or state_of(pid) == "Z")


@pytest.mark.parametrize("mode", MODES)
def test_without_the_supervisor_nothing_gets_out(runner, start, programs, peers, site, capture, mode):
    """Programs that COMMAND starts then; gochain ends as COMMAND does."""
    script = 'echo up; read line; for P; do "$P" $T 2>/dev/null; echo $?; done; exit 3'
    argv, _ = runner.argv(["sh", "-c", script, "sh", *programs], mode=mode,
                          conf=rules(peers.one_hop()[0]), place=runner.place.but(ns="open"))
    process = start(argv, env={"T": f"{world.TARGET[0]} 80"}, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "up\n"
    kill_supervisor(process)
    out, err = process.communicate("go\n", timeout=30)
    assert process.returncode == 3, err
    ends = [line for line in out.splitlines() if line.isdigit()]
    assert len(ends) == 2 and "0" not in ends and HELLO not in out, out + err
    if mode == "supervise":
        assert out.startswith(f"connect: {errno.ENOSYS}\n"), out + err
    assert not capture.packets(), out + err
    assert "the supervisor is gone" in err, err


def test_signals_are_passed_on_without_the_supervisor(runner, start, peers):
    argv, _ = runner.argv(["sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done"],
                          hops=peers.one_hop())
    process = start(argv)
    assert process.stdout.readline() == "up\n"
    kill_supervisor(process)
    process.terminate()
    assert process.wait(timeout=10) == 9


@pytest.mark.parametrize("kind", KINDS)
def test_dial_ends_with_the_supervisor(runner, start, tools, gate, kind):
    argv, _ = runner.argv([tools("fetch", kind), world.TARGET[0], "80"], mode="supervise",
                          conf=rules(gate))
    process = start(argv)
    assert wait_until(lambda: gate.said, 10)
    kill_supervisor(process)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, f"connect: {errno.ENOSYS}\n"), err


@pytest.mark.parametrize("mode", MODES)
def test_killed_gochain_leaves_no_way_out(runner, start, programs, peers, site, capture, folder,
                                          mode):
    """What has a session of its own lives on, and is routed as before."""
    go, out = os.path.join(folder, "go"), os.path.join(folder, "out")
    script = ('until [ -e "$0" ]; do sleep 0.05; done; for P; do "$P" $T; done >"$OUT" 2>&1;'
              ' mv "$OUT" "$OUT".done')
    argv, log_file = runner.argv(
        ["sh", "-c", 'echo up; setsid sh -c "$S" "$0" "$@" & wait', go, *programs], mode=mode,
        conf=rules(peers.one_hop()[0]), place=runner.place.but(ns="open"))
    process = start(argv, env={"T": f"{world.TARGET[0]} 80", "S": script, "OUT": out})
    assert process.stdout.readline() == "up\n"
    assert wait_until(lambda: [1 for _, line in processes_with(go) if line.startswith("sh -c until")])
    process.kill()
    assert process.wait(timeout=10) == -signal.SIGKILL
    with open(go, "w", encoding="ascii"):
        pass
    assert wait_until(lambda: os.path.exists(out + ".done"), 30)
    with open(out + ".done", encoding="ascii") as file:
        assert file.read() == HELLO * 2
    doors = [event["door"] for event in read_events(log_file) if event["event"] == "connect"]
    assert doors == [dialled_by(mode), "supervise"]
    assert not capture.packets()
    assert wait_until(lambda: not processes_with(log_file), 10), processes_with(log_file)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_gochain_ends_a_command_that_dials(runner, start, tools, gate, kind):
    program = tools("fetch", kind)
    argv, log_file = runner.argv([program, world.TARGET[0], "80"], conf=rules(gate, "connect_timeout = 60"))
    process = start(argv)
    assert wait_until(lambda: gate.said, 10)
    process.kill()
    assert wait_until(lambda: not started_as(program) and not processes_with(log_file), 10)


@pytest.mark.parametrize("door, count", [(mode, 200) for mode in MODES[1:]] + [("preload", 60),
                                                                              (ALONE, 60)])
def test_many_short_children(runner, peers, site, capture, door, count):
    """Static ones, for each of which a library alone starts a supervisor."""
    echo = peers.responder()
    child = [built(runner, "connect", "static"), "blocking", echo.address, str(echo.port)]
    run = run_by(door, runner, ["sh", "-c", 'seq "$0" | xargs -P 4 -I{} "$@"', str(count), *child],
                 rules(peers.one_hop()[0]), place=runner.place.but(ns="open"))
    assert run.must_succeed().out == "ok\n" * count, str(run)
    assert len(run.must_dial_by("supervise", hops=1)) == count
    assert not capture.packets(), str(run)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("handler, status", (("exit 9", 9), ("", 128 + signal.SIGTERM)))
def test_signals_reach_a_container(runner, start, peers, mode, handler, status):
    """Process 1 gets only signals that it has a handler for, and can't end by one."""
    script = (f"trap '{handler}' TERM; " if handler else "") + "echo up; while :; do sleep 0.1; done"
    argv, _ = runner.argv(["sh", "-c", script], mode=mode, hops=peers.one_hop(),
                          place=runner.place.but(first_process=True))
    process = start(argv)
    assert process.stdout.readline() == "up\n"
    # Below unshare(1), which waits for it.
    os.kill(children(process.pid)[0], signal.SIGTERM)
    assert process.wait(timeout=20) == status
