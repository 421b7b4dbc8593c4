"""GOTOOLCHAIN=auto: the go command fetches a newer one and becomes it."""

import os
import subprocess

import pytest

from peers import toolchain
from programs_test import go_env, in_folder, main_module  # noqa: F401 (two are fixtures)

NEWER = "go1.99.0"
# In the place of the newer go command. It says by what name it was asked and what the web has to say.
SOURCE = """package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	connection, err := net.Dial("tcp", "web.corp.test:80")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(connection, "GET /hello.txt HTTP/1.0\\r\\n\\r\\n")
	answer, _ := io.ReadAll(connection)
	fmt.Println(os.Args[1:], string(answer))
}
"""


@pytest.fixture
def newer(go_command, go_env, folder):
    """A static Go program, and the platform it is for; skips where `go` knows no other toolchains."""
    environment = os.environ | go_env | {"CGO_ENABLED": "0", "HOME": folder}

    def go(*argv):
        return subprocess.run((go_command,) + argv, cwd=folder, env=environment, check=True,
                              timeout=120, capture_output=True, text=True).stdout

    version, system, machine = go("env", "GOVERSION", "GOOS", "GOARCH").split()
    if tuple(int(part) for part in version[2:].split(".")[:2]) < (1, 21):
        pytest.skip(f"{version} knows no other toolchains")
    with open(os.path.join(folder, "newer.go"), "w", encoding="utf-8") as file:
        file.write(SOURCE)
    go("build", "-o", "newer", "newer.go")
    return os.path.join(folder, "newer"), f"{system}-{machine}"


@pytest.mark.seconds(180)
@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_a_newer_toolchain_is_fetched_and_routed(runner, peers, site, newer, go_env, main_module,
                                                 folder, mode):
    line = toolchain.make_toolchain(site.root, NEWER, newer[1], newer[0])
    database = toolchain.ChecksumDatabase(site.root, "sum.corp.test", line, folder)
    with open(os.path.join(main_module, "go.mod"), "a", encoding="utf-8") as file:
        file.write(f"toolchain {NEWER}\n")
    run = runner.run(in_folder(main_module, ["go", "mod", "download"]), mode=mode, env=go_env | {
        "GOTOOLCHAIN": "auto", "GOPROXY": "https://modules.corp.test",
        "GOSUMDB": f"{database.verifier} https://web.corp.test/sumdb",
        "SSL_CERT_FILE": site.certificate[0],
    }, hops=peers.two_hops())
    run.must_succeed()
    assert run.out.startswith("[mod download] HTTP/1.1 200"), str(run)
    assert run.out.rstrip().endswith("hello from nginx"), str(run)
    for target in ("modules.corp.test:443", "web.corp.test:443", "web.corp.test:80"):
        run.must_dial_by("supervise", hops=2, target=target, exe="go")
