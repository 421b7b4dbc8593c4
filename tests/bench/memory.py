"""Private memory: what a process has more for the library in it, and what the launcher has."""

import os
import subprocess

from measure import Comparison, Failed
from place import ADDRESS, HTTP_PORT, NAME


def library(place, _):
    """A program with one connection. Where no other process has the library, the pages of its file
    count as private, too."""
    ways = {}
    for mode in ("preload", "auto"):
        ways[f"{mode}, beside another"] = lambda mode=mode: _second_program_kib(place, mode)
        ways[f"{mode}, nobody else"] = lambda mode=mode: _program_kib(place, place.under(mode))
    return Comparison(
        "private memory, library", lambda: _program_kib(place, [], ADDRESS), ways,
        dict.fromkeys(ways, 400), kind="difference", rounds=5, unit="KiB",
        against="the program alone")


def launcher(place, quick):
    count = 50 if quick else 1000
    ways = {
        mode: lambda mode=mode: _launcher_kib(place, place.under(mode), "hold", count)
        for mode in ("auto", "supervise")
    }
    ways["auto: static event loop"] = lambda: _launcher_kib(
        place, place.under("auto"), "hold-static", count)
    return Comparison(
        f"private memory, launcher, {count} open",
        lambda: _launcher_kib(place, place.under("auto"), "hold", 1), ways,
        dict.fromkeys(ways, 8192), kind="amount", rounds=5, unit="KiB",
        against="1 open connection")


def _second_program_kib(place, mode):
    words = place.under(mode)
    with Holding(place, words, "hold", 1, NAME):
        return _program_kib(place, words)


def _program_kib(place, words, host=NAME):
    with Holding(place, words, "hold", 1, host) as holding:
        return _private_kib(holding.program())


def _launcher_kib(place, words, tool, count):
    with Holding(place, words, tool, count, NAME) as holding:
        return sum(_private_kib(pid) for pid in holding.launcher())


class Holding:
    """Context: `tool` has `count` connections open."""

    def __init__(self, place, words, tool, count, host):
        self._launcher_path = place.gochain
        self._tool = place.tool(tool)
        self._process = place.open(words + [self._tool, str(count), host, str(HTTP_PORT)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        if self._process.stdout.readline() != "ready\n":
            raise Failed("hold could not connect")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def program(self):
        (pid,) = self._running(self._tool)
        return pid

    def launcher(self):
        return self._running(self._launcher_path)

    def _running(self, path):
        found, new = [], [self._process.pid]
        while new:
            pid = new.pop()
            if os.readlink(f"/proc/{pid}/exe") == path:
                found.append(pid)
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                new += [int(word) for word in file.read().split()]
        return found


def _private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


ALL = {"library": library, "launcher": launcher}
