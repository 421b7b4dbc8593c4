"""A container of Docker's with its default profile, where there is an engine; else what imitates one.

The scene is in the container: a proxy and a server on its own loopback."""

import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest


PROXY_PORT, PORT = 21080, 21007
IMAGE = "gochain-test-empty"
# The host's, seen in the container as they are.
FOLDERS = [path for path in ("/usr", "/bin", "/sbin", "/lib", "/lib64") if os.path.exists(path)]
RULES = f"""[gochain]
default = far
[proxy far]
url = socks5://127.0.0.1:{PROXY_PORT}
[rules]
far = 127.0.0.2
"""
# python3 -c SCENE COMMAND…, each as JSON.
SCENE = f"""
import json, socket, subprocess, sys, threading, time
def talk(connection):
    with connection:
        while data := connection.recv(4096): connection.sendall(data)
def serve():
    while True: threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()
server = socket.create_server(("127.0.0.2", {PORT}))
threading.Thread(target=serve, daemon=True).start()
proxy = subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", "{PROXY_PORT}"],
                         stderr=subprocess.DEVNULL)
while True:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", {PROXY_PORT})) == 0: break
    time.sleep(0.02)
for argv in sys.argv[1:]:
    subprocess.run(json.loads(argv), timeout=30)
proxy.kill()
"""


@pytest.fixture(scope="module")
def engine():
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    said = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    if said.returncode != 0:
        pytest.skip("docker has no engine here")
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w") as tar:
        for path in FOLDERS:
            entry = tarfile.TarInfo(path)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
    subprocess.run(["docker", "import", "-", IMAGE], input=empty.getvalue(), check=True, timeout=60,
                   capture_output=True)
    yield ["docker", "run", "--rm", "--network=none", "--user=65534:65534", "--read-only"]
    subprocess.run(["docker", "rmi", "-f", IMAGE], check=False, timeout=60, capture_output=True)


def sees(run, path):
    """An engine of another machine, or of one that this is a container of, has other files."""
    done = subprocess.run([*run, IMAGE, "/usr/bin/test", "-x", path], timeout=60, check=False,
                          capture_output=True)
    return done.returncode == 0


@pytest.mark.parametrize("where", ("docker", "an imitation"))
def test_in_a_container(request, runner, tools, folder, where):
    rules = os.path.join(folder, "rules.conf")
    with open(rules, "w", encoding="ascii") as file:
        file.write(RULES)
    os.chmod(rules, 0o644)
    commands = [
        json.dumps([runner.gochain.path, "--mode", mode, "-v", "--log-format=json", "-f", rules,
                    os.path.join(runner.gochain.programs, program), "blocking", "127.0.0.2", str(PORT)])
        for mode in ("auto", "supervise") for program in ("connect", "connect-static")]
    scene = ["/usr/bin/python3", "-c", SCENE, *commands]
    if where == "docker":
        volumes = [f"--volume={path}:{path}:ro" for path in
                   (*FOLDERS, runner.gochain.bin, runner.gochain.programs, folder)]
        container = [*request.getfixturevalue("engine"), *volumes]
        if not sees(container, runner.gochain.path):
            pytest.skip("docker's engine does not see this machine's files")
        done = subprocess.run([*container, IMAGE, *scene], capture_output=True, text=True, timeout=50,
                              check=False)
        out, err = done.stdout, done.stderr
    else:
        run = runner.alone([tools("deny"), "docker", *scene], runner.place.but(ns="target"))
        out, err = run.out, run.err
    assert out == "ok\n" * 4, out + err
    events = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    doors = [(event["door"], event["route"]) for event in events if event["event"] == "connect"]
    assert doors == [("preload", "far")] + [("supervise", "far")] * 3, err
