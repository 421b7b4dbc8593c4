"""--explain and what happens are one."""

import json
import os
import shutil

import pytest

from gochain import MODES
from rules_file import proxy_sections


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def test_explain_says_what_happens(open_rules, peers, mode):
    """A file with some of everything, and a program for each of its lines."""
    server = peers.responder()
    port = server.port
    shutil.copy("/usr/bin/curl", os.path.join(open_rules.place.folder, "fetch"))
    open_rules.write(
        f"[gochain]\ndefault = two\n{proxy_sections(peers, ('one', 'two'))}"
        f"[hosts]\nmirror.example = {server.address}\n"
        f"[rewrite old]\nfrom = old.example\nto = echo.corp.test\n"
        f"[rewrite port]\nfrom = echo.corp.test:7\nto = :{port}\n"
        "[rules]\none = exe:fetch@echo.corp.test\nreject = *.ads.example 192.0.2.0/24\n"
        f"one = mirror.example\n  web*.corp.test\n")
    urls = " ".join(f"http://{host}/" for host in (
        f"echo.corp.test:{port}", "echo.corp.test:7", "old.example:7", f"old.example:{port}",
        f"mirror.example:{port}", f"{server.address}:{port}", "x.ads.example", "192.0.2.7:81"))
    script = f"for url in {urls}; do curl -sS -m 20 $url; ./fetch -sS -m 20 $url; done; true"
    run = open_rules.run(["sh", "-c", script], mode)
    assert run.must_succeed().out == f"hello from {port}\n" * 12, str(run)
    assert len(run.of("connect")) == 12 and len(run.of("reject")) == 4, str(run)
    open_rules.must_agree(run)


def test_explain_without_a_target_looks_at_the_file(rules):
    rules.write("[proxy far]\nurl = socks5://far.example\n[rules]\nreject = *\ndirect = a.example\n")
    run = rules.explain_command()
    assert run.must_succeed().err == ""
    assert run.out == (
        f"{rules.path}:2: warning: proxy 'far' is never used\n"
        f"{rules.path}:5: warning: 'a.example' can never match: '*' on line 4 takes it first\n"
        "2 rules, 1 proxy, 0 chains: 2 warnings\n")
    lines = rules.explain_command("--log-format", "json").must_succeed().out.splitlines()
    assert [json.loads(line)["line"] for line in lines] == [2, 5]
