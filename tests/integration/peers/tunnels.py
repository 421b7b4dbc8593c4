"""Programs that stand on a user's machine as SOCKS5 or HTTP proxies and carry what they get to a
server of their own."""

import json

from peers.process import Peer

METHOD = "chacha20-ietf-poly1305"


class ShadowsocksServer(Peer):
    """Asks `nameserver` itself: c-ares goes past libc."""

    def __init__(self, folder, ns, address, port, nameserver, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._nameserver = nameserver

    def argv(self):
        return ["ss-server", "-s", self.address, "-p", str(self.port), "-k", "tunnel", "-m", METHOD,
                "-d", f"{self._nameserver.address}:{self._nameserver.port}"]


class Shadowsocks(Peer):
    """ss-local, before an ss-server."""

    scheme = "socks5"
    version_argv = ["ss-local", "-h"]

    def __init__(self, folder, ns, address, port, server, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._server = server

    def argv(self):
        return ["ss-local", "-s", self._server.address, "-p", str(self._server.port),
                "-b", self.address, "-l", str(self.port), "-k", "tunnel", "-m", METHOD]


class V2ray(Peer):
    """Its `protocol` is socks or http."""

    version_argv = ["v2ray", "-version"]

    def __init__(self, folder, ns, address, port, protocol="socks", **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._protocol = protocol
        self.scheme = {"socks": "socks5", "http": "http"}[protocol]

    def prepare(self):
        settings = {}
        if self.user:
            settings["accounts"] = [{"user": self.user, "pass": self.password}]
            if self._protocol == "socks":
                settings["auth"] = "password"
        self.write("config.json", json.dumps({
            "log": {"loglevel": "info"},
            "dns": {"hosts": self.hosts, "servers": ["127.0.0.1"]},
            "inbounds": [{"listen": self.address, "port": self.port, "protocol": self._protocol,
                          "settings": settings}],
            "outbounds": [{"protocol": "freedom", "settings": {"domainStrategy": "UseIP"}}],
        }))

    def argv(self):
        return ["v2ray", "-config", f"{self.folder}/config.json"]
