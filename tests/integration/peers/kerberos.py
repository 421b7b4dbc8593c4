"""A Kerberos realm of the tests' own, and squid that takes its tickets."""

import os
import subprocess

from peers.process import Peer
from peers.squid import Squid

REALM = "GOCHAIN.TEST"
DOMAIN = "corp.test"


class Kdc(Peer):
    """The realm's KDC. Its folder has the database, the keytabs and krb5.conf for its clients."""

    def prepare(self):
        self.config = self.client_config("krb5.conf", f"{self.address}:{self.port}")
        profile = self.write("kdc.conf", f"""[kdcdefaults]
    kdc_listen = {self.address}:{self.port}
    kdc_tcp_listen = {self.address}:{self.port}
[realms]
    {REALM} = {{
        database_name = {self.folder}/principal
        key_stash_file = {self.folder}/stash
        acl_file = {self.folder}/acl
        supported_enctypes = aes256-cts:normal
    }}
[logging]
    kdc = FILE:{self.folder}/kdc.log
""")
        self._settings = {"KRB5_CONFIG": self.config, "KRB5_KDC_PROFILE": profile}
        self._run("kdb5_util", "-r", REALM, "create", "-s", "-P", "master")

    def client_config(self, name, kdc):
        """A krb5.conf in which the realm's KDC is at `kdc`. Nothing is asked of DNS."""
        return self.write(name, f"""[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    {REALM} = {{
        kdc = {kdc}
    }}
[domain_realm]
    .{DOMAIN} = {REALM}
    .else.test = ELSE.TEST
""")

    def environment(self):
        return super().environment() | self._settings

    def argv(self):
        return ["krb5kdc", "-n", "-r", REALM, "-P", f"{self.folder}/pid"]

    def keytab(self, principal):
        """The file with the key of `principal`, which is made if it isn't there."""
        path = os.path.join(self.folder, principal.replace("/", "-") + ".keytab")
        if not os.path.exists(path):
            self._admin(f"add_principal -randkey {principal}")
            self._admin(f"ktadd -norandkey -k {path} {principal}")
            os.chmod(path, 0o644)  # squid's helpers run as another user
        return path

    def change_key(self, principal):
        """Tickets made from now on are not for the key in the keytab."""
        self._admin(f"change_password -randkey {principal}")

    def get_ticket(self, user, cache, *options):
        """kinit of `user` into the file `cache`; `options` are kinit's."""
        self._run("kinit", "-c", f"FILE:{cache}", *options, "-k", "-t", self.keytab(user), user,
                  ns=self.ns)
        return cache

    def _admin(self, command):
        self._run("kadmin.local", "-r", REALM, "-q", command)

    def _run(self, *argv, ns=None):
        inside = ["nsenter", "--net=/run/netns/" + ns, "--"] if ns else []
        done = subprocess.run(
            inside + list(argv), env=self.environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=30,
        )
        # kadmin.local's status is 0 whatever became of the command.
        assert done.returncode == 0 and "rror" not in done.stderr, f"{argv}: {done.stderr}"


class NegotiateSquid(Squid):
    """Takes tickets for HTTP/`name` whose key is in `keytab`, and each message once."""

    def __init__(self, folder, ns, address, port, kdc, name, keytab=None, **kwargs):
        super().__init__(folder, ns, address, port, **kwargs)
        self.name = f"{name}.{DOMAIN}"
        self.principal = f"HTTP/{self.name}"
        self._kdc, self._keytab = kdc, keytab or kdc.keytab(self.principal)

    def access(self):
        return self.known_by(
            "negotiate program /usr/lib/squid/negotiate_kerberos_auth -d -t dfl"
            f" -c {self.folder} -k {self._keytab} -s {self.principal}@{REALM}",
            "negotiate children 2 startup=1", "negotiate keep_alive on")

    def environment(self):
        return super().environment() | {"KRB5_CONFIG": self._kdc.config}

    def url(self, user=None, password=None, host=None):
        return super().url(user, password, host or self.name)
