"""Runs programs as a user would, alone or under gochain, and reads what gochain logged."""

import json
import os
import shlex
import shutil
import signal
import subprocess

MODES = ("preload", "supervise", "auto")
# The supervisor carries the connections of event loops, and dials for the others.
SUPERVISED = ("supervise", "relay")
TIMEOUT = 40

NOBODY = 65534


class Place:
    """Where and as whom a command runs: namespace, user, resolv.conf and hosts file of its own.

    The files below `usr_local` lie over those of /usr/local. `user` is "nobody" (an ordinary user
    without any capability) or "root". Inside an ordinary user's own namespace there is no second
    user: "nobody" is then the same user, capabilities gone.
    `mounts` is a command that root runs in the place's own mount namespace; with `first_process` the
    command is process 1 of a PID namespace.
    """

    def __init__(self, folder, ns="client", user="nobody", resolv_conf=None, hosts=None, wrap=(),
                 usr_local=None, mounts=None, first_process=False):
        self.folder, self.ns, self.user = folder, ns, user
        self.resolv_conf, self.hosts, self.wrap = resolv_conf, hosts, tuple(wrap)
        self.usr_local, self.mounts, self.first_process = usr_local, mounts, first_process

    def but(self, **changes):
        values = dict(vars(self)) | changes
        return Place(**values)

    def prefix(self):
        argv = ["nsenter", "--net=/run/netns/" + self.ns, "--"]
        files = [("resolv.conf", self.resolv_conf), ("hosts", self.hosts)]
        if (self.usr_local or self.mounts or self.first_process
                or any(text is not None for _, text in files)):
            script = ""
            if self.usr_local:
                lower = shlex.quote(f"lowerdir={self.usr_local}:/usr/local")
                script = f"mount -t overlay overlay -o {lower} /usr/local && "
            for name, text in files:
                if text is not None:
                    path = os.path.join(self.folder, name)
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(text)
                    os.chmod(path, 0o644)
                    script += f"mount --bind {shlex.quote(path)} /etc/{name} && "
            script += f"{self.mounts} && " if self.mounts else ""
            flags = ["-mpf", "--mount-proc", "--kill-child"] if self.first_process else ["-m"]
            argv += ["unshare", *flags, "--", "sh", "-c", script + 'exec "$@"', "sh"]
        if self.user == "nobody":
            argv += ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
            if real_root():
                argv += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            argv += ["--"]
        return argv + list(self.wrap)


def real_root():
    """False in a user namespace that maps one user only."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return int(file.read().split()[2]) > NOBODY


def keep_private(path):
    """Only who runs the commands may read `path`: rules files have passwords."""
    os.chmod(path, 0o600)
    if real_root():
        os.chown(path, NOBODY, NOBODY)


class Run:
    """A finished command."""

    def __init__(self, argv, status, out, err, log_file=None):
        self.argv, self.status, self.out, self.err = argv, status, out, err
        self.events = read_events(log_file)

    def __str__(self):
        events = "\n".join(json.dumps(event) for event in self.events)
        return (
            f"$ {shlex.join(self.argv)}\nstatus {self.status}\n--- out\n{self.out[-3000:]}\n"
            f"--- err\n{self.err[-3000:]}\n--- events\n{events[-4000:]}"
        )

    def of(self, kind, target=None):
        return [
            event
            for event in self.events
            if event["event"] == kind and (target is None or event["target"].startswith(target))
        ]

    def must_succeed(self):
        assert self.status == 0, str(self)
        return self

    def must_dial_by(self, door, route=None, hops=None, target=None, exe=None):
        """At least one connection (of `exe`, to `target`) was logged, each of them by `door`; an event
        loop's may be carried where that is "supervise"."""
        connects = [e for e in self.of("connect", target) if exe is None or e["exe"] == exe]
        assert connects, f"no connection logged\n{self}"
        for event in connects:
            doors = SUPERVISED if door == "supervise" else (door,)
            assert event["door"] in doors, f"dialled by {event['door']}, not {door}\n{self}"
            if route is not None:
                assert event["route"] == route, str(self)
            if hops is not None:
                assert len(event.get("hops", [])) == hops, str(self)
        return connects

    def warnings(self):
        """What a person would read."""
        return [line for line in self.err.splitlines() if line.startswith("gochain:")]


def read_events(path):
    if not path or not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Gochain:
    """gochain from a build folder, copied to where every user can read it."""

    def __init__(self, build, folder):
        self.programs = os.path.join(build, "programs")
        self.loops = os.path.join(build, "loops")
        self.bin = os.path.join(folder, "bin")
        os.makedirs(self.bin, exist_ok=True)
        for name in ("gochain", "libgochain.so"):
            shutil.copy2(os.path.join(build, name), self.bin)
        self.path = os.path.join(self.bin, "gochain")
        self.library = os.path.join(self.bin, "libgochain.so")


class Runner:
    """Starts commands for one test; its folder takes logs and rules files."""

    def __init__(self, gochain, place, environment):
        self.gochain, self.place, self.environment = gochain, place, environment
        self._count = 0

    def _new_path(self, name):
        self._count += 1
        return os.path.join(self.place.folder, f"{self._count:02}-{name}")

    def argv(self, argv, mode=None, hops=(), conf=None, options=(), log="json", place=None):
        """The full command line and its log file. `conf` is the text of a rules file."""
        place = place or self.place
        command = [self.gochain.path]
        if mode:
            command += ["--mode", mode]
        for hop in hops:
            command += ["-p", hop if isinstance(hop, str) else hop.url()]
        if conf is not None:
            path = self._new_path("gochain.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(conf)
            keep_private(path)
            command += ["-f", path]
        log_file = None
        if log == "json":
            log_file = self._new_path("log.json")
            command += ["-v", "--log-format", "json", "--log-file", log_file]
        return place.prefix() + command + list(options) + list(argv), log_file

    def run(self, argv, mode="auto", hops=(), conf=None, options=(), log="json", place=None,
            stdin="", env=None, timeout=TIMEOUT):
        """Under gochain."""
        full, log_file = self.argv(argv, mode, hops, conf, options, log, place)
        return self._run(full, log_file, stdin, env, timeout, place)

    def alone(self, argv, place=None, stdin="", env=None, timeout=TIMEOUT):
        """Without gochain."""
        full = (place or self.place).prefix() + list(argv)
        return self._run(full, None, stdin, env, timeout, place)

    def _run(self, full, log_file, stdin, env, timeout, place):
        process = self.start(full, env, stdin=subprocess.PIPE, place=place)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            # SIGTERM first: gochain must not keep anything of the tree alive.
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.communicate(timeout=3)
                    break
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue
            raise AssertionError(
                f"no end within {timeout} s: {shlex.join(full)}\n"
                + "\n".join(json.dumps(event) for event in read_events(log_file))
            ) from None
        run = Run(full, process.returncode, out, err, log_file)
        with open(self._new_path("run.txt"), "w", encoding="utf-8") as file:
            file.write(str(run))
        return run

    def start(self, full, env=None, place=None, **popen):
        """The process itself, for tests that signal it or read it piecemeal."""
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(
            full, text=True, errors="replace", start_new_session=True,
            cwd=(place or self.place).folder,
            env=self.environment if env is None else self.environment | env, **popen,
        )


def door_of(program_kind, mode):
    """Which door must dial: dynamic programs are the library's where it may be, others never."""
    if mode == "supervise" or program_kind == "static":
        return "supervise"
    return "preload"
