"""A Go toolchain to download, and the checksum database that vouches for it: files for a web server.

The database is a log of one record, in the form of golang.org/design/25530-sumdb and signed with a
key made here (c2sp.org/tlog-tiles, signed-note): `go` takes no toolchain without one.
"""

import base64
import hashlib
import os
import subprocess
import zipfile

MODULE = "golang.org/toolchain"
ED25519 = b"\x01"  # the algorithm, in front of a key


def make_toolchain(root, go_version, platform, program):
    """go_version, as "go1.99.0": a toolchain whose `go` is the file `program`. Its line in a go.sum."""
    version = f"v0.0.1-{go_version}.{platform}"
    folder = os.path.join(root, MODULE, "@v")
    os.makedirs(folder, exist_ok=True)
    with open(program, "rb") as file:
        files = {"bin/go": file.read(), "bin/gofmt": b"-\n", "lib/README": b"-\n",
                 "pkg/tool/README": b"-\n"}
    files = {f"{MODULE}@{version}/{name}": body for name, body in files.items()}
    with zipfile.ZipFile(os.path.join(folder, version + ".zip"), "w",
                         zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return f"{MODULE} {version} {_hash1(files)}"


def _hash1(files):
    """h1: the hash of a list of hashes (golang.org/x/mod/sumdb/dirhash)."""
    lines = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n"
                    for name, body in sorted(files.items()))
    return "h1:" + _base64(hashlib.sha256(lines.encode()).digest())


class ChecksumDatabase:
    """Of one record, below `root`/sumdb. `verifier`: what GOSUMDB says in front of its URL."""

    def __init__(self, root, name, line, folder):
        self._name, self._key = name, os.path.join(folder, "sumdb.pem")
        _openssl("genpkey", "-algorithm", "ed25519", "-out", self._key)
        public = ED25519 + _openssl("pkey", "-in", self._key, "-pubout", "-outform", "DER")[-32:]
        self._hint = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.verifier = f"{name}+{self._hint.hex()}+{_base64(public)}"
        module, version, _ = line.split()
        record = line + "\n"
        leaf = hashlib.sha256(b"\0" + record.encode()).digest()  # RFC 6962, section 2.1
        head = self._signed(f"go.sum database tree\n1\n{_base64(leaf)}\n", folder)
        self._put(root, f"lookup/{module}@{version}", f"0\n{record}\n{head}".encode())
        self._put(root, "latest", head.encode())
        self._put(root, "tile/8/0/000.p/1", leaf)

    def _signed(self, text, folder):
        path = os.path.join(folder, "tree-head")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        signature = _openssl("pkeyutl", "-sign", "-inkey", self._key, "-rawin", "-in", path)
        return f"{text}\n— {self._name} {_base64(self._hint + signature)}\n"

    @staticmethod
    def _put(root, name, body):
        path = os.path.join(root, "sumdb", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(body)


def _openssl(*argv):
    return subprocess.run(("openssl",) + argv, check=True, timeout=20, capture_output=True).stdout


def _base64(data):
    return base64.b64encode(data).decode()
