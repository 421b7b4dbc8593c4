"""tools/dials.c under one of the doors, and what its processes hold."""

import os
import signal
import time

from gochain import keep_private, read_events

KEPT_PIDFDS = 64
# The supervisor's: one that leads, eight idle ones, and those of the responder and of process S.
KEPT_THREADS = 16
SECONDS = 40  # in which the program must have ended whatever it does


class Dial:
    def __init__(self, error, took_ms, received):
        self.error, self.took_ms, self.received = error, took_ms, received


class Dials:
    """Context: the program, its targets told and resolved, waiting."""

    def __init__(self, runner, program, door, conf, targets, count=None,
                 workers=8, log_level="info"):
        self.door = "supervise" if door == "supervise" else "preload"
        self.events = {}
        self._program = program
        argv = [program] + (["-n", str(count), str(workers)] if count else [])
        if door == "library alone":
            path = runner._new_path("gochain.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write(conf)
            keep_private(path)
            self._log = runner._new_path("log.json")
            argv = runner.place.prefix() + argv
            env = {"LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path,
                   "GOCHAIN_LOG": log_level, "GOCHAIN_LOG_FORMAT": "json",
                   "GOCHAIN_LOG_FILE": self._log}
        else:
            argv, self._log = runner.argv(argv, mode=door, conf=conf)
            if log_level == "error":
                argv.remove("-v")
                argv.insert(argv.index("--mode"), "-q")
            env = None
        self.process = runner.start(argv, env, stdin=-1)
        for target in targets:
            self._say(target.replace(":", " "))
        self._say("go")
        list(self._until("ready"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            _, err = self.process.communicate(timeout=SECONDS)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.communicate(timeout=5)
        for event in read_events(self._log):
            self.events.setdefault(event.get("target"), []).append(event)
        assert self.process.returncode == 0, f"status {self.process.returncode}\n{err}"

    def dial(self):
        """All targets but the first, at once: a list in their order. Sockets whose connect fails stay
        open until again()."""
        out = {}
        self._say("dial")
        for line in self._until("dialled"):
            word, index, error, took_ms, received = line.split()
            assert word == "dial", line
            out[int(index) - 1] = Dial(int(error), int(took_ms), bytes.fromhex(
                received.replace("-", "")))
        return [out[index] for index in range(len(out))]

    def again(self):
        """What failed, on the same socket to the first target: complaints; descriptors of the
        program before all and now."""
        self._say("again")
        return self._read_done()

    def run(self):
        """COUNT connects in turn."""
        self._say("run")
        return self._read_done()

    def program(self):
        """The process itself."""
        return next(pid for pid in tree(self.process.pid) if is_of(pid, self._program))

    def _read_done(self):
        lines = list(self._until("done"))
        return lines, tuple(int(word) for word in self._last.split()[1:])

    def _say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _until(self, word):
        for line in self.process.stdout:
            if line.split()[0] == word:
                self._last = line
                return
            yield line.rstrip("\n")
        raise AssertionError(f"ended early: {self.process.stderr.read()}")


def wait_for(what, seconds=10):
    """The last value of `what()`, which is true or took `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def tree(pid):
    """`pid` and all below it."""
    return [pid] + [below for child in children(pid) for below in tree(child)]


def is_of(pid, path):
    try:
        return os.readlink(f"/proc/{pid}/exe") == path
    except OSError:
        return False


def helpers_of(process):
    """A run's processes beside the one that was started: the supervisor, and the relay if there is
    one, by names of their own."""
    exe = os.readlink(f"/proc/{process.pid}/exe")
    pids = [pid for pid in children(process.pid) if is_of(pid, exe)]
    return {"supervisor" if children(pid) else "relay": pid for pid in pids}


class Held:
    """What a process holds now. The supervisor's pidfds of threads that made a call are counted
    apart: it keeps up to 64 of them, of threads that are gone too."""

    def __init__(self, pid):
        folder = f"/proc/{pid}/fd/"
        names = []
        for number in os.listdir(folder):
            try:
                names.append(os.readlink(folder + number))
            except FileNotFoundError:
                pass
        self.pidfds = sum("pidfd" in name for name in names)
        self.others = len(names) - self.pidfds
        self.threads = len(os.listdir(f"/proc/{pid}/task"))
        # Memory that is this process's own and written to.
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            self.kib = sum(int(line.split()[1]) for line in file if line.startswith("Private_Dirty"))

    def __str__(self):
        return (f"{self.others} descriptors and {self.pidfds} pidfds, {self.threads} threads,"
                f" {self.kib} KiB")

    def is_no_more_than(self, before):
        return self.others <= before.others and self.pidfds <= before.pidfds + KEPT_PIDFDS and (
            self.threads <= max(before.threads, KEPT_THREADS))


def steady(pid):
    """What `pid` holds once that stays the same for a while: a run's own processes may still be at
    their start when the program is under way."""
    last = Held(pid)
    for _ in range(50):
        time.sleep(0.1)
        now = Held(pid)
        if (now.others, now.pidfds, now.threads) == (last.others, last.pidfds, last.threads):
            break
        last = now
    return now


def settled(pid, before, seconds=10):
    """What `pid` holds once it is no more than `before`, or has had its time."""
    wait_for(lambda: Held(pid).is_no_more_than(before), seconds)
    return Held(pid)
