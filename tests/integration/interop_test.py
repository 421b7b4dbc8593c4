"""Every row of the table of proxies, by each door. docs/proxies.md is made of what is seen here."""

import json
import os

import pytest

import interop
import world
from doors import ALONE, dialled_by, run_by

# With GOCHAIN_INTEROP=FILE each result is a line there, for scripts/proxies-doc.
RESULTS = os.environ.get("GOCHAIN_INTEROP")


def record(**result):
    if RESULTS:
        with open(RESULTS, "a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")


@pytest.fixture(scope="module")
def versions():
    return {}


@pytest.mark.parametrize("door", ("preload", "supervise", ALONE))
@pytest.mark.parametrize("name", [row.name for row in interop.ROWS])
def test_row(runner, peers, site, folder, versions, name, door):
    row = interop.ROW[name]
    peer = row.started(peers)
    if name not in versions:
        versions[name] = row.versions()
    host = world.TARGET[0] if row.names == interop.BY_CLIENT else "web.corp.test"
    try:
        run = run_by(door, runner, ["curl", "-sS", "-m", "30", f"http://{host}/hello.txt"],
                     f"[gochain]\ndefault = office\n{row.section(peers, folder)}",
                     env=row.env(peers, folder), place=row.place(peers, runner))
        assert run.must_succeed().out == "hello from nginx\n", f"{run}\n{peer.log()}"
        event, = run.must_dial_by(dialled_by(door), route="office", hops=1)
        assert event["target"] == f"{host}:80", str(run)
    except AssertionError:
        record(row=name, door=door, version=versions[name], result="no")
        raise
    record(row=name, door=door, version=versions[name], result="yes")
