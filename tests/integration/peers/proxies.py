"""Real proxies."""

import os
import subprocess

from gochain import real_root
from peers.process import Peer


class Microsocks(Peer):
    scheme = "socks5"

    def argv(self):
        login = ["-u", self.user, "-P", self.password] if self.user else []
        return ["microsocks", "-i", self.address, "-p", str(self.port)] + login


class Dante(Peer):
    """`external` is the interface or address that it dials from."""

    scheme = "socks5"
    external = "p1"

    def prepare(self):
        self.write(
            "danted.conf",
            f"""logoutput: {self.folder}/danted.log
internal: {self.address} port = {self.port}
external: {self.external}
clientmethod: none
socksmethod: none
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

    def prepare(self):
        login = f"BasicAuth {self.user} {self.password}\n" if self.user else ""
        self.write(
            "tinyproxy.conf",
            f"Port {self.port}\nListen {self.address}\nTimeout 30\nMaxClients 200\n"
            f'LogFile "{self.folder}/tinyproxy.log"\nLogLevel Connect\n{login}',
        )

    def argv(self):
        return ["tinyproxy", "-d", "-c", "tinyproxy.conf"]


class Squid(Peer):
    """Takes names from its own hosts_file. Answers errors with long pages of HTML."""

    scheme = "http"

    def prepare(self):
        hosts = self.write(
            "squid.hosts", "".join(f"{addr} {name}\n" for name, addr in self.hosts.items())
        )
        host = f"[{self.address}]" if ":" in self.address else self.address
        self.write(
            "squid.conf",
            f"http_port {host}:{self.port}\nvisible_hostname squid.test\nhosts_file {hosts}\n"
            f"pid_filename {self.folder}/pid\ncache_log {self.folder}/cache.log\n"
            f"access_log stdio:{self.folder}/access.log\ncache deny all\ncache_mem 8 MB\n"
            f"coredump_dir {self.folder}\nnetdb_filename none\npinger_enable off\n"
            "dns_nameservers 127.0.0.1\ndns_timeout 2 seconds\nconnect_timeout 20 seconds\n"
            "acl blocked dstdomain forbidden.corp.test\nhttp_access deny blocked\n"
            "shutdown_lifetime 0 seconds\nvia off\nforwarded_for delete\n" + self.access(),
        )
        os.chmod(self.folder, 0o777)

    def access(self):
        """The lines of squid.conf that say who may connect; subclasses have other helpers."""
        if not self.user:
            return "http_access allow all\n"
        digest = subprocess.run(
            ["openssl", "passwd", "-apr1", self.password],
            check=True, capture_output=True, text=True, timeout=10,
        ).stdout.strip()
        self.write("passwd", f"{self.user}:{digest}\n")
        return self.known_by(
            f"basic program /usr/lib/squid/basic_ncsa_auth {self.folder}/passwd",
            "basic realm corp", "basic children 1 startup=1")

    @staticmethod
    def known_by(*parameters):
        """Whoever the helper of these auth_param lines knows may connect."""
        lines = "".join(f"auth_param {parameter}\n" for parameter in parameters)
        return (lines + "acl known proxy_auth REQUIRED\nhttp_access allow known\n"
                "http_access deny all\n")

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.folder, "LC_ALL": "C"}

    def argv(self):
        # It runs as no root, and where there is one user it can't change to another. One more
        # namespace calls that user something else.
        another = [] if real_root() else ["unshare", "-U", "--map-user=1000", "--map-group=1000"]
        return another + ["squid", "-N", "-f", os.path.join(self.folder, "squid.conf")]


class SshTunnel(Peer):
    """`ssh -D`: a proxy for SOCKS5, 4 and 4a whose names are looked up by the sshd behind it."""

    scheme = "socks5"

    def __init__(self, folder, ns, address, port, sshd):
        super().__init__(folder, ns, address, port)
        self._sshd = sshd

    def argv(self):
        return self._sshd.client_argv() + [
            "-o", "ExitOnForwardFailure=yes", "-N", "-D", f"{self.address}:{self.port}",
            f"root@{self._sshd.address}",
        ]
