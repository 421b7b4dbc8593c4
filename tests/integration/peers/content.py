"""What the servers serve: Go modules, git repositories, a certificate. Made once in a folder."""

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile

MODULE_COUNT = 32


def make_modules(root, count=MODULE_COUNT):
    """`count` modules corp.test/mNN v1.0.0 in the layout of the GOPROXY protocol."""
    for number in range(count):
        module = f"corp.test/m{number:02}"
        folder = os.path.join(root, module, "@v")
        os.makedirs(folder, exist_ok=True)
        gomod = f"module {module}\n\ngo 1.19\n"
        with open(os.path.join(folder, "list"), "w", encoding="ascii") as file:
            file.write("v1.0.0\n")
        with open(os.path.join(folder, "v1.0.0.info"), "w", encoding="ascii") as file:
            json.dump({"Version": "v1.0.0", "Time": "2024-01-02T03:04:05Z"}, file)
        with open(os.path.join(folder, "v1.0.0.mod"), "w", encoding="ascii") as file:
            file.write(gomod)
        with zipfile.ZipFile(
            os.path.join(folder, "v1.0.0.zip"), "w", zipfile.ZIP_DEFLATED
        ) as archive:
            prefix = f"{module}@v1.0.0/"
            archive.writestr(prefix + "go.mod", gomod)
            archive.writestr(
                prefix + "m.go",
                f"package m{number:02}\n\n// N is the module's number.\nconst N = {number}\n",
            )


def make_main_module(folder, count=MODULE_COUNT):
    """A module that requires all of make_modules'."""
    requires = "".join(f"\tcorp.test/m{n:02} v1.0.0\n" for n in range(count))
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "go.mod"), "w", encoding="ascii") as file:
        file.write(f"module example.test/main\n\ngo 1.19\n\nrequire (\n{requires})\n")
    return folder


def make_npm_package(root, name, text, url="http://web.corp.test"):
    """Version 1.0.0 of a package whose index.js says `text`, in a registry of files at `url`/npm/."""
    folder = os.path.join(root, "npm")
    os.makedirs(os.path.join(folder, "files"), exist_ok=True)
    manifest = {"name": name, "version": "1.0.0", "main": "index.js"}
    tarball = os.path.join(folder, "files", f"{name}-1.0.0.tgz")
    with tarfile.open(tarball, "w:gz") as archive:
        for file, body in (("package.json", json.dumps(manifest)),
                           ("index.js", f"module.exports = {json.dumps(text)};\n")):
            entry = tarfile.TarInfo("package/" + file)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body.encode()))
    with open(tarball, "rb") as file:
        digest = base64.b64encode(hashlib.sha512(file.read()).digest()).decode()
    dist = {"tarball": f"{url}/npm/files/{name}-1.0.0.tgz", "integrity": "sha512-" + digest}
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        json.dump({"name": name, "dist-tags": {"latest": "1.0.0"},
                   "versions": {"1.0.0": manifest | {"dist": dist}}}, file)


def make_repository(path, gomod=None, files=20):
    """A bare repository at `path`, tagged v1.0.0; `gomod` is the module path of its go.mod."""
    work = path + ".work"
    os.makedirs(work)
    env = {
        "PATH": os.environ["PATH"], "HOME": work, "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@corp.test", "GIT_COMMITTER_NAME": "T",
        "GIT_COMMITTER_EMAIL": "t@corp.test",
    }

    def git(*args):
        subprocess.run(
            ("git",) + args, cwd=work, env=env, check=True, timeout=30, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    for number in range(files):
        with open(os.path.join(work, f"file{number}.txt"), "w", encoding="ascii") as file:
            file.write(f"line of file {number}\n" * 50)
    if gomod:
        with open(os.path.join(work, "go.mod"), "w", encoding="ascii") as file:
            file.write(f"module {gomod}\n\ngo 1.19\n")
        with open(os.path.join(work, "lib.go"), "w", encoding="ascii") as file:
            file.write("package lib\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("tag", "v1.0.0")
    git("clone", "-q", "--bare", work, path)
    return path


def make_certificate(folder, names):
    """(certificate, key) for `names`, signed by itself: it is its own CA."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    alt = ",".join("DNS:" + name for name in names)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=corp.test", "-addext", f"subjectAltName={alt}",
         "-keyout", key, "-out", cert],
        check=True, timeout=20, capture_output=True,
    )
    os.chmod(key, 0o644)
    return cert, key
