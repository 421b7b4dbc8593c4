"""The main job: real programs, each direct, by one hop and by two mixed hops, in every mode.

All targets have names that only the last proxy knows; `client` has no route but to the proxy.
"""

import os

import pytest

import world
from gochain import MODES, door_of, real_root
from peers import content, proxies, servers
from rig import NAMES

LAST = proxies.Squid
ROUTES = ("direct", "one", "two")
HOSTS = "127.0.0.1 localhost\n" + "".join(f"{addr} {name}\n" for name, addr in NAMES.items())


class Route:
    """How the program gets there: the place it runs in, the rules, what each event must say."""

    def __init__(self, kind, runner, peers):
        self.kind, self.place = kind, runner.place
        if kind == "direct":
            # The open way, with names that this machine knows.
            self.place = runner.place.but(ns="open", hosts=HOSTS)
            proxy = peers.proxy(proxies.Microsocks)
            self.arguments = {
                "conf": f"[gochain]\ndefault = direct\n[proxy far]\nurl = {proxy.url()}\n"}
        elif kind == "one":
            self.arguments = {"hops": peers.one_hop()}
        else:
            self.arguments = {"hops": peers.two_hops(second=LAST)}

    def check(self, run, door, target, exe=None):
        if self.kind == "direct":
            assert not [e for e in run.of("connect", target) if e["route"] != "direct"], str(run)
            assert not run.of("fail") and not run.of("reject"), str(run)
        else:
            run.must_dial_by(door, hops=1 if self.kind == "one" else 2, target=target, exe=exe)


@pytest.fixture(params=ROUTES)
def route(request, runner, peers, site):
    return Route(request.param, runner, peers)


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def go_environment(folder, go_command, go_cache):
    return {
        "PATH": os.path.dirname(go_command) + ":/usr/bin:/bin",
        "GOPATH": os.path.join(folder, "go"), "GOCACHE": go_cache, "GOFLAGS": "-modcacherw",
        "GOPROXY": "http://modules.corp.test", "GOSUMDB": "off", "GOTOOLCHAIN": "local",
        "GOENV": "off", "GOTELEMETRY": "off",
    }


@pytest.fixture
def go_env(folder, go_command, go_cache):
    return go_environment(folder, go_command, go_cache)


def in_folder(folder, argv):
    return ["env", "-C", folder] + argv


def downloaded(env):
    root = os.path.join(env["GOPATH"], "pkg/mod/cache/download/corp.test")
    count = 0
    for module in os.listdir(root) if os.path.isdir(root) else []:
        count += os.path.exists(os.path.join(root, module, "@v/v1.0.0.zip"))
    return count


@pytest.fixture
def main_module(folder):
    path = content.make_main_module(os.path.join(folder, "main"))
    os.chmod(path, 0o777)
    os.chmod(os.path.join(path, "go.mod"), 0o666)
    return path


@pytest.mark.parametrize("go_mode", ("supervise", "auto"))
def test_go_mod_download(runner, route, go_mode, go_env, main_module):
    run = runner.run(
        in_folder(main_module, ["go", "mod", "download"]), mode=go_mode, env=go_env,
        place=route.place, **route.arguments,
    )
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    route.check(run, "supervise", "modules.corp.test", exe="go")


@pytest.mark.parametrize("url", ["http://git.corp.test/repo.git", "https://git.corp.test/repo.git"])
def test_git_clone(runner, site, route, mode, url):
    run = runner.run(
        ["git", "-c", "http.sslCAInfo=" + site.certificate[0], "clone", "-q", url, "clone"],
        mode=mode, place=route.place, **route.arguments,
    )
    run.must_succeed()
    assert os.path.exists(os.path.join(runner.place.folder, "clone/file0.txt"))
    route.check(run, door_of("dynamic", mode), "git.corp.test")


def test_git_clone_by_ssh(runner, site, route, mode, folder):
    sshd = site.sshd()
    # ssh wants its key to be the user's own and nobody else's.
    key = os.path.join(folder, "key")
    place = route.place
    runner.alone(["sh", "-c", f"umask 077; cat > {key}"],
                 stdin=open(os.path.join(sshd.folder, "user_key"), encoding="ascii").read())
    run = runner.run(
        ["git", "clone", "-q", f"ssh://root@git.corp.test{site.root}/repo.git", "clone"],
        mode=mode, place=place, env={"GIT_SSH_COMMAND": " ".join(sshd.client_argv(key))},
        **route.arguments,
    )
    run.must_succeed()
    assert os.path.exists(os.path.join(folder, "clone/file0.txt"))
    route.check(run, door_of("dynamic", mode), "git.corp.test:22")


def test_git_protocol(runner, site, route, mode):
    site.git_daemon()
    run = runner.run(["git", "ls-remote", "git://git.corp.test/repo.git"], mode=mode,
                     place=route.place, **route.arguments)
    run.must_succeed()
    assert "refs/tags/v1.0.0" in run.out
    route.check(run, door_of("dynamic", mode), "git.corp.test:9418")


def test_curl(runner, site, route, mode):
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], mode=mode,
                     place=route.place, **route.arguments)
    assert run.must_succeed().out == "hello from nginx\n"
    route.check(run, door_of("dynamic", mode), "web.corp.test:80")


def test_curl_https(runner, site, route, mode):
    run = runner.run(
        ["curl", "-sS", "-m", "20", "--cacert", site.certificate[0],
         "https://web.corp.test/hello.txt"], mode=mode, place=route.place, **route.arguments)
    assert run.must_succeed().out == "hello from nginx\n"
    route.check(run, door_of("dynamic", mode), "web.corp.test:443")


PYTHON = {
    "blocking": """
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen("http://web.corp.test/hello.txt").read().decode())
""",
    "timeout": """
import urllib.request
print(urllib.request.urlopen("http://web.corp.test/hello.txt", timeout=20).read().decode(), end="")
""",
    "asyncio": """
import asyncio
async def get(n):
    reader, writer = await asyncio.open_connection("web.corp.test", 80)
    writer.write(b"GET /hello.txt HTTP/1.0\\r\\nHost: web.corp.test\\r\\n\\r\\n")
    body = (await reader.read()).split(b"\\r\\n\\r\\n", 1)[1].decode()
    writer.close()
    return body
async def main():
    bodies = await asyncio.gather(*(get(n) for n in range(8)))
    assert len(set(bodies)) == 1, bodies
    print(bodies[0], end="")
asyncio.run(main())
""",
    "threads": """
import threading, urllib.request
out = []
def get():
    out.append(urllib.request.urlopen("http://web.corp.test/hello.txt").read().decode())
threads = [threading.Thread(target=get) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
assert out == [out[0]] * 8
print(out[0], end="")
""",
}


@pytest.mark.parametrize("how", PYTHON)
def test_python3(runner, site, route, mode, how):
    run = runner.run(["/usr/bin/python3", "-c", PYTHON[how]], mode=mode, place=route.place,
                     **route.arguments)
    assert run.must_succeed().out == "hello from nginx\n"
    route.check(run, door_of("dynamic", mode), "web.corp.test:80")


NODE = """
const http = require('http');
const get = () => new Promise((done, fail) => http.get('http://web.corp.test/hello.txt', r => {
  let s = ''; r.on('data', d => s += d); r.on('end', () => done(s)); }).on('error', fail));
Promise.all([get(), get(), get(), get()]).then(
  all => process.stdout.write(all[0]), e => { console.error(e); process.exit(1); });
"""


def test_node(runner, site, route, mode):
    run = runner.run(["node", "-e", NODE], mode=mode, place=route.place, **route.arguments)
    assert run.must_succeed().out == "hello from nginx\n"
    route.check(run, door_of("dynamic", mode), "web.corp.test:80")


def test_go_is_never_direct_in_preload_mode(runner, peers, go_env, main_module, capture):
    """The library can't be in a static program: it is refused."""
    run = runner.run(
        ["go", "mod", "download", "-C", main_module], mode="preload",
        env=go_env | {"GOPROXY": f"http://{world.TARGET[0]}"},
        place=runner.place.but(ns="open"), hops=peers.one_hop(),
    )
    assert not capture.packets(), str(run)
    assert run.status == 125 and "is a Go program" in run.err, str(run)


@pytest.mark.parametrize("hops", [
    (proxies.Tinyproxy, proxies.Dante), (proxies.Dante, proxies.Microsocks),
    (proxies.Tinyproxy, LAST), (proxies.Microsocks, proxies.Dante),
], ids=lambda pair: ">".join(kind.__name__ for kind in pair))
@pytest.mark.parametrize("door", ("preload", "supervise"))
def test_two_hops_of_every_kind(runner, peers, site, hops, door):
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], mode=door,
                     hops=peers.two_hops(*hops))
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(door, hops=2)


@pytest.mark.parametrize("door", ("preload", "supervise"))
def test_socks4_carries_an_address(runner, peers, site, door):
    run = runner.run(["curl", "-sS", "-m", "20", f"http://{world.TARGET[0]}/hello.txt"], mode=door,
                     hops=peers.one_hop(proxies.Dante4))
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(door, hops=1)


@pytest.mark.parametrize("where", ("outer", "inner"))
@pytest.mark.parametrize("kind", (proxies.Microsocks, proxies.Tinyproxy, proxies.Squid))
@pytest.mark.parametrize("door", ("preload", "supervise"))
def test_hop_that_wants_a_password(runner, peers, site, kind, where, door):
    address = (world.PROXY_SIDE if where == "outer" else world.PROXY_INNER)[0]
    hop = peers._once(("login", kind, where), lambda: peers.start(
        kind, address, user="alice", password="secret"))
    first = [peers.proxy(proxies.Dante, last=False)] if where == "inner" else []
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], mode=door,
                     hops=first + [hop])
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(door, hops=len(first) + 1)
    assert "secret" not in str(run.events), str(run)


@pytest.mark.parametrize("scheme", ("socks5", "socks4a"))
def test_ssh_tunnel_is_a_hop(runner, peers, site, scheme):
    sshd = peers.start(servers.Sshd, world.PROXY_INNER[0]) if real_root() else None
    if not sshd:
        pytest.skip("sshd changes its user: needs real root")
    tunnel = peers._keep(proxies.SshTunnel(
        peers._folder, "proxy", world.PROXY_SIDE[0], peers.port(), sshd)).start()
    tunnel.scheme = scheme
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], hops=[tunnel])
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by("preload", hops=1)


@pytest.mark.parametrize("door", ("preload", "supervise"))
def test_chain_of_sixteen_hops(runner, peers, site, door):
    def make():
        chain = []
        for number in range(16):
            kind = proxies.Microsocks if number % 2 == 0 else proxies.Tinyproxy
            address = (world.PROXY_SIDE if number == 0 else world.PROXY_INNER)[0]
            chain.append(peers.start(kind, address, last=number == 15))
        return chain

    chain = peers._once("sixteen", make)
    run = runner.run(["curl", "-sS", "-m", "20", "http://web.corp.test/hello.txt"], mode=door,
                     hops=chain)
    assert run.must_succeed().out == "hello from nginx\n"
    run.must_dial_by(door, hops=16)


@pytest.mark.parametrize("go_mode", ("supervise", "auto"))
def test_go_get_direct_runs_git_by_two_hops(runner, peers, site, go_mode, go_env, folder):
    """GOPROXY=direct: go runs git, which runs git-remote-https."""
    path = os.path.join(folder, "main")
    os.mkdir(path)
    os.chmod(path, 0o777)
    with open(os.path.join(path, "go.mod"), "w", encoding="ascii") as file:
        file.write("module example.test/main\n\ngo 1.19\n\nrequire git.corp.test/lib.git v1.0.0\n")
    os.chmod(os.path.join(path, "go.mod"), 0o666)
    run = runner.run(
        in_folder(path, ["go", "mod", "download"]), mode=go_mode,
        env=go_env | {"GOPROXY": "direct", "GIT_SSL_CAINFO": site.certificate[0],
                      "SSL_CERT_FILE": site.certificate[0]},
        hops=peers.two_hops(second=LAST),
    )
    run.must_succeed()
    zip_path = "pkg/mod/cache/download/git.corp.test/lib.git/@v/v1.0.0.zip"
    assert os.path.exists(os.path.join(go_env["GOPATH"], zip_path)), str(run)
    run.must_dial_by(door_of("dynamic", go_mode), hops=2, target="git.corp.test:443",
                     exe="git-remote-http")
