"""A CI job that never types `gochain`: nothing but LD_PRELOAD and GOCHAIN_CONF or GOCHAIN_PROXY in its
environment. What the library can't enter, the launcher beside it supervises."""

import os

import pytest

import world
from gochain import real_root
from peers import content, proxies
from programs_test import (  # noqa: F401 (go_env and main_module are fixtures)
    PYTHON, downloaded, go_env, in_folder, main_module)

CURL = "curl -sS -m 20 http://web.corp.test/hello.txt"


@pytest.fixture
def job(runner, peers, folder):
    """Runs a command in a job whose environment injects the library, where the open way is open."""
    runner.place = runner.place.but(ns="open")

    def run(argv, env=None, log=True, hops=None, place=None):
        conf = os.path.join(folder, "rules.conf")
        hops = hops or peers.one_hop()
        with open(conf, "w", encoding="ascii") as file:
            file.write("[gochain]\ndefault = way\n[chain way]\nhops = "
                       + " ".join(f"hop{n}" for n in range(len(hops))) + "\n")
            for number, hop in enumerate(hops):
                url = hop if isinstance(hop, str) else hop.url()
                file.write(f"[proxy hop{number}]\nurl = {url}\n")
        log_file = os.path.join(folder, "log.json")
        variables = {"LD_PRELOAD": runner.gochain.library, "GOCHAIN_CONF": conf}
        if log:
            variables |= {"GOCHAIN_LOG": "info", "GOCHAIN_LOG_FORMAT": "json",
                          "GOCHAIN_LOG_FILE": log_file}
        full = (place or runner.place).prefix() + list(argv)
        return runner._run(full, log_file, "", variables | (env or {}), 55, place)

    return run


@pytest.fixture(params=("nobody", "root"))
def user(request, runner):
    if request.param == "root" and not real_root():
        pytest.skip("needs real root")
    return request.param


@pytest.mark.parametrize("how", ("exec", "shell", "bash", "make", "python3", "env -i"))
def test_go_mod_download(job, runner, user, site, peers, capture, go_env, main_module, how):
    makefile = os.path.join(main_module, "job.mk")
    with open(makefile, "w", encoding="ascii") as file:
        file.write("all:\n\tgo mod download\n")
    argv = {
        "exec": ["go", "mod", "download"],
        "shell": ["sh", "-c", "go mod download; exit $?"],
        "bash": ["bash", "-ec", "go version; (go mod download)"],
        "make": ["make", "-s", "-f", makefile],
        "python3": ["/usr/bin/python3", "-c", "import subprocess\n"
                    "subprocess.run(['go', 'mod', 'download'], check=True)"],
        "env -i": ["env", "-i", *(f"{k}={v}" for k, v in go_env.items()), "HOME=" + main_module,
                   "go", "mod", "download"],
    }[how]
    run = job(in_folder(main_module, argv), env=go_env, hops=peers.two_hops(),
              place=runner.place.but(user=user))
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    assert not capture.packets(), str(run)
    run.must_dial_by("supervise", hops=2, exe="go")


def test_job_script(job, site, capture, go_env, main_module, folder):
    """Many kinds of programs, one after the other and at once."""
    with open(os.path.join(main_module, "job.mk"), "w", encoding="ascii") as file:
        file.write(f"all: a b c d\na b c d:\n\t@{CURL} >$@.out\n")
    script = f"""
set -eu
git clone -q http://git.corp.test/repo.git {folder}/clone
{CURL}
env -i {CURL}
cd {main_module}
go mod download
/usr/bin/python3 -c '{PYTHON["threads"]}'
make -s -j4 -f job.mk
cat a.out d.out
"""
    run = job(["bash", "-c", script], env=go_env)
    assert run.must_succeed().out == "hello from nginx\n" * 5, str(run)
    assert os.path.exists(os.path.join(folder, "clone/file0.txt"))
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    assert not capture.packets(), str(run)
    assert run.err == "", str(run)


def test_proxies_in_the_environment(job, runner, peers, site, capture, tools):
    """GOCHAIN_PROXY instead of a file, for a program that is static."""
    env = {"GOCHAIN_CONF": "", "GOCHAIN_PROXY": peers.one_hop(proxies.Tinyproxy)[0].url()}
    run = job(["sh", "-c", f"{tools('fetch', 'static')} web.corp.test 80; true"], env=env)
    assert run.must_succeed().out == "hello from nginx\n", str(run)
    run.must_dial_by("supervise", hops=1)
    assert not capture.packets(), str(run)


@pytest.mark.parametrize("mode", ("auto", "supervise"))
def test_gochain_within_the_job(job, runner, site, capture, go_env, main_module, mode):
    """Its own processes have the library too, and start one supervisor, not two."""
    run = job(in_folder(main_module, [runner.gochain.path, "--mode", mode, "go", "mod", "download"]),
              env=go_env)
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    assert not capture.packets(), str(run)
    run.must_dial_by("supervise", exe="go")


def test_exit_status_is_the_childs(job, go_env, main_module):
    run = job(in_folder(main_module, ["bash", "-c", "go no-such-command; echo $?"]), env=go_env)
    assert run.out == "2\n", str(run)


@pytest.mark.parametrize("name, status", (("TERM", 143), ("KILL", 137)))
def test_signal_reaches_a_supervised_child(job, peers, tools, name, status):
    """While it dials: what the parent signals is the launcher, which stands in its place."""
    static = tools("fetch", "static")
    url = f"socks5://{world.PROXY_SIDE[0]}:{peers.fault('hang').port}"
    script = (f"{static} {world.TARGET[0]} 80 & sleep 0.7; kill -{name} $!; wait $!; echo $?; sleep 0.3;"
              f" pgrep -f '^{static}' || echo gone")
    run = job(["bash", "-c", script], hops=[url])
    assert run.out.endswith(f"{status}\ngone\n"), str(run)


def test_where_supervision_is_refused_nothing_is_started(job, runner, site, tools, capture):
    """Dynamic programs go on."""
    static = tools("fetch", "static")
    script = f"{static} {world.TARGET[0]} 80; echo $?; {CURL}"
    run = job([tools("deny"), "seccomp", "sh", "-c", script], log=False)
    assert run.out == "125\nhello from nginx\n", str(run)
    assert sum("cannot supervise" in line for line in run.warnings()) == 1, str(run)
    assert not capture.packets(), str(run)


def test_in_a_container(job, runner, site, tools, capture, go_env, main_module):
    """Under a filter like that of Docker's default profile."""
    run = job(in_folder(main_module, [tools("deny"), "docker", "sh", "-c", "go mod download; exit $?"]),
              env=go_env)
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    assert not capture.packets(), str(run)


def test_other_root_folder_without_the_library(job, as_root, runner, folder, tools, capture):
    """ld.so would only say that it is ignored."""
    root = os.path.join(folder, "root")
    os.makedirs(root)
    script = f"chroot {root} /fetch {world.TARGET[0]} 80"
    os.link(tools("fetch", "static"), os.path.join(root, "fetch"))
    run = job(["sh", "-c", script], log=False, place=runner.place.but(user="root"))
    assert run.status != 0 and len(run.warnings()) == 1, str(run)
    assert not capture.packets(), str(run)


def test_go_child_in_preload_mode(runner, peers, site, capture, go_env, main_module):
    """--mode=preload refuses Go as COMMAND; what COMMAND starts is supervised by the same rules."""
    names = os.path.join(runner.place.folder, "names.txt")
    with open(names, "w", encoding="ascii") as file:
        file.write(".corp.test\n")
    conf = (f"[gochain]\ndefault = reject\n[proxy far]\nurl = {peers.one_hop()[0].url()}\n"
            f"[rules]\nfar = @file:{names}\n")
    run = runner.run(in_folder(main_module, ["sh", "-c", f"rm {names}; go mod download"]),
                     mode="preload", env=go_env, conf=conf, place=runner.place.but(ns="open"))
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    assert not capture.packets(), str(run)
    run.must_dial_by("supervise", route="far", exe="go")
