"""A certificate authority of the tests' own, made when they start, and what it signs."""

import os
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """The one in `folder`, made where there is none yet."""

    def __init__(self, folder, name="corp test authority"):
        os.makedirs(folder, exist_ok=True)
        self._folder = folder
        self.file, self._key = self._path("ca.pem"), self._path("ca.key")
        if not os.path.exists(self.file):
            self._openssl("req", "-x509", *KEY, "-days", "2", "-subj", f"/CN={name}",
                          "-keyout", self._key, "-out", self.file)

    def _path(self, name):
        return os.path.join(self._folder, name)

    @staticmethod
    def _openssl(*args):
        subprocess.run(("openssl",) + args, check=True, timeout=20, capture_output=True)

    def issue(self, name, also=(), days=2):
        """(certificate, key) of `name` and `also`: host names or IP addresses. Made once."""
        cert, key = self._path(name + ".pem"), self._path(name + ".key")
        if os.path.exists(cert):
            return cert, key
        request, extensions = self._path(name + ".csr"), self._path(name + ".ext")
        names = ",".join(
            ("IP:" if ":" in n or n.replace(".", "").isdigit() else "DNS:") + n
            for n in (name, *also))
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n"
                       "extendedKeyUsage=serverAuth,clientAuth\n")
        self._openssl("req", "-new", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                      "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", cert)
        # The peers and the programs are other users.
        os.chmod(key, 0o644)
        return cert, key

    def bundle(self, name, also=()):
        """One file with both, as haproxy takes them."""
        path = self._path(name + ".both.pem")
        with open(path, "w", encoding="ascii") as out:
            for part in self.issue(name, also):
                with open(part, encoding="ascii") as file:
                    out.write(file.read())
        os.chmod(path, 0o644)
        return path
