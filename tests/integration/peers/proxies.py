"""Real proxies."""

import subprocess

from peers.process import NSS_WRAPPER, Peer
from peers.squid import Squid  # noqa: F401 (one of them)


class Microsocks(Peer):
    scheme = "socks5"
    package = "microsocks"

    def argv(self):
        login = ["-u", self.user, "-P", self.password] if self.user else []
        return ["microsocks", "-i", self.address, "-p", str(self.port)] + login


class Dante(Peer):
    """`external` is the interface or address that it dials from. Its users are the system's, of
    whom libnss-wrapper makes one up."""

    scheme = "socks5"
    external = "p1"
    version_argv = ["danted", "-v"]

    def environment(self):
        env = super().environment()
        if self.user:
            secret = subprocess.run(["openssl", "passwd", "-6", self.password], check=True,
                                    capture_output=True, text=True, timeout=10).stdout.strip()
            env |= {
                "LD_PRELOAD": NSS_WRAPPER,
                "NSS_WRAPPER_PASSWD": self.write(
                    "passwd", f"root:x:0:0::/:/bin/sh\n{self.user}:x:2000:0::/:/bin/false\n"),
                "NSS_WRAPPER_GROUP": self.write("group", "root:x:0:\n"),
                "NSS_WRAPPER_SHADOW": self.write(
                    "shadow", f"{self.user}:{secret}:19000:0:99999:7:::\n"),
            }
        return env

    def prepare(self):
        self.write(
            "danted.conf",
            f"""logoutput: {self.folder}/danted.log
internal: {self.address} port = {self.port}
external: {self.external}
clientmethod: none
socksmethod: {"username" if self.user else "none"}
user.privileged: root
user.unprivileged: root
client pass {{ from: 0/0 to: 0/0 }}
client pass {{ from: ::/0 to: ::/0 }}
socks pass {{ from: 0/0 to: 0/0 log: connect error }}
socks pass {{ from: ::/0 to: ::/0 log: connect error }}
""",
        )

    def argv(self):
        return ["danted", "-f", "danted.conf", "-p", "danted.pid", "-N", "2"]


class Dante4(Dante):
    """It takes a socks4a name for the address 0.0.0.1; ssh -D knows better."""

    scheme = "socks4"


class Tinyproxy(Peer):
    scheme = "http"
    version_argv = ["tinyproxy", "-v"]

    def prepare(self):
        login = f"BasicAuth {self.user} {self.password}\n" if self.user else ""
        self.write(
            "tinyproxy.conf",
            f"Port {self.port}\nListen {self.address}\nTimeout 30\nMaxClients 200\n"
            f'LogFile "{self.folder}/tinyproxy.log"\nLogLevel Connect\n{login}',
        )

    def argv(self):
        return ["tinyproxy", "-d", "-c", "tinyproxy.conf"]


class SshTunnel(Peer):
    """`ssh -D`: a proxy for SOCKS5, 4 and 4a whose names are looked up by the sshd behind it."""

    scheme = "socks5"
    version_argv = ["ssh", "-V"]

    def __init__(self, folder, ns, address, port, sshd):
        super().__init__(folder, ns, address, port)
        self._sshd = sshd

    def argv(self):
        return self._sshd.client_argv() + [
            "-o", "ExitOnForwardFailure=yes", "-N", "-D", f"{self.address}:{self.port}",
            f"root@{self._sshd.address}",
        ]
