"""Where distance is measured: namespaces in a row, and 50 ms between any two that talk.

    client ── hop1 ── hop2 ── hop3        each hop has dante, hop1 microsocks too, hop2 squid
                └───────┴───────┴── target    nginx; its name is known to the hops alone

Every line is a link of tools/holdback. A namespace has one address, on its loopback device.
"""

import os
import socket
import statistics
import subprocess
import time

import place
from measure import NOT_BUILT, Absent
from peers import content, proxies, servers
from world import inside, ip

ADDRESSES = {"client": "10.88.0.1", "hop1": "10.88.0.2", "hop2": "10.88.0.3",
             "hop3": "10.88.0.4", "target": "10.88.0.5"}
LINKS = [("client", "hop1"), ("hop1", "hop2"), ("hop2", "hop3"), ("hop1", "target"),
         ("hop2", "target"), ("hop3", "target")]
RTT_S = 0.050
RTT_ACCURATE_S = 0.051
SOCKS_PORT, MICROSOCKS_PORT, SQUID_PORT = 1080, 1081, 3128
HTTP_PORT, TLS_PORT = 80, 443
ONCE_PORT, ONCE_TLS_PORT = 81, 444  # one request on each connection
URL = f"http://{place.NAME}/hello"
ADDRESS_URL = f"http://{ADDRESSES['target']}/hello"
PROXY_URLS = {
    "dante1": f"socks5://{ADDRESSES['hop1']}:{SOCKS_PORT}",
    "dante2": f"socks5://{ADDRESSES['hop2']}:{SOCKS_PORT}",
    "dante3": f"socks5://{ADDRESSES['hop3']}:{SOCKS_PORT}",
    "microsocks1": f"socks5://{ADDRESSES['hop1']}:{MICROSOCKS_PORT}",
    "squid2": f"http://{ADDRESSES['hop2']}:{SQUID_PORT}",
}
PIPELINE, NO_PIPELINE = "pipeline = auto", "pipeline = no"
POOL, NO_POOL = "pool = 4", "pool = 0"


def missing():
    """Why there can be no such place here, or None."""
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
        return None
    except OSError as error:
        return f"skipped: /dev/net/tun: {error.strerror}"


class Distance(place.Place):
    def __init__(self, build, modules, repositories):
        super().__init__(build)
        os.chmod(self.folder, 0o755)  # squid is somebody else
        self.modules, self._repositories = modules, repositories
        self._links = None
        self._rules = {}
        self._sections = {}
        self._warm = []

    def start(self):
        for name, address in ADDRESSES.items():
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "addr", "add", address + "/32", "dev", "lo")
        self._start_links()
        self._measure_links()
        self._make_content()
        # Squid looks up what any address is called, and its answer is long in coming where none is.
        hosts = {place.NAME: ADDRESSES["target"]} | {
            f"{name}.corp.test": address for name, address in ADDRESSES.items()}
        for hop in ("hop1", "hop2", "hop3"):
            self.peers.append(Dante(self._folder_of(hop), hop, ADDRESSES[hop], SOCKS_PORT,
                                    hosts=hosts))
        self.peers += [
            proxies.Microsocks(self.folder, "hop1", ADDRESSES["hop1"], MICROSOCKS_PORT,
                               hosts=hosts),
            proxies.Squid(self.folder, "hop2", ADDRESSES["hop2"], SQUID_PORT, hosts=hosts),
            Nginx(self.folder, "target", ADDRESSES["target"], HTTP_PORT, self._root,
                          TLS_PORT, self.certificate),
            OneRequest(self.folder, "target", ADDRESSES["target"], ONCE_PORT, self._root,
                       ONCE_TLS_PORT, self.certificate),
        ]
        for peer in self.peers:
            peer.start()

    def _folder_of(self, name):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        return folder

    def _start_links(self):
        words, ends = [], []
        for near, far in LINKS:
            for here, there in ((near, far), (far, near)):
                words += ["/run/netns/" + here, "to-" + there]
                ends.append((here, there))
        self._links = subprocess.Popen(
            [self.tool("holdback"), str(int(RTT_S / 2 * 1e6))] + words, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._links.stdout.readline() != "ready\n":
            raise SystemExit("bench: " + self._links.stderr.read())
        for here, there in ends:
            ip("-n", here, "link", "set", "to-" + there, "up", "txqueuelen", "10000")
            ip("-n", here, "route", "add", ADDRESSES[there], "dev", "to-" + there,
               "src", ADDRESSES[here])

    def _measure_links(self):
        """A connect is one round trip, no more. Says so where a link isn't as it should be."""
        medians = []
        for here, there in LINKS:
            with inside(there), socket.socket() as server:
                server.bind((ADDRESSES[there], 9))
                server.listen()
                with inside(here):
                    medians.append(statistics.median(
                        _connect_s((ADDRESSES[there], 9)) for _ in range(5)))
        low, high = min(medians) * 1e3, max(medians) * 1e3
        held = RTT_S <= min(medians) and max(medians) <= RTT_ACCURATE_S
        self.note(f"A connect takes {low:.2f}–{high:.2f} ms over each of the {len(LINKS)} links"
                  + ("." if held else ": this machine could not hold the delay."))

    def _make_content(self):
        self._root = os.path.join(self.folder, "www")
        content.make_modules(self._root, self.modules)
        content.make_main_module(os.path.join(self.folder, "main"), self.modules)
        with open(os.path.join(self._root, "hello"), "w", encoding="ascii") as file:
            file.write("hello\n")
        os.makedirs(os.path.join(self._root, "lib"))
        for name in self.repositories():
            content.make_repository(os.path.join(self._root, "lib", name),
                                    f"{place.NAME}/lib/{name}.git", files=3)
        self.certificate = content.make_certificate(self.folder, [place.NAME])

    def repositories(self):
        """Nginx has them below lib/; Go asks for them where a module's path ends in ".git"."""
        return [f"r{number:02}" for number in range(self._repositories)]

    def stop(self):
        super().stop()
        if self._links:
            self._links.terminate()
            self.note("The links carried " + self._links.stderr.read().strip() + ".")
            self._links.wait()

    def pids(self):
        return super().pids() + [self._links.pid]

    def open(self, argv, env=None, cwd=None, **popen):
        with inside("client"):
            return super().open(argv, env, cwd, **popen)

    def under(self, hops, mode="auto", keys=()):
        """The words that put a command under gochain with these hops and settings."""
        wanted = (tuple(hops), tuple(keys))
        if wanted not in self._rules:
            of_hops = [key for key in keys if self._section_of(key) == "proxy"]
            of_all = [key for key in keys if self._section_of(key) == "gochain"]
            lines = ["[gochain]", "default = out"] + of_all
            for hop in dict.fromkeys(hops):
                lines += [f"[proxy {hop}]", f"url = {PROXY_URLS[hop]}"] + of_hops
            lines += ["[chain out]", "hops = " + " ".join(hops), ""]
            self._rules[wanted] = self.write(f"rules{len(self._rules)}.conf", "\n".join(lines))
        return [self.gochain, "-q", "--mode", mode, "-f", self._rules[wanted]]

    def known(self, *keys):
        """Those of them that gochain knows."""
        return [key for key in keys if self._section_of(key)]

    def _section_of(self, key):
        """Of gochain's rules file; None where it has no such `key = value`."""
        if key not in self._sections:
            url = "url = " + PROXY_URLS["dante1"]
            texts = {"proxy": f"[proxy a]\n{url}\n{key}\n",
                     "gochain": f"[gochain]\n{key}\n[proxy a]\n{url}\n"}
            self._sections[key] = next(
                (name for name, text in texts.items() if self._takes(text)), None)
        return self._sections[key]

    def _takes(self, rules):
        argv = [self.gochain, "-f", self.write("probe.conf", rules), "--explain", "a.test"]
        return subprocess.run(argv, check=False, env=self.environment, capture_output=True,
                              timeout=20).returncode == 0

    def warm(self, hops, keys=()):
        """under(), after two runs in which gochain may learn what these proxies stand; Absent where
        one of the keys isn't known."""
        if len(self.known(*keys)) < len(keys):
            return Absent(NOT_BUILT)
        words = self.under(hops, keys=keys)
        if words not in self._warm:
            for _ in range(2):
                self.run(words + ["sh", "-c", f"curl -s -f -o hello {URL} && sleep 1"])
            self._warm.append(words)
        return words


class Dante(proxies.Dante):
    def __init__(self, folder, ns, address, port, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self.external = address


class Nginx(servers.Nginx):
    """As servers are today: TLS in one round trip."""

    settings = "ssl_protocols TLSv1.2 TLSv1.3;"


class OneRequest(Nginx):
    """Closes each connection after its answer."""

    settings = Nginx.settings + " keepalive_timeout 0;"


def _connect_s(address):
    with socket.socket() as client:
        start = time.monotonic()
        client.connect(address)
        return time.monotonic() - start

