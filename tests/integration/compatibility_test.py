"""Every cell of the table of programs, places and doors; docs/compatibility.md says what is seen here.

A cell is true by the door that the log names and by what a listener on the open way hears, never by
an exit status.
"""

import json
import os
import re
import subprocess

import pytest

import compatibility as table
from doors import ALONE, alone
from gochain import real_root

# With GOCHAIN_COMPATIBILITY=FILE each cell is a line there, for scripts/compatibility-doc.
RESULTS = os.environ.get("GOCHAIN_COMPATIBILITY")


@pytest.fixture(scope="module")
def echo(peers):
    return peers.responder()


@pytest.fixture(scope="module")
def page():
    return table.written()


@pytest.fixture(scope="module")
def possible():
    """Whether a place can be made here, by its name."""
    return {}


@pytest.fixture
def bench(runner, tools, echo, site):
    return table.Bench(runner.gochain.programs, tools, echo, site)


class Cell:
    """One command by one door; its log is on standard error, since some places have no file for it."""

    def __init__(self, runner, door, argv, conf, place):
        self.argv, self.door = argv, door
        if door == ALONE:
            variables, _ = alone(runner, conf, "info")
            full, env = place.prefix() + argv, variables | {"GOCHAIN_LOG_FORMAT": "json"}
        else:
            full, _ = runner.argv(argv, mode=door, conf=conf, log=None, place=place,
                                  options=["-v", "--log-format", "json"])
            env = None
        self.process = runner.start(full, env, place=place)

    def wait(self):
        try:
            self.out, err = self.process.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.out, err = self.process.communicate(timeout=5)
            self.out += "no end"
        lines = err.splitlines()
        self.events = [json.loads(line) for line in lines if line.startswith("{")]
        self.err = [line for line in lines if not line.startswith("{")]

    def __str__(self):
        return (f"by {self.door}: status {self.process.returncode}, said {self.out!r}\n"
                + "\n".join([*self.err, *(json.dumps(event) for event in self.events)]))

    def words(self, row):
        """What the page is to say."""
        said = row.said if row.said is not None else self.out
        if self.process.returncode == 0 and self.out and self.out == said:
            dialled = [event["door"] for event in self.events if event["event"] == "connect"]
            assert dialled and set(dialled) <= set(row.doors(self.door)), str(self)
            return table.WORKS
        messages = [event["message"] for event in self.events if event["event"] != "connect"]
        messages += [line.removeprefix("gochain: ") for line in self.err
                     if line.startswith("gochain: ")]
        assert messages, f"neither an answer nor a message\n{self}"
        return table.REFUSED + self._general(messages[-1])

    def _general(self, message):
        """Without what differs from row to row and from run to run."""
        message = re.sub(r" \[[^]]*\]$", "", message.replace(self.argv[0], "PROGRAM"))
        return re.sub(r"\d+(\.\d+)+(:\d+)?", "TARGET", message)


@pytest.mark.parametrize("place, row", table.CASES, ids=lambda value: value.name)
def test_row(runner, peers, bench, page, possible, capture, place, row):
    if place.needs_root and not real_root():
        pytest.skip("needs real root")
    argv = row.argv(bench)
    there = runner.place.but(ns="open", hosts="127.0.0.1 localhost\n", **place.change(bench))
    if place.name not in possible:
        possible[place.name] = runner.alone(["true"], place=there)
    if possible[place.name].status != 0:
        pytest.skip(f"this place can't be made here: {possible[place.name].err}")
    conf = ("[gochain]\ndefault = far\nconnect_timeout = 5\n"
            f"[proxy far]\nurl = {peers.one_hop()[0].url()}\n")
    cells = [Cell(runner, door, argv, conf, there) for door in row.tried]
    for cell in cells:
        cell.wait()
    assert not capture.packets(), "\n".join(map(str, cells))
    wrong = []
    for cell in cells:
        words = cell.words(row)
        if RESULTS:
            with open(RESULTS, "a", encoding="utf-8") as file:
                file.write(json.dumps([place.name, row.name, cell.door, words]) + "\n")
        elif words != page.get((place.name, row.name, cell.door)):
            wrong.append(f"{words!r}, where the page says "
                         f"{page.get((place.name, row.name, cell.door))!r}: {cell}")
    assert not wrong, "\n".join(wrong)
