"""One command by each of gochain's doors, with the same rules: the launcher's modes, and the
library alone, which is all that a job's environment may bring."""

import os
import signal

from gochain import MODES, keep_private

ALONE = "alone"
DOORS = (*MODES, ALONE)


def run_by(door, runner, argv, conf, log="json", env=None, place=None, timeout=40):
    """`log`: json, or the level of what goes to standard error, as "warn"."""
    if door != ALONE:
        options = [] if log == "json" else ["-v"] if log == "info" else []
        more = {} if log == "json" else {"GOCHAIN_LOG": log}
        return runner.run(argv, mode=door, conf=conf, env=more | (env or {}), place=place,
                          timeout=timeout, options=options,
                          log="json" if log == "json" else None)
    variables, log_file = alone(runner, conf, log)
    full = (place or runner.place).prefix() + list(argv)
    return runner._run(full, log_file, "", variables | (env or {}), timeout, place)


def alone(runner, conf, log="json"):
    """The variables that a job has for the library alone, and its log file."""
    path = runner._new_path("gochain.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(conf)
    keep_private(path)
    variables = {"LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path, "GOCHAIN_LOG": log}
    if log != "json":
        return variables, None
    log_file = os.path.join(os.path.dirname(path), os.path.basename(path) + ".json")
    return variables | {"GOCHAIN_LOG": "info", "GOCHAIN_LOG_FORMAT": "json",
                        "GOCHAIN_LOG_FILE": log_file}, log_file


def dialled_by(door):
    """What the log calls the door by which a dynamic program is dialled for."""
    return "supervise" if door == "supervise" else "preload"


def started(path, option):
    """The processes that the library has started `path` for: option "--library-broker"…"""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                words = file.read().split("\0")
            if option in words[1:2] and os.readlink(f"/proc/{pid}/exe") == path:
                found.append(int(pid))
        except OSError:
            continue
    return found


def end_brokers(runner):
    """They wait for a next program, and what they share lives as long."""
    for pid in started(runner.gochain.path, "--library-broker"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
