"""Servers that programs go to: nginx (files, modules, git), sshd, git daemon, a TCP echo."""

import os
import socket
import subprocess
import threading

from peers.process import Peer
from waiting import readable


class Nginx(Peer):
    """Serves `root` over http on `port` and over https on `tls_port`, and the repositories in it
    (NAME.git, lib) by git's own http-backend, so that clone and fetch are those of a real host."""

    settings = ""  # more for its http section

    def __init__(self, folder, ns, address, port, root, tls_port=None, certificate=None):
        super().__init__(folder, ns, address, port)
        self._root, self._tls_port, self._certificate = root, tls_port, certificate
        self._cgi = None

    def prepare(self):
        host = self.address
        tls = ""
        if self._tls_port:
            cert, key = self._certificate
            tls = (
                f"listen {host}:{self._tls_port} ssl; ssl_certificate {cert};"
                f" ssl_certificate_key {key};"
            )
        # One process: a worker would change its user, which an ordinary user's namespace refuses.
        self.write(
            "nginx.conf",
            f"""user root root; daemon off; master_process off; pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log {self.folder}/access.log; {self.settings}
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi; uwsgi_temp_path {self.folder}/uwsgi;
  scgi_temp_path {self.folder}/scgi;
  server {{
    listen {host}:{self.port}; {tls}
    root {self._root};
    location ~ ^/(lib|[^/]*\\.git)/ {{
      fastcgi_pass unix:{self.folder}/cgi.sock;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {self._root};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HOME {self.folder};
      fastcgi_param GIT_CONFIG_COUNT 1;
      fastcgi_param GIT_CONFIG_KEY_0 safe.directory;
      fastcgi_param GIT_CONFIG_VALUE_0 *;
    }}
  }}
}}
""",
        )

    def argv(self):
        return ["nginx", "-p", self.folder, "-c", f"{self.folder}/nginx.conf", "-e", "early.log"]

    def start(self):
        super().start()
        with open(os.path.join(self.folder, "cgi.log"), "ab") as log:
            self._cgi = subprocess.Popen(
                ["fcgiwrap", "-c", "2", "-s", f"unix:{self.folder}/cgi.sock"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                start_new_session=True,
            )
        return self

    def requests(self):
        """One line for each so far, which begins with the other side's address."""
        with open(os.path.join(self.folder, "access.log"), encoding="ascii") as log:
            return log.read().splitlines()

    def stop(self):
        super().stop()
        if self._cgi:
            os.killpg(self._cgi.pid, 15)
            self._cgi.wait(timeout=5)
            self._cgi = None


class Dnsmasq(Peer):
    """A nameserver that knows `hosts`, `aliases` of them, and nothing else."""

    def __init__(self, folder, ns, address, port, hosts, aliases):
        super().__init__(folder, ns, address, port, hosts=hosts)
        self._aliases = aliases

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

    def prepare(self):
        self.write("hosts", "".join(f"{addr} {name}\n" for name, addr in self.hosts.items()))

    def argv(self):
        # It would change its user, which an ordinary user's namespace refuses.
        return [
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            f"--addn-hosts={self.folder}/hosts", f"--port={self.port}", "--bind-interfaces",
            f"--listen-address={self.address}", "--except-interface=lo", "--user=root",
            "--group=root", "--pid-file=", "--log-facility=-", "--log-queries",
            # Else a name that has no AAAA is refused, which musl takes for "ask again".
            "--local=/test/", "--local=/example/",
        ] + [f"--cname={alias},{name}" for alias, name in self._aliases.items()]


class GitDaemon(Peer):
    def __init__(self, folder, ns, address, port, root):
        super().__init__(folder, ns, address, port)
        self._root = root

    def environment(self):
        return super().environment() | {
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }

    def argv(self):
        return [
            "git", "daemon", "--reuseaddr", "--export-all", f"--base-path={self._root}",
            f"--listen={self.address}", f"--port={self.port}", self._root,
        ]


class Sshd(Peer):
    """Lets root in by key."""

    def prepare(self):
        for name in ("host_key", "user_key"):
            path = os.path.join(self.folder, name)
            if not os.path.exists(path):
                subprocess.run(
                    ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path],
                    check=True, timeout=20, stdin=subprocess.DEVNULL,
                )
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.write(
            "sshd_config",
            f"""Port {self.port}
ListenAddress {self.address}
HostKey {self.folder}/host_key
AuthorizedKeysFile {self.folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
PrintMotd no
AcceptEnv GIT_PROTOCOL
""",
        )

    def argv(self):
        # sshd wants its own absolute path.
        return ["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.folder}/sshd_config"]

    def client_argv(self, key=None):
        """ssh with nothing of the user's own settings; the rest (options, host) is the caller's."""
        return [
            "ssh", "-F", "none", "-i", key or f"{self.folder}/user_key", "-p", str(self.port),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR",
        ]


class SshForward(Peer):
    """`ssh -L FORWARD`, as "ADDRESS:PORT:HOST:PORT", by `sshd`."""

    def __init__(self, folder, ns, sshd, forward):
        address, port = forward.split(":")[:2]
        super().__init__(folder, ns, address, int(port))
        self._sshd, self._forward = sshd, forward

    def argv(self):
        return self._sshd.client_argv() + [
            "-o", "ExitOnForwardFailure=yes", "-N", "-L", self._forward,
            f"root@{self._sshd.address}",
        ]


class Responder:
    """A TCP server of ours that sees what real ones hide: each connection's bytes and its end.

    A request that begins with "GET " is answered as HTTP with "hello from PORT"; anything else is
    sent back as it came. One thread each; daemon threads end with the tests.
    """

    def __init__(self, server):
        self._server = server
        self.address, self.port = server.getsockname()[:2]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, peer = self._server.accept()
            except OSError:
                return
            record = Connection(peer)
            self.connections.append(record)
            threading.Thread(target=self._serve, args=(conn, record), daemon=True).start()

    def _serve(self, conn, record):
        with conn:
            try:
                while data := conn.recv(65536):
                    record.received += data
                    if record.received.startswith(b"GET "):
                        if b"\r\n\r\n" in record.received:
                            body = f"hello from {self.port}\n".encode()
                            conn.sendall(
                                b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                b"Content-Length: %d\r\n\r\n"
                                % len(body) + body
                            )
                            conn.shutdown(socket.SHUT_WR)
                    else:
                        conn.sendall(data)
                record.ended.set()
            except OSError as error:
                record.error = error
                record.ended.set()

    def stop(self):
        _stop_listening(self._server)


def _stop_listening(server):
    if server.fileno() >= 0:
        # close() alone does not wake a thread in accept().
        server.shutdown(socket.SHUT_RDWR)
        server.close()


class Connection:
    def __init__(self, peer):
        self.peer = peer
        self.received = b""
        self.error = None
        self.ended = threading.Event()  # FIN or RST seen


class Fault:
    """A proxy that does what no real one will: `kind` hang (takes the connection, says nothing),
    rubbish (answers with bytes of no protocol), closes (hangs up after the first bytes)."""

    def __init__(self, server, kind):
        self._server, self._kind = server, kind
        self.address, self.port = server.getsockname()[:2]
        self.accepted = 0
        self.dropped = threading.Event()  # the other side hung up
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self._server.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with conn:
            try:
                if self._kind == "hang":
                    while conn.recv(4096):
                        pass
                    self.dropped.set()
                    return
                conn.recv(4096)
                if self._kind == "rubbish":
                    conn.sendall(b"220 mail.example ESMTP ready\r\n" * 3)
                    readable([conn], 5)
            except OSError:
                self.dropped.set()

    def stop(self):
        _stop_listening(self._server)
