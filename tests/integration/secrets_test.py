"""A proxy's password reaches the proxy and nothing else: no log line, no --explain, no command line
of any process of the run, no environment of COMMAND."""

import os

import pytest

import world
from gochain import keep_private
from peers import proxies

PASSWORD = "pw7f3a9c"

# Dials, then shows what others may see: the command lines of all processes from itself up to gochain
# and down to a child, and its own environment.
LOOK = """
import os, socket, subprocess, sys
s = socket.socket()
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("connected")
except OSError as e:
    print("failed", e.errno)
pid = os.getpid()
while pid > 1:
    line = open(f"/proc/{pid}/cmdline").read().replace("\\0", " ")
    if "py" + "test" in line:
        break
    print("cmdline", line)
    pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
print(open("/proc/self/environ").read().replace("\\0", "\\n"))
print(subprocess.run(["env"], capture_output=True, text=True).stdout)
"""


@pytest.fixture
def proxy(peers):
    def get(kind):
        return peers._once(("secret", kind), lambda: peers.start(
            kind, world.PROXY_SIDE[0], user="alice", password=PASSWORD))
    return get


def url_of(peer, source, password):
    return peer.url(password=password) if source in ("url", "option") else (
        f"{peer.scheme}://alice@{peer.address}:{peer.port}")


class Setup:
    """Options, variables and files that name the password one way."""

    def __init__(self, folder, peer, source, password):
        self.options, self.env = [], {"GOCHAIN_LOG": "debug"}
        url = url_of(peer, source, password)
        if source == "option":
            self.options = ["-p", url]
            return
        lines = ["[gochain]", "default = office", "[proxy office]", f"url = {url}"]
        if source == "file":
            self._write(folder, "office.pass", password + "\n")
            lines.append("password_file = office.pass")
        elif source == "variable":
            self.env["OFFICE_PASSWORD"] = password
            lines.append("password_env = OFFICE_PASSWORD")
        elif source == "expanded":
            self.env["OFFICE_LOGIN"] = f"alice:{password}"
            lines[-1] = f"url = {peer.scheme}://${{OFFICE_LOGIN}}@{peer.address}:{peer.port}"
            lines += ["[env]", "unset = OFFICE_LOGIN"]
        self.options = ["-f", self._write(folder, "corp.conf", "\n".join(lines) + "\n")]

    @staticmethod
    def _write(folder, name, text):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        keep_private(path)
        return path


SOURCES = ("option", "url", "file", "variable", "expanded")


@pytest.mark.parametrize("mode", ("preload", "supervise", "auto"))
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", (proxies.Microsocks, proxies.Tinyproxy))
def test_reaches_the_proxy_alone(runner, peers, proxy, folder, kind, source, mode):
    setup = Setup(folder, proxy(kind), source, PASSWORD)
    port = peers.responder().port
    run = runner.run(["/usr/bin/python3", "-c", LOOK, world.TARGET[0], str(port)], mode=mode,
                     options=setup.options, env=setup.env, log=None)
    assert run.must_succeed().out.startswith("connected\n"), str(run)
    assert run.out.count("cmdline") >= 2 and "gochain" in run.out, str(run)
    assert f"{world.TARGET[0]}:{port} via" in run.err, str(run)
    assert PASSWORD not in run.out + run.err, str(run)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("log_format", ("text", "json"))
def test_is_not_said_where_the_proxy_refuses_it(runner, proxy, folder, source, log_format):
    wrong = PASSWORD + "0"
    setup = Setup(folder, proxy(proxies.Microsocks), source, wrong)
    run = runner.run(["/usr/bin/python3", "-c", LOOK, world.TARGET[0], "9"],
                     options=[*setup.options, "--log-format", log_format], env=setup.env, log=None)
    assert "credentials" in run.must_succeed().err, str(run)
    assert PASSWORD not in run.out + run.err, str(run)


@pytest.mark.parametrize("source", SOURCES)
def test_is_not_explained(runner, proxy, folder, source):
    setup = Setup(folder, proxy(proxies.Microsocks), source, PASSWORD)
    for targets in (["a.example"], []):
        for form in ("text", "json"):
            run = runner.run(
                [], mode=None, env=setup.env, log=None,
                options=[*setup.options, "--explain", "--log-format", form, *targets])
            assert run.must_succeed().out or not targets, str(run)
            assert PASSWORD not in run.out + run.err, str(run)


@pytest.mark.parametrize("quiet", (False, True))
def test_that_others_can_read_gets_a_warning(runner, folder, quiet):
    path = os.path.join(folder, "corp.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"[proxy office]\nurl = http://alice:{PASSWORD}@proxy.example\n")
    os.chmod(path, 0o644)
    options = ["-f", path] + (["-q"] if quiet else [])
    run = runner.run(["true"], options=options, log=None).must_succeed()
    warning = f"gochain: {path}:2: warning: others can read this password (chmod 600 {path})\n"
    assert run.err == ("" if quiet else warning)
    # The library alone has it too, from whichever process reads the rules first.
    run = runner.alone(["/usr/bin/python3", "-c", LOOK, "127.0.0.1", "9"], env={
        "LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": path,
        "GOCHAIN_LOG": "error" if quiet else "warn"})
    assert run.err == ("" if quiet else warning), str(run)
