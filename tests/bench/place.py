"""Where the benchmarks run: peers on loopback, and one way to start a command and read a number."""

import os
import shutil
import subprocess
import tempfile

from peers import content, proxies, servers

NAME = "bench.corp.test"  # known to the proxy alone
ADDRESS = "127.0.0.1"
SOCKS_PORT, FAST_SOCKS_PORT, HTTP_PORT, TLS_PORT = 1080, 1081, 8080, 8443
BULK_MIB = 1024


class FastProxy(proxies.Dante):
    """Moves 64 KiB at a time; microsocks' 1 KiB would hide what gochain costs."""

    external = "lo"


class Place:
    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="gochain-bench-")
        self.gochain = os.path.abspath(os.path.join(build, "gochain"))
        self.tools = os.path.abspath(os.path.join(build, "bench"))
        self.proxy = f"socks5://{ADDRESS}:{SOCKS_PORT}"
        self.fast_proxy = f"socks5://{ADDRESS}:{FAST_SOCKS_PORT}"
        self._peers = []
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C",
            "TMPDIR": self.folder,
        }

    def start(self, bulk_mib):
        self._settle_kernel()
        root = os.path.join(self.folder, "www")
        content.make_modules(root)
        content.make_main_module(os.path.join(self.folder, "main"))
        with open(os.path.join(root, "bulk"), "wb") as file:
            file.truncate(bulk_mib << 20)
        self.certificate = content.make_certificate(self.folder, [NAME])
        self._peers = [
            servers.Nginx(self.folder, None, ADDRESS, HTTP_PORT, root, TLS_PORT, self.certificate),
            proxies.Microsocks(self.folder, None, ADDRESS, SOCKS_PORT, hosts={NAME: ADDRESS}),
            FastProxy(self.folder, None, ADDRESS, FAST_SOCKS_PORT, hosts={NAME: ADDRESS}),
        ]
        for peer in self._peers:
            peer.start()

    def stop(self):
        for peer in self._peers:
            peer.stop()
        subprocess.run(["chmod", "-R", "u+w", self.folder], check=False)
        shutil.rmtree(self.folder)

    @staticmethod
    def _settle_kernel():
        """Thousands of closed connections would otherwise run out of ports, at one side only."""
        for key, value in (("tcp_max_tw_buckets", "16"), ("ip_local_port_range", "2000 65000")):
            with open("/proc/sys/net/ipv4/" + key, "w", encoding="ascii") as file:
                file.write(value)

    def move_peers(self, processors):
        """Lets the proxies and servers run on `processors` alone."""
        peers = {str(peer.process.pid) for peer in self._peers}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    parent = file.read().rpartition(")")[2].split()[1]
                if pid in peers or parent in peers:
                    for tid in os.listdir(f"/proc/{pid}/task"):
                        os.sched_setaffinity(int(tid), processors)
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended

    def tool(self, name):
        return os.path.join(self.tools, name)

    def under(self, mode="auto", denied=False, proxy=None):
        """The words in front of a command that put it under gochain."""
        words = [self.gochain, "-q", "--mode", mode, "-p", proxy or self.proxy]
        return ([self.tool("deny"), "pidfd_getfd"] if denied else []) + words

    def run(self, argv, env=None, cwd=None):
        done = subprocess.run(
            argv, env=self.environment | (env or {}), cwd=cwd or self.folder, timeout=600,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(argv)}: {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout

    def number(self, argv, env=None):
        """What the command prints, as a number."""
        return float(self.run(argv, env))
