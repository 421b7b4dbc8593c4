"""What the library costs a program in private memory when no other process has it mapped: the pages of
its file count then. `make bench BENCH=library` has the figures, beside other programs' memory."""

import os

import pytest

from gochain import Gochain

LIMIT_KIB = 400

PROGRAM = {
    "blocking": "with socket.create_connection((host, 80)): show()",
    "event loop": """
async def dial():
    reader, writer = await asyncio.open_connection(host, 80)
    show()
    writer.close()
asyncio.run(dial())""",
}
START = """
import asyncio, socket
host = "web.corp.test"
def show():
    with open("/proc/self/smaps", encoding="ascii", errors="replace") as file:
        print(file.read())
"""


def mappings(smaps):
    """Yields (start, end, path, fields in KiB) of each."""
    current = None
    for line in smaps.splitlines():
        words = line.split()
        if words and not words[0].endswith(":"):
            if current:
                yield current
            start, end = (int(word, 16) for word in words[0].split("-"))
            current = (start, end, words[5] if len(words) > 5 else "", {})
        elif line.endswith(" kB"):
            current[3][words[0].rstrip(":")] = int(words[1])
    if current:
        yield current


def library_fields(smaps, path):
    """Of the library's mappings, and of the one behind them that has its zeroed data."""
    end = None
    for mapping in mappings(smaps):
        if mapping[2] == path or (end == mapping[0] and not mapping[2]):
            end = mapping[1]
            yield mapping[3]


@pytest.mark.parametrize("how", PROGRAM)
def test_first_to_use_the_library_pays_for_what_a_dial_needs(runner, peers, site, folder, how):
    runner.gochain = Gochain(os.environ["GOCHAIN_BUILD"], os.path.join(folder, "fresh"))
    # Without a log: who writes one has the code for that, too.
    run = runner.run(["/usr/bin/python3", "-c", START + PROGRAM[how]], "preload",
                     peers.one_hop(), log=None).must_succeed()
    fields = list(library_fields(run.out, runner.gochain.library))
    assert len(fields) >= 3, run.out
    assert not any(f["Shared_Clean"] for f in fields), f"somebody else has it, too: {fields}"
    private = sum(kib for f in fields for name, kib in f.items() if name.startswith("Private_"))
    assert private <= LIMIT_KIB, fields
