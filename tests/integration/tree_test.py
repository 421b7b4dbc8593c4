"""gochain stays out of the way: exit status, signals, job control, standard input, background."""

import os
import re
import signal
import shlex
import subprocess
import time

import pytest

import world
from gochain import MODES
from terminal import Terminal, processes_with, wait_until


@pytest.fixture(params=(*MODES, "env"))
def mode(request):
    return request.param


@pytest.fixture
def sh(runner, peers, mode):
    """Runs a shell script under gochain."""
    def run(script, **kwargs):
        return runner.run(["sh", "-c", script], mode=mode, hops=peers.one_hop(), **kwargs)
    return run


@pytest.fixture
def start(runner, peers, mode):
    """Starts a script under gochain, its output in files, so that nothing waits for a pipe."""
    started = []

    def run(script, **popen):
        argv, _ = runner.argv(["sh", "-c", script], mode=mode, hops=peers.one_hop())
        # Replaced by exec, so the pid is gochain's own.
        process = runner.start(argv, **popen)
        started.append(process)
        return process

    yield run
    for process in started:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(timeout=5)


@pytest.mark.parametrize("script, status", [
    ("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", -15), ("kill -KILL $$", -9),
    ("kill -SEGV $$", -11), ("kill -INT $$", -2),
])
def test_exit_status_is_the_commands(sh, script, status):
    assert sh(script).status == status


def test_command_not_found(runner, peers, mode, folder):
    run = runner.run(["no-such-command"], mode=mode, hops=peers.one_hop(), log=None)
    assert run.status == 127, str(run)
    assert len(run.warnings()) == 1 and "no-such-command" in run.err, str(run)
    path = os.path.join(folder, "plain")
    with open(path, "w", encoding="ascii") as file:
        file.write("x")
    os.chmod(path, 0o644)
    run = runner.run([path], mode=mode, hops=peers.one_hop(), log=None)
    assert run.status == 126, str(run)
    assert len(run.warnings()) == 1, str(run)


def test_standard_input_and_output_pass(runner, peers, mode):
    text = "".join(f"line {n}\n" for n in range(20000))
    assert runner.run(["cat"], mode=mode, hops=peers.one_hop(), stdin=text).out == text


def test_closed_standard_streams(sh, runner, peers, mode):
    argv, _ = runner.argv(["sh", "-c", "exit 5"], mode=mode, hops=peers.one_hop())
    line = shlex.join(argv)
    run = runner.alone(["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"] + argv[len(
        runner.place.prefix()):])
    assert run.status == 5, f"{line}\n{run}"


def test_background_job_does_not_hold_gochain(start):
    begin = time.monotonic()
    process = start("sleep 100 & exit 3", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.wait(timeout=10) == 3
    assert time.monotonic() - begin < 2.0


def test_background_job_is_still_routed_and_the_supervisor_ends_with_it(runner, peers, site, folder,
                                                                        mode):
    out = os.path.join(folder, "late")
    argv, log_file = runner.argv(
        ["sh", "-c", f"(sleep 0.7; env -i curl -sS http://web.corp.test/hello.txt >{out}; "
         f"touch {out}.done) >/dev/null 2>&1 & exit 4"], mode=mode, hops=peers.one_hop())
    if mode in ("preload", "env"):
        argv = [a.replace("env -i ", "") for a in argv]
    process = runner.start(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.wait(timeout=10) == 4
    assert not os.path.exists(out + ".done")
    assert wait_until(lambda: os.path.exists(out + ".done"), 8)
    with open(out, encoding="ascii") as file:
        assert file.read() == "hello from nginx\n"
    # The log's path stands on gochain's command line and nowhere else.
    assert wait_until(lambda: not processes_with(log_file), 3), processes_with(log_file)


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1))
def test_signal_reaches_the_command(start, number):
    name = number.name[3:]
    process = start(f"trap 'echo got; exit 9' {name}; echo up; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    assert process.stdout.readline() == "got\n"
    assert process.wait(timeout=5) == 9


def test_command_that_dies_of_sigterm(start):
    process = start("echo up; exec sleep 100")
    assert process.stdout.readline() == "up\n"
    process.terminate()
    assert process.wait(timeout=5) == -signal.SIGTERM


def test_killed_gochain_takes_the_command_with_it(start, folder):
    mark = "31.4159"
    process = start(f"echo up; sleep {mark} & wait", stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == "up\n"

    def sleeping():
        # Not the shell, whose command line says so too.
        return [line for _, line in processes_with(f"sleep {mark}") if line.startswith("sleep")]

    assert wait_until(sleeping, 3)
    process.kill()
    process.wait(timeout=5)
    assert wait_until(lambda: not sleeping(), 3)


@pytest.fixture
def terminal(runner):
    made = Terminal(runner)
    yield made
    made.close()


def settle():
    """A shell between vfork and exec of its child can't be stopped; that moment passes."""
    time.sleep(0.2)


def line_of(runner, peers, mode, argv, hops=None, **kwargs):
    full, _ = runner.argv(argv, mode=mode, hops=hops or peers.one_hop(), **kwargs)
    return shlex.join(full[len(runner.place.prefix()):])


def test_ctrl_c_ends_the_command(terminal, runner, peers, mode):
    terminal.type(line_of(runner, peers, mode, ["sh", "-c", "echo up; exec sleep 50"]))
    terminal.expect("up")
    settle()
    terminal.send("\x03")
    terminal.expect("ready> ")
    assert terminal.command("echo status $?").strip() == "status 130"


def test_ctrl_c_stops_a_shell_loop(terminal, runner, peers, mode):
    one = line_of(runner, peers, mode, ["sh", "-c", "echo up; exec sleep 50"])
    terminal.send(f"for i in 1 2 3; do {one}; echo next; done\n")
    terminal.expect("up")
    settle()
    terminal.send("\x03")
    terminal.expect("ready> ", 5)
    assert "next" not in terminal.text


def test_ctrl_c_that_the_command_handles(terminal, runner, peers, mode):
    terminal.type(line_of(runner, peers, mode, [
        "bash", "-c", "trap 'echo handled; exit 6' INT; echo up; while :; do sleep 0.1; done"]))
    terminal.expect("up")
    settle()
    terminal.send("\x03")
    terminal.expect("handled")
    terminal.expect("ready> ")
    assert terminal.command("echo status $?").strip() == "status 6"


def test_ctrl_z_and_fg(terminal, runner, peers, mode):
    terminal.type(line_of(runner, peers, mode, [
        "sh", "-c", "echo up; read line; echo \"read $line\"; exit 8"]))
    terminal.expect("up")
    settle()
    terminal.send("\x1a")
    terminal.expect("Stopped")
    terminal.expect("ready> ")
    assert "Stopped" in terminal.command("jobs")
    terminal.send("fg\n")
    time.sleep(0.3)
    terminal.send("word\n")
    terminal.expect("read word")
    terminal.expect("ready> ")
    assert terminal.command("echo status $?").strip() == "status 8"


def test_ctrl_z_and_bg(terminal, runner, peers, mode, folder):
    mark = os.path.join(folder, "done")
    terminal.type(line_of(runner, peers, mode, ["sh", "-c", f"echo up; sleep 1; touch {mark}"]))
    terminal.expect("up")
    settle()
    terminal.send("\x1a")
    terminal.expect("Stopped")
    terminal.expect("ready> ")
    assert not os.path.exists(mark)
    terminal.command("bg")
    assert wait_until(lambda: os.path.exists(mark), 5)


@pytest.mark.parametrize("key", ("c", "z"))
def test_keys_work_during_a_dial_that_hangs(terminal, runner, peers, mode, key):
    hang = peers.fault("hang")
    url = f"socks5://{world.PROXY_SIDE[0]}:{hang.port}"
    dial = f"socket.socket().connect(('{world.TARGET[0]}', 80))"
    if mode == "env":
        dial = f"urllib.request.urlopen('http://{world.TARGET[0]}/')"
    script = ("import signal, socket, urllib.request; signal.signal(signal.SIGINT, signal.SIG_DFL);"
              f"print('up', flush=True); {dial}")
    terminal.type(line_of(runner, peers, mode, ["/usr/bin/python3", "-c", script], hops=[url]))
    terminal.expect("up")
    assert wait_until(lambda: hang.accepted > 0)
    begin = time.monotonic()
    terminal.send("\x03" if key == "c" else "\x1a")
    if key == "z":
        terminal.expect("Stopped", 3)
    terminal.expect("ready> ", 3)
    assert time.monotonic() - begin < 2.0
    if key == "c":
        assert terminal.command("echo status $?").strip() == "status 130"
    else:
        terminal.command("kill -9 %1")


def test_terminal_is_the_commands(terminal, runner, peers, mode):
    """A program that reads the terminal in the foreground gets what is typed."""
    terminal.type(line_of(runner, peers, mode, [
        "sh", "-c", "echo up; read a </dev/tty; echo \"tty $a\"; test -t 0 && echo is a tty"]))
    terminal.expect("up")
    terminal.send("typed\n")
    terminal.expect("tty typed")
    terminal.expect("is a tty")
    terminal.expect("ready> ")


def test_many_children_at_once(sh, site):
    run = sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do "
             "curl -sS -m 20 http://web.corp.test/hello.txt & done; wait")
    assert run.must_succeed().out == "hello from nginx\n" * 12
    assert len(run.of("connect")) == 12


def test_environment_of_the_command(sh, runner, peers, mode):
    if mode == "env":
        pytest.skip("listen_test.py has it")
    run = sh("env", env={"ALL_PROXY": "socks5://192.0.2.1:1", "https_proxy": "http://192.0.2.1:2",
                         "KEEP_ME": "as is"})
    names = dict(line.split("=", 1) for line in run.must_succeed().out.splitlines() if "=" in line)
    assert "ALL_PROXY" not in names and "https_proxy" not in names, str(run)
    assert names["KEEP_ME"] == "as is"
    kept = runner.run(["env"], mode=mode, hops=peers.one_hop(), options=["--keep-proxy-env"],
                      env={"ALL_PROXY": "socks5://192.0.2.1:1"}, log=None)
    assert "ALL_PROXY=socks5://192.0.2.1:1" in kept.out and len(kept.warnings()) == 1, str(kept)


def test_no_descriptor_is_left_to_the_command(sh):
    run = sh("ls -l /proc/self/fd")
    fds = re.findall(r" (\d+) -> (\S+)", run.must_succeed().out)
    # 0, 1, 2 and the folder that ls itself reads.
    assert [fd for fd, _ in fds] == ["0", "1", "2", "3"], str(run)


def test_command_has_room_for_descriptors_before_it_has_threads(sh):
    run = sh("exec grep FDSize /proc/self/status")
    assert run.must_succeed().out == "FDSize:\t1024\n", str(run)
