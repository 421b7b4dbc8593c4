"""Where the benchmarks run: one way to start a command and read a number; peers on loopback."""

import os
import shutil
import subprocess
import tempfile

from measure import Failed
from peers import content, process, proxies, servers

NAME = "bench.corp.test"  # known to the last proxy alone
ADDRESS = "127.0.0.1"
SOCKS_PORT, DANTE_PORT, HAPROXY_PORT = 1080, 1081, 1082
HTTP_PORT, TLS_PORT, GREET_PORT = 8080, 8443, 7000
TIMEOUT_S = 300


class Place:
    """A folder, an environment and gochain; subclasses have peers and say where commands run."""

    def __init__(self, build):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="gochain-bench-"))
        # A copy: nobody else's program shares its pages, and none builds it anew meanwhile.
        for name in ("gochain", "libgochain.so"):
            shutil.copy2(os.path.join(build, name), self.folder)
        self.gochain = os.path.join(self.folder, "gochain")
        self.library = os.path.join(self.folder, "libgochain.so")
        self.tools = os.path.realpath(os.path.join(build, "bench"))
        self.programs = os.path.realpath(os.path.join(build, "programs"))
        self.peers = []
        self.notes = []  # what a reader of the figures should know
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C",
            "TMPDIR": self.folder,
        }

    def stop(self):
        for peer in self.peers:
            peer.stop()
        subprocess.run(["chmod", "-R", "u+w", self.folder], check=False)
        shutil.rmtree(self.folder)

    def settle(self):
        """Before each comparison: undoes what the one before did to the place."""
        self.move_peers(os.sched_getaffinity(0))

    def move_peers(self, processors):
        """Lets the proxies, servers and links run on `processors` alone."""
        peers = {str(pid) for pid in self.pids()}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    parent = file.read().rpartition(")")[2].split()[1]
                if pid in peers or parent in peers:
                    for tid in os.listdir(f"/proc/{pid}/task"):
                        os.sched_setaffinity(int(tid), processors)
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended

    def pids(self):
        return [peer.process.pid for peer in self.peers]

    def note(self, text):
        print("bench: " + text, flush=True)
        self.notes.append(text)

    def tool(self, name):
        return os.path.join(self.tools, name)

    @staticmethod
    def script(name):
        """One of ours, for whatever interpreter."""
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts", name)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def open(self, argv, env=None, cwd=None, **popen):
        return subprocess.Popen(argv, env=self.environment | (env or {}), cwd=cwd or self.folder,
                                text=True, **popen)

    def run(self, argv, env=None, cwd=None):
        with self.open(argv, env, cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise Failed(f"{' '.join(argv)}: no end in {TIMEOUT_S} s") from None
        if process.returncode != 0:
            raise Failed(f"{' '.join(argv)}: {process.returncode}\n{err[-2000:]}")
        return out

    def number(self, argv, env=None):
        """What the command prints, as a number."""
        return float(self.run(argv, env))


class Loopback(Place):
    """Everything on one machine, as fast as that goes."""

    def __init__(self, build, bulk_mib):
        super().__init__(build)
        self.proxy = f"socks5://{ADDRESS}:{SOCKS_PORT}"
        self.dante = f"socks5://{ADDRESS}:{DANTE_PORT}"
        self.haproxy = f"socks5://{ADDRESS}:{HAPROXY_PORT}"
        self.bulk_mib = bulk_mib

    def start(self):
        self._settle_kernel()
        root = os.path.join(self.folder, "www")
        content.make_modules(root)
        content.make_main_module(os.path.join(self.folder, "main"))
        with open(os.path.join(root, "bulk"), "wb") as file:
            file.truncate(self.bulk_mib << 20)
        self.certificate = content.make_certificate(self.folder, [NAME])
        self.peers = [
            servers.Nginx(self.folder, None, ADDRESS, HTTP_PORT, root, TLS_PORT, self.certificate),
            proxies.Microsocks(self.folder, None, ADDRESS, SOCKS_PORT, hosts={NAME: ADDRESS}),
            Dante(self.folder, None, ADDRESS, DANTE_PORT, hosts={NAME: ADDRESS}),
            Haproxy(self.folder, None, ADDRESS, HAPROXY_PORT),
            Greet(self.folder, self.tool("greet"), ADDRESS, GREET_PORT),
        ]
        for peer in self.peers:
            peer.start()

    @staticmethod
    def _settle_kernel():
        """Thousands of closed connections would otherwise run out of ports, at one side only."""
        for key, value in (("tcp_max_tw_buckets", "16"), ("ip_local_port_range", "2000 65000")):
            with open("/proc/sys/net/ipv4/" + key, "w", encoding="ascii") as file:
                file.write(value)

    def under(self, mode="auto", denied=False, proxy=None):
        """The words in front of a command that put it under gochain."""
        words = [self.gochain, "-q", "--mode", mode, "-p", proxy or self.proxy]
        return ([self.tool("deny"), "pidfd_getfd"] if denied else []) + words


class Dante(proxies.Dante):
    """Moves 64 KiB at a time; microsocks' 1 KiB would hide what gochain costs."""

    external = "lo"


class Haproxy(process.Peer):
    """A SOCKS5 proxy to the web server alone, by a script; it has the kernel move the bytes."""

    def prepare(self):
        self.write("haproxy.cfg", f"""global
  lua-load {Place.script("socks5.lua")}
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option splice-auto
listen socks
  bind {self.address}:{self.port}
  tcp-request inspect-delay 5s
  tcp-request content lua.socks5
  server web {ADDRESS}:{HTTP_PORT}
""")

    def argv(self):
        return ["haproxy", "-db", "-f", "haproxy.cfg"]


class Greet(process.Peer):
    def __init__(self, folder, program, address, port):
        super().__init__(folder, None, address, port)
        self._program = program

    def argv(self):
        return [self._program, self.address, str(self.port)]
