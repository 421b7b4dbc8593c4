"""squid, with the authentication schemes it is told to offer."""

import hashlib
import os
import subprocess

from peers.process import Peer

HELPERS = "/usr/lib/squid"
REALM = "corp"
DOMAIN = "CORP"


class Squid(Peer):
    """Takes names from its own hosts_file. Answers errors with long pages of HTML.

    `schemes` are offered in this order where there is a user: basic, digest, ntlm and negotiate
    (Samba's ntlm_auth, which checks NTLMv2 against the one password it is given; the latter wraps
    it in SPNEGO), ntlm-fake (squid's own, which takes anybody). A dictionary has further
    auth_param settings of each: {"digest": ["nonce_max_duration 2 seconds"]}.
    """

    scheme = "http"
    ordinary = True
    version_argv = ["squid", "-v"]

    def __init__(self, folder, ns, address, port, schemes=("basic",), tls=None, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._schemes = schemes if isinstance(schemes, dict) else {name: [] for name in schemes}
        self._tls = tls  # (certificate, key): an https proxy
        if tls:
            self.scheme = "https"

    def prepare(self):
        hosts = self.write(
            "squid.hosts", "".join(f"{addr} {name}\n" for name, addr in self.hosts.items())
        )
        host = f"[{self.address}]" if ":" in self.address else self.address
        port = f"http_port {host}:{self.port}"
        if self._tls:
            port = "https_port {}:{} tls-cert={} tls-key={}".format(host, self.port, *self._tls)
        self.write(
            "squid.conf",
            f"{port}\nvisible_hostname squid.test\nhosts_file {hosts}\n"
            f"pid_filename {self.folder}/pid\ncache_log {self.folder}/cache.log\n"
            'logformat answers %Ss %>Hs %rm %ru %un %>p "%{Proxy-Authorization}>h"\n'
            f"access_log stdio:{self.folder}/access.log answers\ncache deny all\ncache_mem 8 MB\n"
            f"coredump_dir {self.folder}\nnetdb_filename none\npinger_enable off\n"
            "dns_nameservers 127.0.0.1\ndns_timeout 2 seconds\nconnect_timeout 20 seconds\n"
            "acl blocked dstdomain forbidden.corp.test\nhttp_access deny blocked\n"
            "shutdown_lifetime 0 seconds\nvia off\nforwarded_for delete\n" + self.access(),
        )

    def access(self):
        """The lines of squid.conf that say who may connect; subclasses have other helpers."""
        if not self.user:
            return "http_access allow all\n"
        return self.known_by(*(parameter for name, more in self._schemes.items()
                               for parameter in self._auth_parameters(name, more)))

    @staticmethod
    def known_by(*parameters):
        """Whoever the helpers of these auth_param lines know may connect."""
        lines = "".join(f"auth_param {parameter}\n" for parameter in parameters)
        return (lines + "acl known proxy_auth REQUIRED\nhttp_access allow known\n"
                "http_access deny all\n")

    def _auth_parameters(self, name, more):
        scheme, program = {
            "basic": ("basic", self._ncsa), "digest": ("digest", self._digest_file),
            "ntlm": ("ntlm", lambda: self._samba("squid-2.5-ntlmssp")),
            "ntlm-fake": ("ntlm", lambda: f"{HELPERS}/ntlm_fake_auth"),
            "negotiate": ("negotiate", lambda: self._samba("gss-spnego")),
        }[name]
        lines = [f"program {program()}", "children 4 startup=1"] + list(more)
        if scheme in ("basic", "digest"):
            lines.append(f"realm {REALM}")
        return [f"{scheme} {line}" for line in lines]

    def _ncsa(self):
        digest = subprocess.run(
            ["openssl", "passwd", "-apr1", self.password],
            check=True, capture_output=True, text=True, timeout=10,
        ).stdout.strip()
        return f"{HELPERS}/basic_ncsa_auth " + self.write("passwd", f"{self.user}:{digest}\n")

    def _digest_file(self):
        ha1 = hashlib.md5(f"{self.user}:{REALM}:{self.password}".encode()).hexdigest()
        return f"{HELPERS}/digest_file_auth -c " + self.write(
            "digest", f"{self.user}:{REALM}:{ha1}\n")

    def _samba(self, protocol):
        folder = os.path.join(self.folder, "samba")
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        folders = "".join(f"{kind} = {folder}\n" for kind in (
            "private dir", "lock directory", "state directory", "cache directory",
            "pid directory"))
        conf = self.write(
            "smb.conf", f"[global]\nworkgroup = {DOMAIN}\nnetbios name = SQUID\n{folders}")
        return (f"/usr/bin/ntlm_auth --helper-protocol={protocol} --configfile={conf} "
                f"--domain={DOMAIN} --username={self.user} --password={self.password}")

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.folder, "LC_ALL": "C"}

    def argv(self):
        # The name keeps its shared memory apart from that of other squids.
        return ["squid", "-N", "-n", f"squid{self.port}",
                "-f", os.path.join(self.folder, "squid.conf")]

    def answers(self):
        """What it answered so far, in order; an answer that is a tunnel comes when that ends."""
        with open(os.path.join(self.folder, "access.log"), encoding="utf-8") as log:
            return [Answer(line) for line in log.read().splitlines()]


class Answer:
    """`user` and `sent` (the Proxy-Authorization that came with the request) are "" for none.
    `client_port` tells connections apart."""

    def __init__(self, line):
        plain, self.sent = line.rstrip('"').split(' "')
        self.result, status, self.method, self.target, user, port = plain.split()
        self.status, self.client_port = int(status), int(port)
        self.sent = "" if self.sent == "-" else self.sent
        self.user = "" if user == "-" else user
        self.scheme = self.sent.split(" ")[0]

    def __repr__(self):
        return f"{self.status} {self.user} port {self.client_port}, sent {self.sent[:60]}"
