"""pytest plugin: the world, its peers, and a runner for each test."""

import errno
import functools
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time

import pytest

import world as world_module
from gochain import Gochain, Place, Runner, real_root
from peers import certificates, content, proxies, servers
from rules_file import Rules

TEST_SECONDS = 60
RESOLV_CONF = "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n"
NAMES = world_module.NAMES

# What `open`'s nameserver knows, and no proxy does.
OPEN_NAMES = {
    "git.corp.example": world_module.OPEN_WAY_TARGET[0], "a.corp.example": world_module.TARGET[0],
    "b.corp.example": world_module.TARGET[0], "here.corp.test": world_module.TARGET[0],
    "six.corp.example": world_module.TARGET[1],
}
OPEN_ALIASES = {"www.corp.example": "a.corp.example"}

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="session")
def base():
    """A folder that every user of the tests may pass through."""
    folder = tempfile.mkdtemp(prefix="gochain-tests-")
    os.chmod(folder, 0o755)
    yield folder
    kept = os.path.join(folder, "kept")
    if os.environ.get("GOCHAIN_KEEP") or os.path.isdir(kept) and os.listdir(kept):
        print(f"\nkept: {folder}")
    else:
        _remove(folder)


def _remove(folder):
    """Also where what a test left in the background still writes there."""
    for left in reversed(range(100)):
        try:
            shutil.rmtree(folder, onerror=_make_writable)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT) or left == 0:
                raise
            time.sleep(0.1)


def _make_writable(function, path, problem):
    # Go's module cache is read-only. The folder above the removed one is others' too.
    if not isinstance(problem[1], PermissionError):
        raise problem[1]
    above = os.path.dirname(path)
    os.chmod(above, os.stat(above).st_mode | stat.S_IRWXU)
    function(path)


@pytest.fixture(scope="session")
def world(base):
    path = os.path.join(base, "resolv.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(RESOLV_CONF)
    subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"], check=True, timeout=10)
    return _the_world()


@functools.cache
def _the_world():
    """Once, also where the last test of a session is run again: it has a session of its own then."""
    return world_module.World()


class Peers:
    """Starts each peer when a test first asks for it; all of them live to the end of the session.

    `*_last` knows the names, the others know none.
    """

    def __init__(self, world, folder):
        self._world, self._folder, self._made = world, folder, {}
        self._next_port = 20000

    def port(self):
        """Free in every namespace: they are ours alone, and this is below the ephemeral ports."""
        self._next_port += 1
        return self._next_port

    def start(self, kind, address, ns="proxy", last=True, **kwargs):
        peer = kind(
            self._folder, ns, address, kwargs.pop("port", None) or self.port(),
            hosts=NAMES if last else None, **kwargs,
        )
        return self._keep(peer).start()

    def _keep(self, peer):
        self._made[id(peer)] = peer
        return peer

    def _once(self, key, make):
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def proxy(self, kind, where="outer", last=True):
        """`where`: outer is what clients reach, inner is behind another hop."""
        address = (world_module.PROXY_SIDE if where == "outer" else world_module.PROXY_INNER)[0]
        return self._once((kind, where, last), lambda: self.start(kind, address, last=last))

    def fault(self, kind, ns="proxy", address=world_module.PROXY_SIDE[0]):
        return self._keep(servers.Fault(self._world.listen(ns, address), kind))

    def one_hop(self, kind=proxies.Microsocks):
        return [self.proxy(kind)]

    def two_hops(self, first=proxies.Microsocks, second=proxies.Tinyproxy):
        return [self.proxy(first, last=False), self.proxy(second, where="inner")]

    def authority(self):
        """What signs the certificates of TLS proxies."""
        return certificates.Authority(os.path.join(self._folder, "authority"))

    def sshd(self, ns="proxy", address=world_module.PROXY_SIDE[0]):
        if not real_root():
            pytest.skip("sshd changes its user: needs real root")
        return self._once(("sshd", ns), lambda: self.start(servers.Sshd, address, ns))

    def responder(self, address=world_module.TARGET[0], ns="target", port=0):
        return self._keep(servers.Responder(self._world.listen(ns, address, port)))

    def dead_port(self):
        return self.port()

    def stop(self):
        for made in reversed(list(self._made.values())):
            if not isinstance(made, list):
                made.stop()
        self._made.clear()


@pytest.fixture(scope="session")
def peers(world, base):
    folder = os.path.join(base, "peers")
    os.mkdir(folder)
    made = Peers(world, folder)
    yield made
    made.stop()


class Site:
    """The servers in `target`: nginx on 80 and 443, sshd, git daemon; all under NAMES."""

    def __init__(self, peers, folder):
        os.mkdir(folder)
        self.root = os.path.join(folder, "www")
        content.make_modules(self.root)
        with open(os.path.join(self.root, "hello.txt"), "w", encoding="ascii") as file:
            file.write("hello from nginx\n")
        content.make_repository(os.path.join(self.root, "repo.git"))
        # `go` takes a module path with .git in it for a repository, and asks for it without.
        content.make_repository(os.path.join(self.root, "lib"), gomod="git.corp.test/lib.git")
        self.certificate = content.make_certificate(folder, NAMES)
        self._peers, self._folder = peers, folder
        self.nginx = peers._keep(
            servers.Nginx(folder, "target", world_module.TARGET[0], 80, self.root, 443,
                          self.certificate)
        ).start()

    def sshd(self):
        if not real_root():
            pytest.skip("sshd changes its user: needs real root")
        return self._peers._once("sshd", lambda: servers.Sshd(
            self._folder, "target", world_module.TARGET[0], 22).start())

    def git_daemon(self):
        return self._peers._once("git daemon", lambda: servers.GitDaemon(
            self._folder, "target", world_module.TARGET[0], 9418, self.root).start())


@pytest.fixture(scope="session")
def site(peers, base):
    return Site(peers, os.path.join(base, "site"))


@pytest.fixture(scope="session")
def installed(base):
    build = os.environ.get("GOCHAIN_BUILD", "build/release")
    if not os.path.exists(os.path.join(build, "gochain")):
        pytest.exit(f"{build}/gochain is not there: make", 2)
    return Gochain(build, base)


@pytest.fixture(scope="session")
def tools(base):
    """Compiles tools/*.c; answers with a function: name, kind → path (None: no such compiler)."""
    made = {}
    compilers = {
        "dynamic": ["gcc"], "static": ["gcc", "-static"],
        "musl": ["musl-gcc"], "musl-static": ["musl-gcc", "-static"],
    }

    def build(name, kind="dynamic"):
        if (name, kind) not in made:
            if not shutil.which(compilers[kind][0]):
                pytest.skip(f"{compilers[kind][0]} is not installed")
            path = os.path.join(base, f"{name}-{kind}")
            subprocess.run(
                compilers[kind] + ["-O1", "-w", os.path.join(HERE, "tools", name + ".c"),
                                   "-o", path, "-lpthread"],
                check=True, timeout=60,
            )
            made[name, kind] = path
        return made[name, kind]

    return build


@pytest.fixture(scope="session")
def go_command():
    path = shutil.which("go", path=os.environ.get("PATH", "") + ":/usr/local/go/bin")
    if not path:
        pytest.skip("no go command")
    return path


@pytest.fixture(scope="session")
def go_cache(base):
    folder = os.path.join(base, "go-build")
    os.mkdir(folder, 0o777)
    os.chmod(folder, 0o777)
    return folder


@pytest.fixture
def folder(base, request):
    """The test's own folder; it stays if the test fails."""
    kept = os.path.join(base, "kept")
    os.makedirs(kept, exist_ok=True)
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in request.node.name)[:80]
    path = tempfile.mkdtemp(prefix=name + "-", dir=kept)
    os.chmod(path, 0o777)
    request.node.kept_folder = path
    yield path
    if not os.environ.get("GOCHAIN_KEEP") and not getattr(request.node, "failed", False):
        _remove(path)


@pytest.fixture
def runner(world, installed, folder):
    """Commands run in `client`, as an ordinary user, with an environment that says nothing."""
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": folder, "LC_ALL": "C", "TMPDIR": folder, "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    return Runner(installed, Place(folder), environment)


@pytest.fixture
def rules(runner):
    """In `client`, which reaches nothing but the proxies."""
    return Rules(runner, runner.place.but(hosts="127.0.0.1 localhost\n"))


@pytest.fixture
def open_rules(runner, peers):
    """In `open`, from where both ways lead to the target, and which has a nameserver."""
    address = world_module.OPEN_WAY_TARGET[0]
    peers._once("nameserver", lambda: servers.Dnsmasq(
        peers._folder, "target", address, 53, OPEN_NAMES, OPEN_ALIASES).start())
    return Rules(runner, runner.place.but(
        ns="open", hosts="127.0.0.1 localhost\n", resolv_conf=f"nameserver {address}\n"))


@pytest.fixture
def capture(world):
    """Listens on the open way from here on."""
    made = world_module.Capture()
    yield made
    made.close()


@pytest.fixture
def as_root():
    if not real_root():
        pytest.skip("needs real root")


def pytest_collection_modifyitems(items):
    """What left the machine once has left it: a test that watches for that has no second try."""
    for item in items:
        if "capture" in item.fixturenames or item.path.parent.name == "leak":
            item.add_marker(pytest.mark.flaky(reruns=0))


class TestTimeout(Exception):
    pass


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    marker = item.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else TEST_SECONDS

    def expire(*_):
        raise TestTimeout(f"more than {seconds} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True
        path = getattr(item, "kept_folder", None)
        report.sections.append((
            "again", f"kept: {path}\nscripts/run-integration '{item.nodeid.split('/')[-1]}'",
        ))


def pytest_terminal_summary(terminalreporter):
    """The line that scripts/run-tests adds up. An error in a fixture is a failure. In front of it,
    what failed at its first try."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try: {report.nodeid}", sep="_")
        terminalreporter.write_line(report.longreprtext)
    count = {name: len(terminalreporter.stats.get(name, []))
             for name in ("passed", "failed", "error", "skipped")}
    terminalreporter.write_line(
        f"integration: {count['passed']} passed, {count['failed'] + count['error']} failed, "
        f"{count['skipped']} skipped")
