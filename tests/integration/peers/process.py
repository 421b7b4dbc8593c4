"""Peer: one server process in a namespace, with its log and settings in a folder of its own."""

import os
import re
import shutil
import signal
import subprocess
import time

from gochain import NOBODY, real_root

NSS_WRAPPER = "libnss_wrapper.so"


class PeerError(Exception):
    pass


def as_ordinary_user(argv):
    if os.geteuid() != 0:
        return argv
    if real_root():
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                "--inh-caps=-all", "--bounding-set=-all", "--"] + argv
    # Who is root in a namespace of one user can be somebody else only in a further one.
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] + argv


class Peer:
    """Subclasses say argv() and write their settings in prepare(). `ns` None: no namespace (demo).

    A peer that has `hosts` (name → address) resolves these names, and is the only one who does.
    """

    scheme = None  # of the proxies
    ordinary = False  # runs as a user who is not root, in whatever namespace
    version_argv = None

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
        if self.ordinary:
            os.chmod(self.folder, 0o777)
            argv = as_ordinary_user(argv)
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

    @classmethod
    def version(cls):
        """As the program says it; where it doesn't, as its package is called."""
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        if cls.version_argv:
            run = subprocess.run(cls.version_argv, env={"PATH": path}, capture_output=True,
                                 text=True, timeout=10, check=False, stdin=subprocess.DEVNULL)
            text = run.stdout + run.stderr
        else:
            run = subprocess.run(["dpkg-query", "-W", "-f=${Version}", cls.package],
                                 capture_output=True, text=True, timeout=10, check=True)
            text = run.stdout
        return re.search(r"\d+\.\d+[.\w]*", text).group().rstrip(".")

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
