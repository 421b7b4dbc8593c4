"""Real HTTP proxies, and what stands in front of them, beside squid and tinyproxy."""

import hashlib
import os
import subprocess

from peers.process import Peer
from peers.squid import DOMAIN, REALM

APACHE_MODULES = "/usr/lib/apache2/modules"


class Apache(Peer):
    """mod_proxy_connect. `auth` is basic or digest, where there is a user; `settings` are more lines
    for that, as "AuthDigestNonceLifetime 2"."""

    scheme = "http"
    ordinary = True
    version_argv = ["apache2", "-v"]

    def __init__(self, folder, ns, address, port, auth="basic", settings=(), tls=None, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._auth, self._settings, self._tls = auth, settings, tls
        if tls:
            self.scheme = "https"

    def prepare(self):
        modules = ["mpm_event", "authz_core", "authz_user", "authn_core", "authn_file",
                   "auth_basic", "auth_digest", "proxy", "proxy_connect"]
        lines = ["AllowCONNECT 1-65535", "ProxyRequests On", "ServerName apache.test",
                 f"ServerRoot {self.folder}", f"DefaultRuntimeDir {self.folder}", "PidFile pid",
                 f"Listen {self.address}:{self.port}", "ErrorLog error.log", "LogLevel info",
                 "StartServers 1", "ThreadsPerChild 25", "ServerLimit 4", "MaxRequestWorkers 100"]
        if self._tls:
            modules += ["socache_shmcb", "ssl"]
            lines += ["SSLEngine on", "SSLCertificateFile {}".format(self._tls[0]),
                      "SSLCertificateKeyFile {}".format(self._tls[1])]
        who = self._login() if self.user else ["Require all granted"]
        lines += ["<Proxy *>", *who, "</Proxy>"]
        load = [f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in modules]
        self.write("apache.conf", "\n".join(load + lines) + "\n")

    def _login(self):
        if self._auth == "digest":
            secret = hashlib.md5(f"{self.user}:{REALM}:{self.password}".encode()).hexdigest()
            secret = f"{REALM}:{secret}"
        else:
            secret = subprocess.run(
                ["openssl", "passwd", "-apr1", self.password],
                check=True, capture_output=True, text=True, timeout=10).stdout.strip()
        path = self.write("users", f"{self.user}:{secret}\n")
        kind = self._auth.capitalize()
        return [f"AuthType {kind}", f"AuthName {REALM}", f"Auth{kind}Provider file",
                f"AuthUserFile {path}", *self._settings, "Require valid-user"]

    def argv(self):
        return ["apache2", "-D", "FOREGROUND", "-f", f"{self.folder}/apache.conf"]


class Privoxy(Peer):
    """Knows no login of its own."""

    scheme = "http"
    version_argv = ["privoxy", "--version"]

    def prepare(self):
        self.write(
            "config",
            f"confdir {self.folder}\nlogdir {self.folder}\nlogfile privoxy.log\n"
            f"templdir /etc/privoxy/templates\nlisten-address {self.address}:{self.port}\n"
            "toggle 0\nenable-remote-toggle 0\nenable-edit-actions 0\n",
        )

    def argv(self):
        return ["privoxy", "--no-daemon", f"{self.folder}/config"]


class Haproxy(Peer):
    """Hands CONNECT on to the HTTP proxy `behind`, and asks for the login itself (Basic)."""

    scheme = "http"
    version_argv = ["haproxy", "-v"]

    def __init__(self, folder, ns, address, port, behind, bundle=None, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._behind, self._bundle = behind, bundle
        if bundle:
            self.scheme = "https"

    def prepare(self):
        users = login = ""
        if self.user:
            users = f"userlist known\n  user {self.user} insecure-password {self.password}\n"
            login = f"  http-request auth realm {REALM} unless {{ http_auth(known) }}\n"
        tls = f" ssl crt {self._bundle}" if self._bundle else ""
        self.write(
            "haproxy.cfg",
            f"global\n  maxconn 200\ndefaults\n  mode http\n  option http-use-proxy-header\n"
            "  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n"
            f"{users}listen proxy\n  bind {self.address}:{self.port}{tls}\n{login}"
            f"  server behind {self._behind.address}:{self._behind.port}\n",
        )

    def argv(self):
        return ["haproxy", "-db", "-f", f"{self.folder}/haproxy.cfg"]


class Cntlm(Peer):
    """Logs in by NTLM at the HTTP proxy `parent` with that one's user and password. With `http_port`
    it is a SOCKS5 proxy (cntlm wants the HTTP one as well), which asks for nothing: Debian's ignores
    SOCKS5User."""

    scheme = "http"
    package = "cntlm"

    def __init__(self, folder, ns, address, port, parent, http_port=None, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self._parent, self._http_port = parent, http_port
        if http_port:
            self.scheme = "socks5"

    def prepare(self):
        front = f"Listen {self.address}:{self._http_port or self.port}\n"
        if self._http_port:
            front += f"SOCKS5Proxy {self.address}:{self.port}\n"
        self.write(
            "cntlm.conf",
            f"Username {self._parent.user}\nDomain {DOMAIN}\nPassword {self._parent.password}\n"
            f"Auth NTLMv2\nWorkstation CNTLM\n"
            f"Proxy {self._parent.address}:{self._parent.port}\n{front}",
        )

    def argv(self):
        return ["cntlm", "-f", "-c", f"{self.folder}/cntlm.conf"]


class Stunnel(Peer):
    """TLS in front of the proxy `behind`. `client_ca`: every client must have a certificate of it."""

    version_argv = ["stunnel4", "-version"]

    def __init__(self, folder, ns, address, port, behind, certificate, client_ca=None,
                 hosts=None):
        super().__init__(folder, ns, address, port, hosts=hosts)
        self.scheme = {"http": "https"}.get(behind.scheme, behind.scheme)
        self.user, self.password = behind.user, behind.password
        self._behind, self._certificate, self._client_ca = behind, certificate, client_ca

    def prepare(self):
        client = f"verifyChain = yes\nCAfile = {self._client_ca}\n" if self._client_ca else ""
        cert, key = self._certificate
        self.write(
            "stunnel.conf",
            f"foreground = yes\nsyslog = no\npid =\n[proxy]\naccept = {self.address}:{self.port}\n"
            f"connect = {self._behind.address}:{self._behind.port}\ncert = {cert}\nkey = {key}\n"
            f"{client}",
        )

    def argv(self):
        return ["stunnel4", f"{self.folder}/stunnel.conf"]
