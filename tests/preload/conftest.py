"""The library alone (LD_PRELOAD and GOCHAIN_CONF, no launcher) before real proxies on loopback.

Names that end in .test are known to the proxies only. Loopback is direct unless a rule names it, so
the rules here send 127.0.0.2 to the proxy: an address that can be reached both ways.
"""

import json
import os
import socket
import subprocess
import tempfile
import threading

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.realpath(os.environ.get("GOCHAIN_BUILD", os.path.join(ROOT, "build/release")))
LIBRARY = os.path.join(BUILD, "libgochain.so")
NSS_WRAPPER = "/usr/lib/x86_64-linux-gnu/libnss_wrapper.so"


class Server:
    """A listener on a loopback address; `serve` gets each connection in a thread of its own."""

    def __init__(self, address, serve, backlog=64):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family, backlog=backlog)
        self.address, self.port = self.listener.getsockname()[:2]
        self._serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection:
            try:
                self._serve(connection)
            except ConnectionError:
                pass


def echo(connection):
    while data := connection.recv(4096):
        connection.sendall(data)


def hang(connection):
    """A proxy that never answers; ends when the other side does."""
    while connection.recv(4096):
        pass


class FullListener:
    """A listener whose queue is full: a connect to it hangs in the kernel."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self._waiting = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self._waiting.append(waiting)


@pytest.fixture(scope="session")
def echo_server():
    """Listens on every loopback address, so on 127.0.0.2 too."""
    return Server("0.0.0.0", echo)


@pytest.fixture(scope="session")
def hanging():
    return Server("127.0.0.1", hang).port


@pytest.fixture(scope="session")
def full():
    return FullListener()


def _free_port(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Microsocks:
    def __init__(self, address, hosts):
        self.address, self.port = address, _free_port(address)
        self.process = subprocess.Popen(
            ["microsocks", "-i", address, "-p", str(self.port)],
            env=os.environ | {"LD_PRELOAD": NSS_WRAPPER, "NSS_WRAPPER_HOSTS": hosts},
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for _ in range(100):
            with socket.socket(family) as probe:
                if probe.connect_ex((address, self.port)) == 0:
                    return
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise RuntimeError("microsocks doesn't start")

    @property
    def url(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"socks5://{host}:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    path = tmp_path_factory.mktemp("hosts") / "hosts"
    path.write_text("127.0.0.1 echo.test\n::1 six.test\n")
    return str(path)


@pytest.fixture(scope="session")
def proxy(hosts):
    made = Microsocks("127.0.0.1", hosts)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def proxy6(hosts):
    made = Microsocks("::1", hosts)
    yield made
    made.stop()


class Run:
    def __init__(self, status, out, err, events):
        self.status, self.out, self.err, self.events = status, out, err, events

    def __str__(self):
        events = "\n".join(json.dumps(event) for event in self.events)
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}\n--- log\n{events}"

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]


class Library:
    """Runs test programs with and without the library."""

    def __init__(self, folder):
        self.folder = folder
        self._count = 0

    def rules(self, *urls, globals_text=""):
        """A rules file that sends all names and 127.0.0.2 through `urls`."""
        self._count += 1
        path = self.folder / f"{self._count}.conf"
        proxies = "".join(f"[proxy hop{n}]\nurl = {url}\n" for n, url in enumerate(urls))
        hops = " ".join(f"hop{n}" for n in range(len(urls)))
        path.write_text(f"[gochain]\ndefault = way\n{globals_text}\n{proxies}[chain way]\n"
                        f"hops = {hops}\n[rules]\nway = 127.0.0.2\n")
        return str(path)

    def program(self, name, kind="dynamic"):
        path = os.path.join(BUILD, "programs", name if kind == "dynamic" else f"{name}-{kind}")
        if not os.path.exists(path):
            pytest.skip(f"no {path}")
        return path

    def alone(self, argv, timeout=20, env=None):
        """Without the library."""
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, check=False,
                              env=env or dict(os.environ))
        return Run(done.returncode, done.stdout, done.stderr, [])

    def run(self, argv, conf=None, env=None, timeout=20, log=True):
        self._count += 1
        log_file = self.folder / f"{self._count}.json"
        clean = {k: v for k, v in os.environ.items()
                 if "PROXY" not in k.upper() and not k.startswith(("GOCHAIN_", "XDG_"))}
        full = clean | {"LD_PRELOAD": LIBRARY, "HOME": str(self.folder)}
        if conf is not None:
            full["GOCHAIN_CONF"] = conf
        if log:
            full |= {"GOCHAIN_LOG": "info", "GOCHAIN_LOG_FORMAT": "json",
                     "GOCHAIN_LOG_FILE": str(log_file)}
        run = self.alone(argv, timeout, full | (env or {}))
        if log_file.exists():
            run.events = [json.loads(line) for line in log_file.read_text().splitlines()]
        return run


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


def pytest_terminal_summary(terminalreporter):
    """The line that scripts/run-tests adds up. An error in a fixture is a failure."""
    count = {name: len(terminalreporter.stats.get(name, []))
             for name in ("passed", "failed", "error", "skipped")}
    terminalreporter.write_line(
        f"preload: {count['passed']} passed, {count['failed'] + count['error']} failed, "
        f"{count['skipped']} skipped")
