"""Peer: one server process in a namespace, with its log and settings in a folder of its own."""

import os
import shutil
import signal
import subprocess
import time

NSS_WRAPPER = "libnss_wrapper.so"


class PeerError(Exception):
    pass


class Peer:
    """Subclasses say argv() and write their settings in prepare(). `ns` None: no namespace (demo).

    A peer that has `hosts` (name → address) resolves these names, and is the only one who does.
    """

    scheme = None  # of the proxies

    def __init__(self, folder, ns, address, port, hosts=None, user=None, password=None):
        self.ns, self.address, self.port = ns, address, port
        self.hosts, self.user, self.password = hosts or {}, user, password
        self.folder = os.path.join(folder, f"{type(self).__name__.lower()}-{port}")
        os.makedirs(self.folder, exist_ok=True)
        self.process = None

    def argv(self):
        raise NotImplementedError

    def prepare(self):
        pass

    def environment(self):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.folder, "LC_ALL": "C"}
        if self.hosts:
            path = self.write(
                "hosts", "".join(f"{addr} {name}\n" for name, addr in self.hosts.items())
            )
            env.update(LD_PRELOAD=NSS_WRAPPER, NSS_WRAPPER_HOSTS=path)
        return env

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def start(self):
        self.prepare()
        argv = self.argv()
        if not shutil.which(argv[0], path=self.environment()["PATH"]):
            raise PeerError(f"{argv[0]} is not installed: make deps")
        if self.ns:
            argv = ["nsenter", "--net=/run/netns/" + self.ns, "--"] + argv
        with open(self.log_path(), "ab") as log:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,
            )
        self.wait_ready()
        return self

    def wait_ready(self, seconds=15):
        deadline = time.monotonic() + seconds
        while not self.listening():
            if self.process.poll() is not None or time.monotonic() > deadline:
                name = type(self).__name__
                raise PeerError(f"{name} is not listening on {self.port}: {self.log()}")
            time.sleep(0.02)

    def listening(self):
        """Looks in the process's own namespace, and sends nothing."""
        wanted = f":{self.port:04X}"
        for name in ("tcp", "tcp6"):
            try:
                with open(f"/proc/{self.process.pid}/net/{name}", encoding="ascii") as table:
                    rows = [line.split() for line in table]
            except OSError:
                continue
            if any(row[3] == "0A" and row[1].endswith(wanted) for row in rows[1:]):
                return True
        return False

    def stop(self):
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def log_path(self):
        return os.path.join(self.folder, "log")

    def log(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith("log"):
                with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as f:
                    text += f.read()
        return text[-4000:]

    def url(self, user=None, password=None, host=None):
        """As gochain's -p takes it, with the peer's credentials unless others are given."""
        user = user if user is not None else self.user
        password = password if password is not None else self.password
        host = host or (f"[{self.address}]" if ":" in self.address else self.address)
        login = f"{user}:{password}@" if user else ""
        return f"{self.scheme}://{login}{host}:{self.port}"
