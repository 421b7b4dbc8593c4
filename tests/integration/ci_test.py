"""The recipes of conf/ci, each run as its service would, and a job that has nothing but variables."""

import os
import shutil
import subprocess

import pytest

import ci_runners
import world
from gochain import keep_private
from peers import content, proxies
from programs_test import (  # noqa: F401 (go_env and main_module are fixtures)
    PYTHON, downloaded, go_env, main_module)
from rig import HERE

ROOT = os.path.join(HERE, "../..")
RECIPES = os.path.join(ROOT, "conf/ci")
CURL = "curl -sS -m 20 http://web.corp.test/hello.txt"
HELLO = "hello from nginx\n"


@pytest.fixture(scope="session")
def usr_local(base):
    """What `make install` writes below /usr/local."""
    build = os.environ["GOCHAIN_BUILD"]
    tree = os.path.join(base, "installed")
    subprocess.run(
        ["make", "-s", "-C", ROOT, "install", "-o", "all", f"OUT={build}", f"DESTDIR={tree}"],
        check=True, timeout=60, stdin=subprocess.DEVNULL)
    return os.path.join(tree, "usr/local")


def recipe(name):
    with open(os.path.join(RECIPES, name), encoding="utf-8") as file:
        return file.read()


class Machine:
    """Runs the steps of a recipe where gochain is installed; each in a new shell whose environment has
    the step's variables and what a service's own has."""

    def __init__(self, runner, folder, usr_local, go_env, main_module):
        self.runner, self.folder, self.module = runner, folder, main_module
        self.log = os.path.join(folder, "log.json")
        self.place = runner.place.but(ns="open", usr_local=usr_local)
        self.own = go_env | {
            "PATH": "/usr/local/bin:" + go_env["PATH"], "HOME": folder, "GOCHAIN_LOG": "info",
            "GOCHAIN_LOG_FORMAT": "json", "GOCHAIN_LOG_FILE": self.log,
        }
        with open(os.path.join(main_module, "Makefile"), "w", encoding="ascii") as file:
            file.write(f"all: a b\na b:\n\t{CURL} > $@.out\n")

    def rules(self, hop, name="gochain.conf"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"[gochain]\ndefault = far\n[proxy far]\nurl = {hop.url()}\n")
        keep_private(path)
        return path

    def step(self, shell, text, variables, place=None):
        path = os.path.join(self.folder, "step.sh")
        with open(path, "w", encoding="utf-8") as file:
            file.write(shell.head + text + "\n")
        pairs = [f"{k}={v}" for k, v in (self.own | variables).items()]
        place = place or self.place
        return self.runner._run(
            place.prefix() + ["env", "-i", "-C", self.module, *pairs, *shell.argv, path],
            self.log, "", None, 55, place).must_succeed()

    def must_have_done_all(self, last, capture):
        """`last`: the last step. What its commands are for is there, and all of it by the proxy."""
        assert downloaded(self.own) == content.MODULE_COUNT, str(last)
        for name in ("a.out", "b.out"):
            with open(os.path.join(self.module, name), encoding="ascii") as file:
                assert file.read() == HELLO, str(last)
        assert not capture.packets(), str(last)
        last.must_dial_by("supervise", hops=1, exe="go")
        last.must_dial_by("preload", hops=1, exe="curl")


@pytest.fixture
def machine(runner, folder, usr_local, site, go_env, main_module):
    return Machine(runner, folder, usr_local, go_env, main_module)


@pytest.mark.parametrize("password", ("", "pw7f3a9c"), ids=("open", "with login"))
def test_github_actions(machine, peers, capture, folder, password):
    hop = peers.one_hop()[0] if not password else peers._once(("secret", "ci"), lambda: peers.start(
        proxies.Microsocks, world.PROXY_SIDE[0], user="alice", password=password))
    environment, steps = ci_runners.github_job(
        recipe("github-actions.yml"), {"GOCHAIN_PROXY": hop.url()})
    assert len(steps) == 3
    path = os.path.join(folder, "github_env")
    for text in steps:
        with open(path, "w", encoding="utf-8"):
            os.chmod(path, 0o666)
        run = machine.step(ci_runners.GITHUB, text, environment | {"GITHUB_ENV": path})
        with open(path, encoding="utf-8") as file:
            written = file.read()
        assert not password or password not in written + run.out + run.err, str(run)
        environment |= ci_runners.github_env(written)
    machine.must_have_done_all(run, capture)


def test_gitlab_ci(machine, peers, capture):
    environment, script = ci_runners.gitlab_job(
        recipe("gitlab-ci.yml"), {"GOCHAIN_PROXY": peers.one_hop()[0].url()})
    run = machine.step(ci_runners.GITLAB, script, environment)
    machine.must_have_done_all(run, capture)


def test_jenkins(machine, peers, capture):
    environment, steps = ci_runners.jenkins_pipeline(
        recipe("Jenkinsfile"), {"gochain-conf": machine.rules(peers.one_hop()[0])})
    assert len(steps) == 2
    for text in steps:
        run = machine.step(ci_runners.JENKINS, text, environment)
    machine.must_have_done_all(run, capture)


def test_dockerfile(machine, peers, capture, folder, usr_local, tools):
    """RUN by RUN, under a filter like that of Docker's default profile."""
    environment, copied, steps = ci_runners.docker_stage(recipe("Dockerfile"))
    assert copied.pop("gochain/") == "/" and copied.pop(".") == "." and len(steps) == 2
    tree = os.path.join(folder, "usr-local")
    shutil.copytree(usr_local, tree)
    for source, target in copied.items():
        target = os.path.join(tree, os.path.relpath(target, "/usr/local"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(machine.rules(peers.one_hop()[0], source), target)
    place = machine.place.but(usr_local=tree, wrap=(tools("deny"), "docker"))
    for text in steps:
        run = machine.step(ci_runners.DOCKER, text, environment, place)
    machine.must_have_done_all(run, capture)


def test_every_recipe_has_a_test():
    assert sorted(os.listdir(RECIPES)) == [
        "Dockerfile", "Jenkinsfile", "github-actions.yml", "gitlab-ci.yml"]


JOB = """#!/bin/bash
set -euxo pipefail
git clone -q http://git.corp.test/repo.git clone
curl -sS -m 20 -o curl.out http://web.corp.test/hello.txt
(cd main && go mod download)
if command -v npm >/dev/null; then
  (cd app && npm install --no-audit --no-fund --no-update-notifier)
fi
/usr/bin/python3 -c "$PYTHON" > python.out
make -s -j4 -f job.mk
"""


@pytest.mark.parametrize("how", ("file", "url"))
def test_job_script_by_variables_alone(runner, folder, site, peers, go_env, main_module, how):
    """In a place whose only route is the proxy; the variables are those that --env prints."""
    if how == "file":
        hops = peers.two_hops(second=proxies.Squid)
        options = ["-f", os.path.join(folder, "rules.conf")]
        with open(options[1], "w", encoding="ascii") as file:
            file.write("[gochain]\ndefault = way\n[chain way]\nhops = near far\n"
                       f"[proxy near]\nurl = {hops[0].url()}\n[proxy far]\nurl = {hops[1].url()}\n")
    else:
        hops = peers.one_hop()
        options = ["-p", hops[0].url()]
    log = os.path.join(folder, "log.json")
    printed = runner.alone([runner.gochain.path, "--env=github", "-v", "--log-format=json",
                            "--log-file", log, *options]).must_succeed()
    content.make_npm_package(site.root, "greeting", "hello from npm")
    app = os.path.join(folder, "app")
    os.mkdir(app)
    os.chmod(app, 0o777)
    files = {
        "job.sh": JOB,
        "job.mk": f"all: a b c d\na b c d:\n\t@{CURL} > $@.out\n",
        "app/package.json": '{"name": "app", "dependencies": {"greeting": "^1.0.0"}}',
        "app/.npmrc": "registry=http://web.corp.test/npm/\n",
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    variables = go_env | {"HOME": folder, "PYTHON": PYTHON["threads"]}
    variables |= ci_runners.github_env(printed.out)
    run = runner._run(
        runner.place.prefix() + ["env", "-i", *(f"{k}={v}" for k, v in variables.items()),
                                 "bash", os.path.join(folder, "job.sh")],
        log, "", None, 55, None).must_succeed()
    assert os.path.exists(os.path.join(folder, "clone/file0.txt"))
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    for name in ("curl", "python", "a", "b", "c", "d"):
        with open(os.path.join(folder, name + ".out"), encoding="ascii") as file:
            assert file.read() == HELLO, str(run)
    for door, exe in (("preload", "curl"), ("preload", "git-remote-http"), ("supervise", "go")):
        run.must_dial_by(door, hops=len(hops), exe=exe)
    assert not run.of("fail"), str(run)
    if not shutil.which("npm"):
        pytest.skip("npm is not installed; all but npm install is as it should be")
    with open(os.path.join(app, "node_modules/greeting/index.js"), encoding="ascii") as file:
        assert "hello from npm" in file.read()
    run.must_dial_by("preload", hops=len(hops), exe="node", target="web.corp.test")
