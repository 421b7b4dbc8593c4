"""Programs that bring rights of their own, under an ordinary user's supervisor: they run without those
rights, and a line says so. What the library alone does with them is in tests/preload/exec_test.py."""

import os
import shutil

import pytest

from doors import ALONE, end_brokers, run_by

LINE = "brings rights of its own (setuid, setgid or file capabilities)"


@pytest.fixture(params=("setuid", "setgid"))
def program(request, as_root, folder):
    """`id`, of root or of root's group."""
    path = os.path.join(folder, "privileged-id")
    shutil.copy("/usr/bin/id", path)
    os.chmod(path, {"setuid": 0o4755, "setgid": 0o2755}[request.param])
    return path


def rules(hop, word):
    return (f"[gochain]\ndefault = far\n{word}\n[proxy far]\nurl = {hop.url()}\n")


def said(run):
    return [line for line in run.warnings() if LINE in line]


@pytest.mark.parametrize("mode", ("auto", "supervise"))
@pytest.mark.parametrize("word, status, lines", (
    ("", 0, 1), ("setuid = warn", 0, 1), ("setuid = allow", 0, 0), ("setuid = refuse", 125, 1)))
def test_command(runner, peers, program, mode, word, status, lines):
    run = runner.run([program, "-u"], mode=mode, conf=rules(peers.one_hop()[0], word), log=None)
    assert run.status == status, str(run)
    assert run.out == ("65534\n" if status == 0 else ""), str(run)
    assert len(said(run)) == len(run.warnings()) == lines, str(run)
    assert all(program in line for line in said(run)), str(run)


HOW = {
    "shell": "{0} -u; {0} -u",
    "execvp": "env {0} -u; env {0} -u",
    "posix_spawn": "/usr/bin/python3 -c \"import os, sys\nfor _ in range(2):\n"
                   " os.waitpid(os.posix_spawn('{0}', ['{0}', '-u'], os.environ), 0)\"",
    "posix_spawnp": "PATH=$(dirname {0}):$PATH /usr/bin/python3 -c \"import os, sys\n"
                    "for _ in range(2):\n"
                    " os.waitpid(os.posix_spawnp('privileged-id', ['x', '-u'], os.environ), 0)\"",
    "make": "printf 'all:\\n\\t@{0} -u\\n\\t@{0} -u\\n' | make -f -",
}


@pytest.mark.parametrize("how", HOW)
def test_program_of_the_tree(runner, peers, program, how):
    """Said once, however many there are."""
    run = runner.run(["sh", "-c", HOW[how].format(program)], hops=peers.one_hop(), log=None)
    assert run.must_succeed().out == "65534\n" * 2, str(run)
    assert len(said(run)) == len(run.warnings()) == 1, str(run)


def test_program_of_the_tree_is_refused_where_the_rules_say_so(runner, peers, program):
    run = runner.run(["sh", "-c", f"{program} -u; echo $?"], log=None,
                     conf=rules(peers.one_hop()[0], "setuid = refuse"))
    assert run.must_succeed().out == "126\n", str(run)
    assert len(said(run)) == 1, str(run)


def test_root_hears_nothing(runner, peers, program):
    """Its supervisor needs no no_new_privs."""
    script = f"{program} -u; env {program} -u"
    run = runner.run(["sh", "-c", script], hops=peers.one_hop(), log=None,
                     place=runner.place.but(user="root"))
    assert run.must_succeed().out == "0\n" * 2 and run.err == "", str(run)


@pytest.mark.parametrize("word, status", (("", 125), ("setuid = warn", 0), ("setuid = allow", 0)))
def test_command_of_the_library_alone(runner, peers, program, word, status):
    run = runner.run([program, "-u"], mode="preload", conf=rules(peers.one_hop()[0], word), log=None)
    assert run.status == status, str(run)
    assert run.out == {125: "", 0: "0\n" if os.stat(program).st_mode & 0o4000 else "65534\n"}[status]
    assert len(run.warnings()) == (word != "setuid = allow"), str(run)


def test_owner_from_outside_of_a_user_namespace_gives_nothing(runner, peers, site, as_root):
    """There the kernel starts setuid programs as any other, with the library in them."""
    mount = shutil.which("mount")
    if not os.stat(mount).st_mode & 0o4000:
        pytest.skip(f"{mount} is not setuid")
    script = "mount --version; curl -sS -m 20 http://web.corp.test/hello.txt"
    run = run_by(ALONE, runner, ["unshare", "-Ur", "sh", "-c", script],
                 rules(peers.one_hop()[0], ""), log="warn")
    assert run.must_succeed().out.endswith("\nhello from nginx\n") and run.err == "", str(run)
    end_brokers(runner)
