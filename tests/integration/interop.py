"""The proxies that gochain is tried with: a row for each peer, protocol and login. The tests run
over them and docs/proxies.md is made of them; so what is said there has been seen.

Nothing here needs pytest or a network until a row's peer is made.
"""

import dataclasses
import os
import shutil
import typing
import unittest

import world
from gochain import keep_private
from peers import http_proxies, kerberos, proxies, servers, tunnels
from peers.digest_proxy import DigestProxy, Way
from peers.squid import DOMAIN, Squid

USER, PASSWORD, WRONG = "alice", "pw7f3a9c", "wr0ng5e1d"
AT = world.PROXY_SIDE[0]
HAS_LOGIN = {"user": USER, "password": PASSWORD}
BY_PROXY, BY_CLIENT = "proxy", "here"


@dataclasses.dataclass(frozen=True)
class Row:
    """`make` starts the peer. `programs` are the classes whose versions are told, in the order of
    `peer`'s words."""

    peer: str
    protocol: str
    auth: str
    make: typing.Callable
    programs: tuple
    names: str = BY_PROXY  # who looks the target's name up
    user: str = USER
    keys: typing.Callable = lambda peers, folder: ()  # further lines of the [proxy] section
    env: typing.Callable = lambda peers, folder: {}  # what programs need for the login
    curl: tuple = ()  # what curl needs to be told, beside the URL
    checks: bool = True  # refuses a wrong password
    remarks: str = ""

    @property
    def name(self):
        return f"{self.peer}, {self.protocol}, {self.auth}"

    @property
    def has_login(self):
        """By a user and a password."""
        return self.auth in ("password", "Basic", "Digest", "NTLM")

    def started(self, peers):
        if self.missing():
            raise unittest.SkipTest(f"{self.missing()} is not installed")
        return peers._once(("row", self.name), lambda: self.make(peers))

    def section(self, peers, folder, password=PASSWORD, name="office"):
        """[proxy NAME]; what must be a file of the user's own goes to `folder`."""
        return section(name, self.url(peers, password), *self.keys(peers, folder))

    def url(self, peers, password=PASSWORD, scheme=None):
        peer = self.started(peers)
        login = ""
        if self.has_login:
            login = f"{self.user}:{password}@".replace("\\", "%5C")
        elif self.protocol == "ssh":
            login = f"{self.user}@"
        host = getattr(peer, "name", peer.address)
        return f"{scheme or self.protocol}://{login}{host}:{peer.port}"

    def place(self, peers, runner):
        """Where the peer's own name is known, and no other."""
        peer = self.started(peers)
        name = f"{peer.address} {peer.name}\n" if hasattr(peer, "name") else ""
        return runner.place.but(hosts="127.0.0.1 localhost\n" + name)

    def missing(self):
        """The first program that isn't there, of those that not every distribution has."""
        for program in self.programs:
            name = program.version_argv[0] if program.version_argv else None
            if name and not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin"):
                return name
        return None

    def versions(self):
        return ", ".join(program.version() for program in self.programs)


def section(name, url, *keys):
    return "\n".join([f"[proxy {name}]", f"url = {url}", *keys]) + "\n"


def start(kind, **kwargs):
    return lambda peers: peers.start(kind, AT, **kwargs)


def with_login(kind, **kwargs):
    return start(kind, **HAS_LOGIN, **kwargs)


def squid(schemes):
    return with_login(Squid, schemes=schemes)


def ssh_d(peers):
    sshd = peers.sshd()
    return peers._keep(proxies.SshTunnel(peers._folder, "proxy", AT, peers.port(), sshd)).start()


def shadowsocks(peers):
    nameserver = peers.start(servers.Dnsmasq, AT, aliases={})
    server = peers.start(tunnels.ShadowsocksServer, AT, nameserver=nameserver)
    return peers.start(tunnels.Shadowsocks, AT, server=server, last=False)


def cntlm(socks=False):
    """It goes by the squid that wants NTLM."""
    return lambda peers: peers.start(
        http_proxies.Cntlm, AT, parent=ROW["squid, http, NTLM"].started(peers),
        http_port=peers.port() if socks else None)


def haproxy(**kwargs):
    return lambda peers: peers.start(
        http_proxies.Haproxy, AT, behind=ROW["tinyproxy, http, none"].started(peers), **kwargs)


def certificate(peers):
    return peers.authority().issue(AT)


def over_tls(kind, **kwargs):
    """`kind` with TLS of its own."""
    return lambda peers: peers.start(kind, AT, tls=certificate(peers), **kwargs)


def stunnel(behind, client=False):
    """In front of the peer of the row `behind`; `client`: lets in who has a certificate."""
    return lambda peers: peers.start(
        http_proxies.Stunnel, AT, behind=ROW[behind].started(peers),
        certificate=certificate(peers), client_ca=peers.authority().file if client else None,
        last=False)


def haproxy_over_tls(peers):
    return peers.start(http_proxies.Haproxy, AT, behind=ROW["tinyproxy, http, none"].started(peers),
                       bundle=peers.authority().bundle(AT), **HAS_LOGIN)


def trusted(peers, _folder):
    return (f"ca_file = {peers.authority().file}",)


def with_certificate(peers, folder):
    cert, key = peers.authority().issue("client.corp.test")
    return *trusted(peers, folder), f"client_cert = {cert}", f"client_key = {key}"


def kdc(peers):
    return peers._once("kdc", lambda: peers.start(kerberos.Kdc, AT, last=False))


def negotiate(peers):
    return peers.start(kerberos.NegotiateSquid, AT, kdc=kdc(peers), name="office")


def ticket(peers, folder):
    """Of a user whom the realm knows."""
    cache = kdc(peers).get_ticket(USER, f"{folder}/ticket")
    keep_private(cache)
    return {"KRB5_CONFIG": kdc(peers).config, "KRB5CCNAME": f"FILE:{cache}"}


def ssh_config(peers, folder):
    """As of a user who has the key and knows the host."""
    sshd = peers.sshd()
    files = {name: os.path.join(folder, name) for name in ("key", "known_hosts", "ssh_config")}
    with open(f"{sshd.folder}/host_key.pub", encoding="ascii") as file:
        known = f"[{sshd.address}]:{sshd.port} {file.read()}"
    with open(f"{sshd.folder}/user_key", encoding="ascii") as file:
        texts = {"key": file.read(), "known_hosts": known}
    texts["ssh_config"] = (
        f"IdentityFile {files['key']}\nIdentitiesOnly yes\n"
        f"UserKnownHostsFile {files['known_hosts']}\nStrictHostKeyChecking yes\n")
    for name, text in texts.items():
        with open(files[name], "w", encoding="ascii") as file:
            file.write(text)
        keep_private(files[name])
    return (f"ssh_config = {files['ssh_config']}",)


NTLM = {"user": f"{DOMAIN}\\{USER}", "curl": ("--proxy-ntlm",)}
DIGEST = {"curl": ("--proxy-digest",)}
TRUSTED = {"keys": trusted}

PLAIN_ROWS = (
    Row("dante", "socks5", "none", start(proxies.Dante), (proxies.Dante,)),
    Row("dante", "socks5", "password", with_login(proxies.Dante), (proxies.Dante,)),
    Row("dante", "socks4", "none", start(proxies.Dante), (proxies.Dante,), BY_CLIENT,
        remarks="takes a socks4a name for the address 0.0.0.1"),
    Row("microsocks", "socks5", "none", start(proxies.Microsocks), (proxies.Microsocks,)),
    Row("microsocks", "socks5", "password", with_login(proxies.Microsocks),
        (proxies.Microsocks,)),
    Row("ssh -D", "socks4", "none", ssh_d, (proxies.SshTunnel,), BY_CLIENT),
    Row("ssh -D", "socks4a", "none", ssh_d, (proxies.SshTunnel,)),
    Row("ssh -D", "socks5", "none", ssh_d, (proxies.SshTunnel,)),
    Row("shadowsocks-libev", "socks5", "none", shadowsocks, (tunnels.Shadowsocks,),
        remarks="ss-local before ss-server; it says yes before it has tried"),
    Row("v2ray", "socks5", "none", start(tunnels.V2ray), (tunnels.V2ray,)),
    Row("v2ray", "socks5", "password", with_login(tunnels.V2ray), (tunnels.V2ray,)),
    Row("v2ray", "http", "none", start(tunnels.V2ray, protocol="http"), (tunnels.V2ray,)),
    Row("v2ray", "http", "Basic", with_login(tunnels.V2ray, protocol="http"), (tunnels.V2ray,)),
    Row("squid", "http", "none", start(Squid), (Squid,)),
    Row("squid", "http", "Basic", squid(["basic"]), (Squid,), remarks="basic_ncsa_auth"),
    Row("squid", "http", "Digest", squid(["digest"]), (Squid,),
        remarks="digest_file_auth: MD5, qop=auth", **DIGEST),
    Row("squid", "http", "NTLM", squid(["ntlm"]), (Squid,),
        remarks="Samba's ntlm_auth checks NTLMv2", **NTLM),
    Row("squid with ntlm_fake_auth", "http", "NTLM", squid(["ntlm-fake"]), (Squid,), checks=False,
        remarks="takes any password", **NTLM),
    Row("squid", "http", "Kerberos", negotiate, (Squid,), env=ticket,
        keys=lambda peers, folder: ("auth = negotiate",),
        remarks="negotiate_kerberos_auth, and MIT's KDC", curl=("--proxy-negotiate", "-U", ":")),
    Row("tinyproxy", "http", "none", start(proxies.Tinyproxy), (proxies.Tinyproxy,)),
    Row("tinyproxy", "http", "Basic", with_login(proxies.Tinyproxy), (proxies.Tinyproxy,),
        remarks="answers 401 to a wrong password"),
    Row("apache", "http", "none", start(http_proxies.Apache), (http_proxies.Apache,),
        remarks="mod_proxy_connect"),
    Row("apache", "http", "Basic", with_login(http_proxies.Apache, auth="basic"),
        (http_proxies.Apache,), remarks="mod_auth_basic"),
    Row("apache", "http", "Digest", with_login(http_proxies.Apache, auth="digest"),
        (http_proxies.Apache,), remarks="mod_auth_digest", **DIGEST),
    Row("privoxy", "http", "none", start(http_proxies.Privoxy), (http_proxies.Privoxy,)),
    Row("haproxy before tinyproxy", "http", "none", haproxy(),
        (http_proxies.Haproxy, proxies.Tinyproxy)),
    Row("haproxy before tinyproxy", "http", "Basic", haproxy(**HAS_LOGIN),
        (http_proxies.Haproxy, proxies.Tinyproxy)),
    Row("cntlm before squid with NTLM", "http", "none", cntlm(), (http_proxies.Cntlm, Squid),
        remarks="cntlm logs in"),
    Row("cntlm before squid with NTLM", "socks5", "none", cntlm(socks=True),
        (http_proxies.Cntlm, Squid)),
)

TLS_ROWS = (
    Row("stunnel before squid", "https", "none", stunnel("squid, http, none"),
        (http_proxies.Stunnel, Squid), **TRUSTED),
    Row("stunnel before squid", "https", "Basic", stunnel("squid, http, Basic"),
        (http_proxies.Stunnel, Squid), **TRUSTED),
    Row("stunnel before squid", "https", "Digest", stunnel("squid, http, Digest"),
        (http_proxies.Stunnel, Squid), **DIGEST, **TRUSTED),
    Row("stunnel before squid", "https", "NTLM", stunnel("squid, http, NTLM"),
        (http_proxies.Stunnel, Squid), **NTLM, **TRUSTED),
    Row("stunnel before tinyproxy", "https", "Basic", stunnel("tinyproxy, http, Basic"),
        (http_proxies.Stunnel, proxies.Tinyproxy), **TRUSTED),
    Row("stunnel before tinyproxy", "https", "client certificate",
        stunnel("tinyproxy, http, none", client=True), (http_proxies.Stunnel, proxies.Tinyproxy),
        keys=with_certificate),
    Row("squid", "https", "Basic", over_tls(Squid, **HAS_LOGIN), (Squid,), remarks="https_port",
        **TRUSTED),
    Row("apache", "https", "Digest", over_tls(http_proxies.Apache, auth="digest", **HAS_LOGIN),
        (http_proxies.Apache,), remarks="mod_ssl", **DIGEST, **TRUSTED),
    Row("haproxy before tinyproxy", "https", "Basic", haproxy_over_tls,
        (http_proxies.Haproxy, proxies.Tinyproxy), **TRUSTED),
)

SSH_ROWS = (
    Row("sshd", "ssh", "key", lambda peers: peers.sshd(), (proxies.SshTunnel,), user="root",
        keys=ssh_config),
)

ROWS = PLAIN_ROWS + TLS_ROWS + SSH_ROWS
ROW = {row.name: row for row in ROWS}
assert len(ROW) == len(ROWS)

# What is no peer of its own, but tells a client that a nonce is old soon after it was given.
NONCE_SECONDS = 2


def short_nonces(kind):
    make, program = {
        "squid": (squid({"digest": [f"nonce_max_duration {NONCE_SECONDS} seconds",
                                    "nonce_garbage_interval 1 second"]}), Squid),
        "apache": (with_login(http_proxies.Apache, auth="digest",
                              settings=[f"AuthDigestNonceLifetime {NONCE_SECONDS}"]),
                   http_proxies.Apache),
    }[kind]
    return Row(f"{kind} with short nonces", "http", "Digest", make, (program,), **DIGEST)


# Digest as no proxy of Debian's asks for it.
DIGESTS = {
    "no algorithm": Way(algorithms=("",)),
    "no qop": Way(qop=""),
    "MD5-sess": Way(algorithms=("MD5-sess",)),
    "SHA-256": Way(algorithms=("SHA-256",)),
    "SHA-256 and opaque": Way(algorithms=("SHA-256",), opaque="b3d1"),
    "SHA-256-sess": Way(algorithms=("SHA-256-sess",)),
    "SHA-256 before MD5": Way(algorithms=("SHA-256", "MD5")),
    "MD5 before SHA-256": Way(algorithms=("MD5", "SHA-256")),
    "user hashed": Way(algorithms=("SHA-256",), userhash=True),
    "auth-int too": Way(qop="auth-int,auth"),
    "nonces for one request": Way(one_use=True),
    "old HTTP": Way(old_form=True),
    "closes": Way(close=True),
    "page in chunks": Way(chunked=True, body=3000),
    "long page": Way(body=200_000),
}


def digest_proxy(peers, name):
    return peers._once(("digest", name), lambda: DigestProxy(
        peers._world.listen("proxy", AT), "proxy", world.NAMES, USER, PASSWORD, DIGESTS[name]))
