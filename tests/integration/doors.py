"""One command by each of gochain's doors, with the same rules: the launcher's modes, and the
library alone, which is all that a job's environment may bring."""

import os

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
    path = runner._new_path("gochain.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(conf)
    keep_private(path)
    variables = {"LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path, "GOCHAIN_LOG": log}
    log_file = None
    if log == "json":
        log_file = os.path.join(os.path.dirname(path), os.path.basename(path) + ".json")
        variables |= {"GOCHAIN_LOG": "info", "GOCHAIN_LOG_FORMAT": "json",
                      "GOCHAIN_LOG_FILE": log_file}
    full = (place or runner.place).prefix() + list(argv)
    return runner._run(full, log_file, "", variables | (env or {}), timeout, place)


def dialled_by(door):
    """What the log calls the door by which a dynamic program is dialled for."""
    return "supervise" if door == "supervise" else "preload"
