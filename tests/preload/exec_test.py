"""Programs that the library can't enter are started by the launcher; everything else is as without.

`show` prints what a program sees of its start, and must print the same with and without the library;
`connect` shows by which door the child's connection went.
"""

import os
import shutil
import subprocess

import pytest

from conftest import LIBRARY

ROUTED = "127.0.0.2"
EXEC = ("execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve",
        "fexecve-cloexec", "fexecve-path", "execveat", "execveat-cloexec", "execveat-here",
        "execveat-empty", "syscall-execve", "syscall-execveat")
SPAWN = ("posix_spawn", "posix_spawnp", "posix_spawn-chdir")
SHELL = ("system", "popen")
CALLS = EXEC + tuple(f"vfork-{call}" for call in EXEC) + SPAWN + SHELL
WITH_ENVIRONMENT = ("execve", "vfork-execve", "execvpe", "fexecve", "execveat",
                    "syscall-execve") + SPAWN + SHELL
KINDS = {"dynamic": "preload", "static": "supervise", "musl": "preload", "musl-static": "supervise"}


def from_both(calls):
    """(call, kind of the calling program): musl has no execveat."""
    return [(call, caller) for call in calls for caller in ("dynamic", "musl")
            if caller != "musl" or "execveat" not in call]


@pytest.fixture(scope="session")
def supervision():
    """Some sandboxes have no seccomp notification."""
    gochain = os.path.join(os.path.dirname(LIBRARY), "gochain")
    done = subprocess.run([gochain, "-p", "socks5://127.0.0.1:1", "--mode=supervise", "true"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(done.stderr)


@pytest.fixture
def conf(library, proxy):
    return library.rules(proxy.url)


def variables(run):
    return sorted(line for line in run.out.splitlines() if line.startswith("variable"))


def rest(run):
    return [line for line in run.out.splitlines() if not line.startswith("variable")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("show", (True, False))
def test_child_is_started_as_without_the_library(library, supervision, conf, call, kind, show):
    """show: a program; else a script whose interpreter it is."""
    program = library.program("show", kind)
    if not show:
        script = library.folder / "script"
        script.write_text(f"#!{program} -x\n")
        script.chmod(0o755)
        program = str(script)
    argv = [library.program("exec"), call, program, "an argument"]
    plain, routed = library.alone(argv), library.run(argv, conf, log=False)
    assert rest(routed) == rest(plain), f"{plain}\n{routed}"
    assert routed.err == plain.err == "", f"{plain}\n{routed}"
    if variables(plain) and call not in SHELL:  # which sets some itself
        direct = library.run([library.program("show"), "x"], conf, log=False)
        assert variables(routed) == variables(direct), f"{direct}\n{routed}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call, caller", from_both([c for c in CALLS if "execl" not in c]))
def test_child_is_routed(library, supervision, conf, echo_server, call, kind, caller):
    """execl and its like are called with one argument here, which `connect` can't do with."""
    run = library.run([library.program("exec", caller), call, library.program("connect", kind),
                       "blocking", ROUTED, echo_server.port], conf)
    assert run.status == 0 and "ok\n" in run.out and "ended with 0\n" in run.out, str(run)
    # Where libc changes the folder first, the file can't be judged: the launcher starts it, and
    # both doors are open.
    door, = [e["door"] for e in run.of("connect")]
    assert door == KINDS[kind] or call == "posix_spawn-chdir", str(run)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call, caller", from_both(WITH_ENVIRONMENT))
def test_child_with_a_clean_environment_is_routed(library, supervision, conf, echo_server, call, kind,
                                                  caller):
    run = library.run([library.program("exec", caller), call + "-clean",
                       library.program("connect", kind), "blocking", ROUTED, echo_server.port], conf)
    assert run.status == 0 and "ok\n" in run.out and "ended with 0\n" in run.out, str(run)
    assert len(run.of("connect")) == 1, str(run)


@pytest.mark.parametrize("call, caller", from_both(CALLS))
@pytest.mark.parametrize("what", ("missing", "folder", "not executable", "empty", "no interpreter",
                                  "below a file", "static, not executable", "loop"))
def test_error_is_as_without_the_library(library, conf, call, what, caller):
    path = library.folder / "program"
    if what == "folder":
        path.mkdir()
    elif what == "static, not executable":
        shutil.copy(library.program("show", "static"), path)
        path.chmod(0o644)
    elif what == "below a file":
        path.write_text("x")
        path = path / "program"
    elif what == "loop":
        path.symlink_to(path)
    elif what != "missing":
        path.write_text("#!/nonexistent/interpreter\n" if what == "no interpreter" else "")
        path.chmod(0o644 if what == "not executable" else 0o755)
    argv = [library.program("exec", caller), call, path, "argument"]
    plain, routed = library.alone(argv), library.run(argv, conf, log=False)
    if call == "posix_spawn-chdir":
        # The launcher has been started by then: it says 126 or 127.
        assert "ended with 0" not in routed.out, str(routed)
        return
    assert (routed.out, routed.err) == (plain.out, plain.err), f"{plain}\n{routed}"


@pytest.mark.parametrize("kind", ("dynamic", "static"))
@pytest.mark.parametrize("call", ("execvp", "execlp", "execvpe", "posix_spawnp"))
def test_search_in_path_is_as_without_the_library(library, supervision, conf, call, kind):
    """A file that may not be executed is passed over; what comes after it is found."""
    first, second = library.folder / "first", library.folder / "second"
    first.mkdir()
    second.mkdir()
    (first / "tool").write_text("x")
    shutil.copy(library.program("show", kind), second / "tool")
    path = {"PATH": f"/nonexistent:{first}:{second}"}
    argv = [library.program("exec"), call, "tool", "x"]
    plain = library.alone(argv, env=dict(os.environ) | path)
    routed = library.run(argv, conf, env=path, log=False)
    assert plain.out.count("argument ") == 2, str(plain)
    assert rest(routed) == rest(plain), f"{plain}\n{routed}"


@pytest.mark.parametrize("caller", ("dynamic", "musl"))
def test_text_is_given_to_the_shell_where_libc_does(library, conf, caller):
    script = library.folder / "text"
    script.write_text("echo \"$0 $1\"\n")
    script.chmod(0o755)
    for call in ("execvp", "execve", "posix_spawnp"):
        argv = [library.program("exec", caller), call, script, "an argument"]
        plain, routed = library.alone(argv), library.run(argv, conf, log=False)
        assert routed.out == plain.out and routed.err == "", f"{plain}\n{routed}"


def alone_in(folder, *names):
    """A copy of the library where there is only what `names` says."""
    folder.mkdir()
    for name in names:
        shutil.copy(os.path.join(os.path.dirname(LIBRARY), name), folder)
    return str(folder / "libgochain.so")


@pytest.mark.parametrize("call", ("execve", "vfork-execve", "posix_spawn", "execvp", "fexecve"))
def test_without_the_launcher_nothing_is_started(library, conf, call):
    env = {"LD_PRELOAD": alone_in(library.folder / "lib", "libgochain.so")}
    argv = [library.program("exec"), call, library.program("show", "static"), "x"]
    run = library.run(argv, conf, env, log=False)
    assert run.out == f"{call.removeprefix('vfork-')}: EACCES\n", str(run)
    line, = run.err.splitlines()
    assert line.startswith("gochain: ") and "launcher" in line, str(run)
    run = library.run([argv[0], call, library.program("show"), "x"], conf, env, log=False)
    assert "ended with 7\n" in run.out and run.err == "", str(run)


def test_launcher_is_found_where_it_is_installed_or_named(library, supervision, conf, echo_server):
    root = library.folder / "usr"
    root.mkdir()
    (root / "lib").mkdir()
    (root / "bin").mkdir()
    preload = alone_in(root / "lib/gochain", "libgochain.so")
    shutil.copy(os.path.join(os.path.dirname(LIBRARY), "gochain"), root / "bin")
    argv = [library.program("exec"), "execve", library.program("connect", "static"), "blocking",
            ROUTED, echo_server.port]
    run = library.run(argv, conf, {"LD_PRELOAD": preload})
    assert [e["door"] for e in run.of("connect")] == ["supervise"], str(run)
    elsewhere = {"LD_PRELOAD": alone_in(library.folder / "lib", "libgochain.so"),
                 "GOCHAIN_LAUNCHER": str(root / "bin/gochain")}
    run = library.run(argv, conf, elsewhere)
    assert [e["door"] for e in run.of("connect")] == ["supervise"], str(run)


def test_without_rules_a_static_program_is_not_started(library, supervision):
    run = library.run([library.program("exec"), "execve", library.program("show", "static"), "x"],
                      log=False)
    assert run.out == "ended with 125\n", str(run)
    assert len(run.err.splitlines()) == 1 and "no proxy" in run.err, str(run)


@pytest.mark.parametrize("number", (200, 30000))
def test_many_arguments_and_variables(library, supervision, conf, number):
    """More than there is room for on the stack."""
    many = [f"argument{n}" for n in range(number)]
    run = library.run([library.program("exec"), "vfork-execve-clean", library.program("show", "static")]
                      + many, conf, log=False)
    assert run.out.count("argument argument") == number and "ended with 7\n" in run.out, run.err


def test_relative_library_and_changed_folder(library, supervision, conf, echo_server):
    """Where it was is remembered from the start."""
    script = (f"cd /; {library.program('connect')} blocking {ROUTED} {echo_server.port}; "
              f"exec {library.program('connect', 'static')} blocking {ROUTED} {echo_server.port}")
    relative = os.path.relpath(LIBRARY)
    run = library.run(["bash", "-c", script], conf, {"LD_PRELOAD": f"./{relative}"})
    assert run.out == "ok\nok\n", str(run)
    assert [e["door"] for e in run.of("connect")] == ["preload", "supervise"], str(run)


@pytest.fixture
def setuid(library):
    """A copy of a test program that runs as another user."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make one")

    def make(name, kind):
        path = library.folder / f"{name}-{kind}-setuid"
        shutil.copy(library.program(name, kind), path)
        os.chown(path, 65534, 65534)
        path.chmod(0o4755)
        library.folder.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize("kind", ("dynamic", "static"))
@pytest.mark.parametrize("call", ("execve", "vfork-execve", "fexecve-cloexec", "posix_spawn", "system"))
@pytest.mark.parametrize("word, status, then", (
    ("", 125, "not started"), ("setuid = refuse", 125, "not started"),
    ("setuid = warn", 7, "goes straight out"), ("setuid = allow", 7, None)))
def test_setuid_program_is_started_as_the_rules_say(library, proxy, setuid, call, kind, word, status,
                                                    then):
    path = setuid("show", kind)
    conf = library.rules(proxy.url, globals_text=word)
    run = library.run([library.program("exec"), call, path, "x"], conf, log=False)
    assert run.out.endswith(f"ended with {status}\n"), str(run)
    assert ("argument x\n" in run.out) == (status == 7), str(run)
    if then is None:
        assert run.err == "", str(run)
    else:
        line, = run.err.splitlines()
        assert "setuid" in line and then in line, str(run)
        assert call.startswith("fexecve") or str(path) in line, str(run)


def test_other_preloaded_libraries_stay(library, conf):
    run = library.run([library.program("exec"), "execve", "/usr/bin/env"], conf,
                      {"LD_PRELOAD": f"{LIBRARY} /nonexistent/other.so"}, log=False)
    assert f"LD_PRELOAD={LIBRARY} /nonexistent/other.so\n" in run.out, str(run)
    run = library.run(["/usr/bin/env", "LD_PRELOAD=/nonexistent/other.so", "env"], conf, log=False)
    assert f"LD_PRELOAD={LIBRARY}:/nonexistent/other.so\n" in run.out, str(run)


def test_rules_that_the_program_chooses_stay(library, conf):
    """Where they come from is one decision: nothing is put beside it."""
    run = library.run(["env", "-i", "GOCHAIN_PROXY=socks5://127.0.0.1:2", "/usr/bin/env"], conf,
                      log=False)
    assert "GOCHAIN_PROXY=socks5://127.0.0.1:2\n" in run.out, str(run)
    assert "GOCHAIN_CONF" not in run.out and f"LD_PRELOAD={LIBRARY}\n" in run.out, str(run)


def test_behind_a_supervisor_nothing_is_done(library, conf):
    """Its filter sees every program."""
    run = library.run(["env", "-i", "/usr/bin/env"], conf, {"GOCHAIN_SUPERVISED": "1"}, log=False)
    assert run.out == "" and run.err == "", str(run)
