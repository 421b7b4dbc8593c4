"""A host to log in to: sshd of an ordinary user, and the ssh_config that gets one in."""

import os
import shutil
import subprocess

from gochain import NOBODY, real_root
from peers.process import Peer

KEYS = ("host_key", "user_key", "other_key")


class SshHost(Peer):
    """Lets its own user in by key, nobody else; counts who came."""

    scheme = "ssh"
    version_argv = ("ssh", "-V")
    settings = ""

    def __init__(self, folder, ns, address, port, hosts=None):
        # Without the wrapper that these bring, the user's account would be a locked one.
        super().__init__(folder, ns, address, port,
                         hosts=hosts or {"nothing.corp.test": address})

    def prepare(self):
        for name in KEYS:
            path = os.path.join(self.folder, name)
            if not os.path.exists(path):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path],
                               check=True, timeout=20, stdin=subprocess.DEVNULL)
            if real_root():
                os.chown(path, NOBODY, NOBODY)
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        with open(os.path.join(self.folder, "host_key.pub"), encoding="ascii") as file:
            self.write("known_hosts", f"[{self.address}]:{self.port} {file.read()}")
        self.write(
            "sshd_config",
            f"""Port {self.port}
ListenAddress {self.address}
HostKey {self.folder}/host_key
AuthorizedKeysFile {self.folder}/user_key.pub
PidFile none
LogLevel VERBOSE
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 1000
UseDNS no
PrintMotd no
{self.settings}""",
        )

    def argv(self):
        # sshd wants its own absolute path.
        argv = ["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.folder}/sshd_config"]
        if os.geteuid() != 0:
            return argv
        if real_root():
            return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                    "--inh-caps=-all", "--bounding-set=-all", "--"] + argv
        # A user whom /etc/passwd has; who is root can't be somebody else in the same namespace.
        return ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"] + argv

    def url(self, user="nobody", password=None, host=None):
        return super().url(user or "", host=host).replace(":None@", "@")

    def config(self, folder, key="user_key", known="known_hosts", more=""):
        """An ssh_config of the test's own user, in `folder`."""
        path = os.path.join(folder, f"ssh_config-{self.port}")
        own_key = os.path.join(folder, f"{key}-{self.port}")
        shutil.copyfile(os.path.join(self.folder, key), own_key)
        os.chmod(own_key, 0o600)
        if real_root():
            os.chown(own_key, NOBODY, NOBODY)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{more}\nIdentityFile {own_key}\nIdentitiesOnly yes\n"
                       f"UserKnownHostsFile {self.folder}/{known}\nGlobalKnownHostsFile none\n")
        return path

    def section(self, folder, name="jump", host=None, **kwargs):
        """[proxy NAME]"""
        return (f"[proxy {name}]\nurl = {self.url(host=host)}\n"
                f"ssh_config = {self.config(folder, **kwargs)}\n")

    def logins(self):
        """How many connections were logged in."""
        with open(self.log_path(), encoding="utf-8", errors="replace") as file:
            return file.read().count("Accepted publickey")


class ClosedSshHost(SshHost):
    """Lets users in, and forwards nothing."""

    settings = "AllowTcpForwarding no\n"
