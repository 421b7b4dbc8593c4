"""`gochain --env`: each syntax is read by what it is for, and the job that follows is routed."""

import os
import shlex
import shutil

import pytest

import ci_runners
import world
from gochain import keep_private
from peers import proxies

CURL = "curl -sS -m 20 http://web.corp.test/hello.txt"
HELLO = "hello from nginx\n"
# Blanks and colons part the paths of LD_PRELOAD: the library can't have them, a rules file can.
NASTY_PROGRAM = "o'b\"$HOME`x`\\\n中"
NASTY_FILE = "ru les: 'q' \"$HOME\" `id` \\n\n#中.conf"


class Caller:
    """Runs `gochain --env` and shells in `open`, where nothing may take the open way."""

    def __init__(self, runner, folder):
        self.runner, self.folder = runner, folder
        self.place = runner.place.but(ns="open")
        self.gochain, self.library = runner.gochain.path, runner.gochain.library

    def install(self, name):
        """Another copy of gochain and its library, below a folder of that name."""
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        for path in (self.gochain, self.library):
            shutil.copy2(path, folder)
        self.gochain = os.path.join(folder, "gochain")
        self.library = os.path.join(folder, "libgochain.so")

    def conf(self, name, hop, more=""):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[gochain]\ndefault = far\n[proxy far]\nurl = {hop.url()}\n{more}")
        keep_private(path)
        return path

    def clean(self, argv, variables=None):
        """In an environment of `variables` and what no job is without."""
        pairs = {"PATH": "/usr/bin:/bin", "HOME": self.folder} | (variables or {})
        return self.runner.alone(["env", "-i", *(f"{k}={v}" for k, v in pairs.items()), *argv],
                                 place=self.place)

    def print(self, syntax, options, variables=None):
        """The lines, in a file."""
        run = self.clean([self.gochain, "--env", syntax, *options], variables)
        run.must_succeed()
        path = os.path.join(self.folder, "printed." + syntax)
        with open(path, "w", encoding="utf-8") as file:
            file.write(run.out)
        return run, path


@pytest.fixture
def caller(runner, folder, site):
    return Caller(runner, folder)


def eval_of(caller, path):
    return f'text=$(cat {shlex.quote(path)}) && eval "$text"'


def source_of(caller, path):
    return f"set -a; . {shlex.quote(path)}; set +a"


SHELLS = {
    "sh": ("sh", ["sh", "-ec"], eval_of),
    "dash": ("sh", ["dash", "-ec"], eval_of),
    "bash": ("sh", ["bash", "-ec"], eval_of),
    "posix bash": ("sh", ["bash", "--posix", "-ec"], eval_of),
    "zsh": ("sh", ["zsh", "-ec"], eval_of),
    "fish": ("fish", ["fish", "-c"], lambda _, path: f"source {path}"),
    "dotenv in sh": ("dotenv", ["sh", "-ec"], source_of),
    "dotenv in bash": ("dotenv", ["bash", "-ec"], source_of),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_reads_nasty_values(caller, peers, capture, shell):
    syntax, argv, read = SHELLS[shell]
    if not shutil.which(argv[0]):
        pytest.skip(f"{argv[0]} is not installed")
    caller.install(NASTY_PROGRAM)
    value = "it's $HOME `id` \\ \"x\" 中"
    conf = caller.conf(NASTY_FILE, peers.one_hop()[0],
                       "[env]\nNASTY = ${SOURCE}\nEMPTY =\nunset = GONE\n")
    given = {"SOURCE": value, "GONE": "x", "https_proxy": "http://192.0.2.1:1"}
    _, path = caller.print(syntax, ["-f", conf, "-v"], given)
    run = caller.clean(argv + [f"{read(caller, path)}; env -0"], given)
    got = dict(pair.split("=", 1) for pair in run.must_succeed().out.split("\0") if pair)
    assert got["LD_PRELOAD"] == caller.library, str(run)
    assert got["GOCHAIN_CONF"] == conf, str(run)
    assert got["GOCHAIN_LOG"] == "info", str(run)
    assert got["NASTY"] == value, str(run)
    assert got["EMPTY"] == "", str(run)
    for name in ("GONE", "https_proxy"):
        assert got.get(name, "") == "", str(run)
        assert (name in got) == (syntax == "dotenv"), str(run)
    run = caller.clean(argv + [f"{read(caller, path)}; {CURL}"], given)
    assert run.must_succeed().out == HELLO, str(run)
    assert "via far connected" in run.err, str(run)
    assert not capture.packets(), str(run)


def test_fish_hides_a_universal_variable(caller, peers):
    """Only this shell's: what the user keeps for all shells stays as it is."""
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    conf = caller.conf("rules.conf", peers.one_hop()[0])
    caller.clean(["fish", "-c", "set -Ux all_proxy http://192.0.2.1:1"]).must_succeed()
    _, path = caller.print("fish", ["-f", conf], {"all_proxy": "http://192.0.2.1:1"})
    run = caller.clean(["fish", "-c", f"source {path}; env"])
    assert "LD_PRELOAD=" in run.must_succeed().out, str(run)
    assert "all_proxy=\n" in run.out, str(run)
    assert "all_proxy=http" in caller.clean(["fish", "-c", "env"]).out, str(run)


def test_github_runner_reads_nasty_values(caller, peers, capture):
    caller.install(NASTY_PROGRAM)
    conf = caller.conf(NASTY_FILE + "\nGOCHAIN_END\n<<x=y", peers.one_hop()[0],
                       "[env]\nHERE = <<x=y\nunset = GONE\n")
    _, path = caller.print("github", ["-f", conf])
    with open(path, encoding="utf-8") as file:
        got = ci_runners.github_env(file.read())
    assert got == {"GONE": "", "HERE": "<<x=y", "GOCHAIN_CONF": conf, "LD_PRELOAD": caller.library}
    run = caller.clean(["bash", "-ec", CURL], got)
    assert run.must_succeed().out == HELLO, str(run)
    assert not capture.packets(), str(run)


def test_gitlab_reads_a_report(caller, peers, capture):
    caller.install("o'b\"`x`\\中")
    conf = caller.conf("it's:\"中\".conf", peers.one_hop()[0])
    _, path = caller.print("gitlab", ["-f", conf], {"HTTP_PROXY": "http://192.0.2.1:1"})
    with open(path, encoding="utf-8") as file:
        got = ci_runners.gitlab_report(file.read())
    assert got == {"HTTP_PROXY": "", "GOCHAIN_CONF": conf, "LD_PRELOAD": caller.library}
    run = caller.clean(["bash", "-ec", CURL], got)
    assert run.must_succeed().out == HELLO, str(run)
    assert not capture.packets(), str(run)


@pytest.mark.parametrize("name", ("a b.conf", "a\nb.conf", "a$b.conf"))
def test_gitlab_report_that_cannot_be_written(caller, peers, name):
    conf = caller.conf(name, peers.one_hop()[0])
    run = caller.clean([caller.gochain, "--env=gitlab", "-f", conf])
    assert (run.status, run.out) == (125, ""), str(run)
    assert run.err.count("\n") == 1 and "the value of GOCHAIN_CONF has" in run.err, str(run)


def test_proxies_of_options(caller, peers, capture):
    """A chain by -p, and another library that was there before."""
    hops = peers.two_hops(proxies.Microsocks, proxies.Squid)
    other = "libc.so.6"
    options = [word for hop in hops for word in ("-p", hop.url())]
    run, path = caller.print("sh", options, {"LD_PRELOAD": other})
    assert run.out == (f"export GOCHAIN_PROXY='{hops[0].url()},{hops[1].url()}'\n"
                       f"export LD_PRELOAD='{caller.library}:{other}'\n")
    run = caller.clean(["sh", "-ec", f". {path}; {CURL}"])
    assert run.must_succeed().out == HELLO, str(run)
    assert not capture.packets(), str(run)


def test_again_within_the_job(caller, peers):
    """The second time it says the same: nothing piles up."""
    conf = caller.conf("rules.conf", peers.one_hop()[0])
    first, path = caller.print("sh", ["-f", conf])
    run = caller.clean(["sh", "-ec", f". {path}; {caller.gochain} --env=sh"])
    assert run.must_succeed().out == first.out, str(run)


def test_launcher_that_is_elsewhere(caller, peers, tools, capture):
    """The library in a folder of its own, by a symbolic link, still finds gochain."""
    folder = os.path.join(caller.folder, "elsewhere")
    caller.install("bin")
    os.mkdir(folder)
    os.rename(caller.library, os.path.join(folder, "libgochain.so"))
    os.symlink(os.path.join(folder, "libgochain.so"), caller.library)
    conf = caller.conf("rules.conf", peers.one_hop()[0])
    _, path = caller.print("sh", ["-f", conf])
    run = caller.clean(["sh", "-ec", f". {path}; exec sh -c '{tools('fetch', 'static')} web.corp.test 80; :'"])
    assert run.must_succeed().out == HELLO, str(run)
    assert not capture.packets(), str(run)


@pytest.mark.parametrize("shell", ("bash", "fish"))
def test_shell_that_has_not_the_library_itself(caller, peers, tools, capture, shell):
    """It says so. A shell that is started from it has the library, and a static program is routed."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    syntax, argv, read = SHELLS[shell]
    conf = caller.conf("rules.conf", peers.one_hop()[0])
    _, path = caller.print(syntax, ["-f", conf])
    again = f"{caller.gochain} --env={syntax} >/dev/null"
    static = f"{tools('fetch', 'static')} web.corp.test 80"
    run = caller.clean(argv + [f"{read(caller, path)}; {again}; {shell} -c '{static}; {again}'"])
    assert run.must_succeed().out == HELLO, str(run)
    assert len(run.warnings()) == 1 and "started without the library" in run.err, str(run)
    assert not capture.packets(), str(run)


def broken_conf(caller):
    path = os.path.join(caller.folder, "broken.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("[gochain]\ndefault = nowhere\n")
    return ["-f", path]


def conf_that_names_cmdline(caller):
    path = os.path.join(caller.folder, "cmdline.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("[rules]\ncmdline = *.corp.test\n")
    return ["-p", "socks5://192.0.2.1", "-f", path]


FAILURES = {
    "broken": (broken_conf, {}, "unknown route 'nowhere'"),
    "cmdline": (conf_that_names_cmdline, {}, "unknown route 'cmdline'"),
    "none": (lambda _: [], {}, "no proxy: give -p URL or a rules file"),
    "password": (lambda _: ["-p", "http://a:pw7f3a9c@192.0.2.1"], {}, "--env prints no password"),
    "ALL_PROXY's password": (
        lambda _: [], {"ALL_PROXY": "http://a:pw7f3a9c@192.0.2.1"}, "--env prints no password"),
    "NO_PROXY": (lambda _: [], {"ALL_PROXY": "http://192.0.2.1", "NO_PROXY": "x"}, "NO_PROXY"),
    "command": (lambda _: ["-p", "http://192.0.2.1", "true"], {}, "--env takes no COMMAND: 'true'"),
    "mode": (lambda _: ["-p", "http://192.0.2.1", "--mode=supervise"], {}, "--mode is a run's"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_nothing_is_printed_where_something_is_wrong(caller, case):
    options, variables, message = FAILURES[case]
    run = caller.clean([caller.gochain, "--env=sh", *options(caller)], variables)
    assert (run.status, run.out) == (125, ""), str(run)
    assert run.err.startswith("gochain: ") and run.err.count("\n") == 1, str(run)
    assert message in run.err and "pw7f3a9c" not in run.err, str(run)


@pytest.mark.parametrize("syntax", ("sh", "fish", "github", "gitlab", "dotenv"))
def test_password_of_the_environment_is_not_printed(caller, peers, capture, syntax):
    hop = peers._once(("secret", "env"), lambda: peers.start(
        proxies.Microsocks, world.PROXY_SIDE[0], user="alice", password="pw7f3a9c"))
    given = {"GOCHAIN_PROXY": hop.url()}
    run, path = caller.print(syntax, [], given)
    assert "pw7f3a9c" not in run.out + run.err and "GOCHAIN_PROXY" not in run.out, str(run)
    assert run.warnings()[0] == ("gochain: warning: GOCHAIN_PROXY has a password and isn't printed; "
                                 "it has to stay in the environment"), str(run)
    if syntax == "sh":
        run = caller.clean(["sh", "-ec", f". {path}; {CURL}"], given)
        assert run.must_succeed().out == HELLO, str(run)
        assert not capture.packets(), str(run)
