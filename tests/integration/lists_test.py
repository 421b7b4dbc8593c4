"""Lists, `@file:`: every process of the tree has them, from the cache or without one."""

import os
import time

import pytest

from gochain import MODES, door_of
from rules_file import curl, proxy_sections

SETTLED_S = 2.2  # a list that has changed more lately isn't kept


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def listed(rules, peers):
    """A file whose lists reject what is below blocked.corp.test, and one address."""
    server = peers.responder()
    for name in ("lists", "cache"):
        os.mkdir(os.path.join(rules.place.folder, name))
        os.chmod(os.path.join(rules.place.folder, name), 0o777)
    rules.write(f"[gochain]\ndefault = far\n{proxy_sections(peers)}"
                "[rules]\nreject = @file:lists/names.txt @file:${HERE}/lists/addresses.txt\n")
    rules.write("# a list\nother.example\n.blocked.corp.test  # and below\n", "lists/names.txt")
    rules.write("192.0.2.0/24:80\n2001:db8::/32\n", "lists/addresses.txt")
    rules.env = {"HERE": rules.place.folder,
                 "XDG_CACHE_HOME": os.path.join(rules.place.folder, "cache")}
    rules.server = server
    return rules


def cached(listed):
    folder = os.path.join(listed.place.folder, "cache/gochain")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def fetch(url):
    return " ".join(curl(url))


@pytest.mark.parametrize("keep", (True, False), ids=("cached", "uncached"))
def test_lists_hold_in_every_process(listed, mode, keep):
    if keep:
        time.sleep(SETTLED_S)
    else:
        listed.env["XDG_CACHE_HOME"] = "/proc/nowhere"
    script = (f"{fetch(f'http://echo.corp.test:{listed.server.port}/')}; "
              f"{fetch('http://a.blocked.corp.test/')}; sh -c '{fetch('http://192.0.2.7/')}'; true")
    for _ in range(2):
        run = listed.run(["sh", "-c", script], mode, env=listed.env)
        assert run.must_succeed().out == f"hello from {listed.server.port}\n", str(run)
        run.must_dial_by(door_of("dynamic", mode), route="far", target="echo.corp.test")
        assert len(run.of("connect")) == 1, str(run)
        rejected = {event["target"]: event["rule"] for event in run.of("reject")}
        line = listed.path + ":6"
        assert rejected == {"a.blocked.corp.test:80": line, "192.0.2.7:80": line}, str(run)
        assert len(cached(listed)) == (2 if keep else 0), cached(listed)
        listed.must_agree(run, env=listed.env)


def test_a_run_keeps_the_lists_that_it_began_with(listed, mode):
    time.sleep(SETTLED_S)
    look = fetch("http://a.blocked.corp.test/")
    folder = listed.place.folder
    run = listed.run(["sh", "-c", f"{look}; rm -r {folder}/cache/gochain {folder}/lists/names.txt; "
                      f"{look}; true"], mode, env=listed.env)
    run.must_succeed()
    assert len(run.of("reject")) == 2 and not run.of("connect"), str(run)


def test_a_list_with_an_error_starts_nothing(listed, mode):
    listed.write("good.example\nbad..example\n", "lists/names.txt")
    run = listed.run(["true"], mode, env=listed.env)
    assert run.status == 125
    assert run.err == (f"gochain: {listed.place.folder}/lists/names.txt:2: the pattern "
                       "'bad..example' is neither a host name nor an address\n")
