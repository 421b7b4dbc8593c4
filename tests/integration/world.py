"""The network the tests run in: namespaces joined by veth pairs, all inside the runner's own.

    client ── proxy ── target        client: no default route, reaches proxy alone
    open   ── proxy                  open: the same, and a default route straight to target, the
      └────── target                 "open way", on which a Capture can listen
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess

from gochain import real_root

CLONE_NEWNET = 0x40000000
SIOCGIFHWADDR = 0x8927
_libc = ctypes.CDLL(None, use_errno=True)

# Addresses as (IPv4, IPv6) of each end.
CLIENT_SIDE = ("10.77.1.2", "fd77:1::2")
PROXY_SIDE = ("10.77.1.1", "fd77:1::1")
OPEN_SIDE = ("10.77.4.2", "fd77:4::2")
OPEN_PROXY_SIDE = ("10.77.4.1", "fd77:4::1")
PROXY_INNER = ("10.77.2.1", "fd77:2::1")
TARGET = ("10.77.2.2", "fd77:2::2")
OPEN_WAY_CLIENT = ("10.77.3.2", "fd77:3::2")
OPEN_WAY_TARGET = ("10.77.3.1", "fd77:3::1")

# What the last proxies know, and nobody else.
LONGEST_NAME = ".".join(["a" * 60] * 4)[:253 - len(".corp.test")] + ".corp.test"
NAMES = {
    name: TARGET[0]
    for name in ("modules.corp.test", "git.corp.test", "web.corp.test", "echo.corp.test",
                 "under_score.corp.test", "xn--mnchen-3ya.corp.test", "1and1.corp.test",
                 LONGEST_NAME)
} | {"six.corp.test": TARGET[1]}


def ip(*args):
    subprocess.run(("ip",) + args, check=True, timeout=20)


def _link(ns_a, dev_a, addrs_a, ns_b, dev_b, addrs_b):
    ip("link", "add", dev_a, "netns", ns_a, "type", "veth", "peer", "name", dev_b, "netns", ns_b)
    for ns, dev, (v4, v6) in ((ns_a, dev_a, addrs_a), (ns_b, dev_b, addrs_b)):
        ip("-n", ns, "addr", "add", v4 + "/24", "dev", dev)
        ip("-n", ns, "addr", "add", v6 + "/64", "dev", dev, "nodad")
        ip("-n", ns, "link", "set", dev, "up")


class inside:
    """Context: this thread is in network namespace `name`. Sockets made there stay there."""

    def __init__(self, name):
        self._path = "/run/netns/" + name

    def __enter__(self):
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._enter(fd)
        finally:
            os.close(fd)

    def __exit__(self, *_):
        self._enter(self._home)
        os.close(self._home)

    @staticmethod
    def _enter(fd):
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class World:
    """REQUIRES: root in user, mount and network namespaces of ours (scripts/run-integration)."""

    def __init__(self):
        for name in ("client", "proxy", "target", "open"):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
            # Kernel chatter (router solicitations) would show up in captures.
            self.sysctl(name, "net/ipv6/conf/all/accept_ra", "0")
            self.sysctl(name, "net/ipv6/conf/default/router_solicitations", "0")
            self.sysctl(name, "net/ipv4/ip_unprivileged_port_start", "0")
            # Every group may ping; in an ordinary user's namespace there is one.
            self.sysctl(name, "net/ipv4/ping_group_range", f"0 {2**31 - 1 if real_root() else 0}")
        _link("client", "c0", CLIENT_SIDE, "proxy", "p0", PROXY_SIDE)
        _link("proxy", "p1", PROXY_INNER, "target", "t0", TARGET)
        _link("open", "o0", OPEN_SIDE, "proxy", "p2", OPEN_PROXY_SIDE)
        _link("open", "way", OPEN_WAY_CLIENT, "target", "t1", OPEN_WAY_TARGET)
        self._know_neighbours("open", "way", OPEN_WAY_CLIENT, "target", "t1", OPEN_WAY_TARGET)
        ip("-n", "open", "route", "add", "default", "via", OPEN_WAY_TARGET[0])
        ip("-n", "open", "-6", "route", "add", "default", "via", OPEN_WAY_TARGET[1])
        # The proxies are at the same address for both clients.
        ip("-n", "open", "route", "add", PROXY_SIDE[0], "via", OPEN_PROXY_SIDE[0])
        ip("-n", "open", "-6", "route", "add", PROXY_SIDE[1], "via", OPEN_PROXY_SIDE[1])

    @staticmethod
    def _know_neighbours(ns_a, dev_a, addrs_a, ns_b, dev_b, addrs_b):
        """The kernel looks stale neighbours up again on its own, which a capture would show."""
        for ns, dev, other_ns, other_dev, others in (
                (ns_a, dev_a, ns_b, dev_b, addrs_b), (ns_b, dev_b, ns_a, dev_a, addrs_a)):
            with inside(other_ns):
                mac = World._mac(other_dev)
            for address in others:
                ip("-n", ns, "neigh", "replace", address, "lladdr", mac, "dev", dev,
                   "nud", "permanent")

    @staticmethod
    def _mac(dev):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            answer = fcntl.ioctl(probe, SIOCGIFHWADDR, struct.pack("256s", dev.encode()))
        return answer[18:24].hex(":")

    @staticmethod
    def sysctl(ns, key, value):
        with inside(ns):
            # /proc/sys/net shows the namespace of the thread that opens it.
            with open("/proc/sys/" + key, "w", encoding="ascii") as file:
                file.write(value)

    @staticmethod
    def listen(ns, address, port=0, backlog=64):
        """A listening stream socket in `ns`."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with inside(ns):
            server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        server.listen(backlog)
        return server


class Capture:
    """Every IP and ARP packet that passes `dev` of `ns` from now on, but ICMPv6 chatter."""

    _ETH_P_ALL = 3
    _SO_RCVBUFFORCE = 33

    def __init__(self, ns="open", dev="way"):
        with inside(ns):
            # With a protocol it would hear every device until it is bound to one.
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, self._SO_RCVBUFFORCE, 16 << 20)
        except PermissionError:
            pass  # an ordinary user's namespace: the system's default then
        self._socket.bind((dev, self._ETH_P_ALL))
        self._socket.setblocking(False)

    def close(self):
        self._socket.close()

    def packets(self):
        """One line for each packet so far."""
        out = []
        while True:
            try:
                frame = self._socket.recv(65536)
            except BlockingIOError:
                return out
            line = self._describe(frame)
            if line:
                out.append(line)

    @staticmethod
    def _describe(frame):
        ethertype = struct.unpack("!H", frame[12:14])[0]
        body = frame[14:]
        if ethertype == 0x0806:
            return "arp who-has " + socket.inet_ntoa(body[24:28])
        if ethertype == 0x0800:
            family, proto, source, dest = socket.AF_INET, body[9], body[12:16], body[16:20]
            transport = body[(body[0] & 15) * 4 :]
        elif ethertype == 0x86DD:
            family, proto, source, dest = socket.AF_INET6, body[6], body[8:24], body[24:40]
            transport = body[40:]
            # Hop-by-hop options (MLD) and ICMPv6: the kernel's own.
            if proto in (0, 58):
                return None
        else:
            return f"ethertype {ethertype:#06x}"
        ports = struct.unpack("!HH", transport[:4]) if proto in (6, 17) else ("", "")
        return (
            f"{ {6: 'tcp', 17: 'udp', 1: 'icmp'}.get(proto, proto) } "
            f"{socket.inet_ntop(family, source)}.{ports[0]} > "
            f"{socket.inet_ntop(family, dest)}.{ports[1]}"
        )
