"""The Go developer behind a corporate proxy: modules of GOPRIVATE come straight from the company's
git server, all others by the chain. Who came which way is read at the servers."""

import os

import pytest

import world
from peers import content, servers
from programs_test import go_env, in_folder  # noqa: F401 (go_env is a fixture)

STRAIGHT = world.OPEN_WAY_CLIENT[0]
PROXIED = world.PROXY_INNER[0]


class CorpServer:
    """git.corp.example: https at the end of the open way."""

    name = "git.corp.example"

    def __init__(self, folder):
        os.mkdir(folder)
        root = os.path.join(folder, "www")
        os.mkdir(root)
        content.make_repository(os.path.join(root, "lib"), gomod=f"{self.name}/lib.git")
        self.certificate = content.make_certificate(folder, [self.name])
        self.nginx = servers.Nginx(folder, "target", world.OPEN_WAY_TARGET[0], 80, root, 443,
                                   self.certificate).start()

    def stop(self):
        self.nginx.stop()


@pytest.fixture
def corp(peers, base):
    return peers._once("corp", lambda: CorpServer(os.path.join(base, "corp")))


@pytest.fixture
def two_worlds(folder):
    """A module that needs a public and a private one."""
    path = os.path.join(folder, "main")
    os.mkdir(path)
    os.chmod(path, 0o777)
    file = os.path.join(path, "go.mod")
    with open(file, "w", encoding="ascii") as text:
        text.write("module example.test/main\n\ngo 1.19\n\nrequire (\n\tcorp.test/m00 v1.0.0\n"
                   f"\tcorp.test/m01 v1.0.0\n\t{CorpServer.name}/lib.git v1.0.0\n)\n")
    os.chmod(file, 0o666)
    return path


PRIVATE = "*.corp.example"


@pytest.mark.parametrize("go_mode", ("supervise", "auto"))
@pytest.mark.parametrize("said_by", ("environment", "[env]", "go env -w"))
def test_go_mod_download_fetches_private_modules_straight_and_others_by_the_chain(
        open_rules, peers, site, corp, go_env, two_worlds, folder, go_mode, said_by):
    before, before_public = len(corp.nginx.requests()), len(site.nginx.requests())
    hops = peers.two_hops()
    section = f"[env]\nGOPRIVATE = {PRIVATE}\n" if said_by == "[env]" else ""
    open_rules.write(
        f"[gochain]\ndefault = out\n[proxy office]\nurl = {hops[0].url()}\n"
        f"[proxy far]\nurl = {hops[1].url()}\n[chain out]\nhops = office far\n{section}"
        "[rules]\ndirect = @goprivate\n")
    # GONOSUMDB comes with GOPRIVATE.
    env = go_env | {"GIT_SSL_CAINFO": corp.certificate[0]}
    if said_by == "environment":
        env["GOPRIVATE"] = PRIVATE
    elif said_by == "go env -w":
        file = os.path.join(folder, "go.env")
        with open(file, "w", encoding="ascii") as text:
            text.write(f"GOPRIVATE={PRIVATE}\n")
        os.chmod(file, 0o644)
        env["GOENV"] = file
    run = open_rules.run(in_folder(two_worlds, ["go", "mod", "download"]), go_mode, env=env)
    run.must_succeed()
    cache = os.path.join(env["GOPATH"], "pkg/mod/cache/download")
    for module in ("corp.test/m00", "corp.test/m01", f"{CorpServer.name}/lib.git"):
        assert os.path.exists(os.path.join(cache, module, "@v/v1.0.0.zip")), f"{module}\n{run}"
    # At the servers: who asked them.
    requests = corp.nginx.requests()[before:]
    assert requests and all(line.startswith(STRAIGHT + " ") for line in requests), requests
    modules = [line for line in site.nginx.requests()[before_public:]
               if "/corp.test/m0" in line]
    assert modules and all(line.startswith(PROXIED + " ") for line in modules), modules
    # At the last proxy: what it was asked for.
    log = hops[1].log()
    assert "modules.corp.test" in log and CorpServer.name not in log, log
    # Of the log, connections by the chain alone: `direct` is none of gochain's.
    run.must_dial_by("supervise", route="out", hops=2, target="modules.corp.test:80", exe="go")
    assert not [e for e in run.of("connect", CorpServer.name) if e["route"] != "direct"], str(run)
    said, public = open_rules.explain(f"{CorpServer.name}:443", "modules.corp.test:80", env=env)
    assert (said["route"], said["rule"]) == ("direct", open_rules.path + f":{rule_line(open_rules)}")
    assert (public["route"], public["hops"]) == ("out", ["office", "far"])


def rule_line(rules):
    with open(rules.path, encoding="utf-8") as file:
        return [line.split(" ")[0] for line in file].index("direct") + 1
