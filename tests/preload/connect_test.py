"""connect and what a socket is like after it."""

import re
import time

import pytest

from conftest import LIBRARY, NSS_WRAPPER, Microsocks

ROUTED = "127.0.0.2"


@pytest.fixture
def conf(library, proxy):
    return library.rules(proxy.url)


@pytest.fixture(params=("name", "address"))
def host(request):
    return "echo.test" if request.param == "name" else ROUTED


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
@pytest.mark.parametrize("how", ("blocking", "nonblocking", "threads", "fork", "grandchild", "vfork"))
def test_connect_goes_through_the_proxy(library, conf, echo_server, host, how, kind):
    run = library.run([library.program("connect", kind), how, host, echo_server.port], conf)
    count = 8 if how == "threads" else 1
    assert run.out == "ok\n" * count and run.status == 0, str(run)
    events = run.of("connect")
    assert len(events) == count, str(run)
    assert {e["target"] for e in events} == {f"{host}:{echo_server.port}"}, str(run)
    assert {e["door"] for e in events} == {"preload"} and {e["route"] for e in events} == {"way"}


def test_two_hops(library, proxy, hosts, echo_server):
    second = Microsocks("127.0.0.1", hosts)
    try:
        run = library.run([library.program("connect"), "blocking", "echo.test", echo_server.port],
                          library.rules(proxy.url, second.url))
    finally:
        second.stop()
    assert run.out == "ok\n" and run.of("connect")[0]["hops"] == ["hop0", "hop1"], str(run)


def test_loopback_is_direct(library, conf, echo_server):
    run = library.run([library.program("connect"), "blocking", "127.0.0.1", echo_server.port], conf)
    assert run.out == "ok\n" and not run.events, str(run)


def test_wrong_arguments_and_states_are_as_without(library, conf, echo_server):
    argv = [library.program("connect_errors"), ROUTED, echo_server.port]
    plain, routed = library.alone(argv), library.run(argv, conf)
    assert routed.out == plain.out and plain.out.count("\n") > 20, f"{plain}\n{routed}"
    assert len(routed.of("connect")) == 2, str(routed)


@pytest.mark.parametrize("program", ("epoll", "socket_options", "getpeername"))
def test_socket_stays_the_programs_own(library, conf, echo_server, host, program):
    run = library.run([library.program(program), host, echo_server.port], conf)
    assert run.out == "ok\n", str(run)
    assert run.of("connect"), str(run)


@pytest.mark.parametrize("program", ("epoll", "socket_options", "getpeername"))
def test_replaced_socket_is_like_the_old_one(library, proxy6, echo_server, program):
    """An IPv4 socket can't reach an IPv6 proxy."""
    # Descriptors duplicated before keep the old socket, so that program makes none.
    extra = ["own"] if program == "socket_options" else []
    run = library.run([library.program(program), ROUTED, echo_server.port] + extra,
                      library.rules(proxy6.url))
    assert run.out == "ok\n", str(run)
    assert run.of("connect"), str(run)


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
@pytest.mark.parametrize("how", ("raw", "raw-nonblocking"))
def test_connect_by_syscall(library, conf, echo_server, host, how, kind):
    """libc's function for calls that it has none for is a hook too."""
    run = library.run([library.program("connect", kind), how, host, echo_server.port], conf)
    assert run.out == "ok\n", str(run)
    assert [e["door"] for e in run.of("connect")] == ["preload"], str(run)


@pytest.mark.parametrize("level, lines", (("warn", 0), ("debug", 2)))
def test_there_is_no_io_uring(library, conf, level, lines):
    """Neither by the call nor by liburing: its connections would go past the library."""
    run = library.run([library.program("uring")], conf, {"GOCHAIN_LOG": level}, log=False)
    assert run.out == "setup ENOSYS\nqueue_init ENOSYS\n", str(run)
    assert len(run.err.splitlines()) == run.err.count("io_uring is refused") == lines, str(run)


@pytest.mark.parametrize("call", ("sendto", "sendmsg", "sendmmsg", "option"))
@pytest.mark.parametrize("mode", ("", "+"))
def test_fast_open(library, conf, echo_server, host, call, mode):
    run = library.run([library.program("fastopen"), call + mode, host, echo_server.port], conf)
    assert run.out == "ok\n", str(run)
    assert len(run.of("connect")) == 1, str(run)


@pytest.fixture(params=("connect", "handshake"))
def stuck(request, library, full, hanging):
    """Rules whose proxy takes no connection, or takes it and says nothing."""
    port = full.port if request.param == "connect" else hanging
    return library.rules(f"socks5://127.0.0.1:{port}", globals_text="connect_timeout = 1.5")


def _times(run):
    return {k: int(v) for k, v in re.findall(r"(\w+_ms)=(-?\d+)", run.out)}


def test_signal_handler_without_restart_ends_the_dial(library, stuck):
    run = library.run([library.program("alarm"), "interrupt", 300, ROUTED, 9], stuck)
    times = _times(run)
    assert run.out.startswith("EINTR "), str(run)
    assert 250 <= times["handler_ms"] <= 500 and times["connect_ms"] <= 600, str(run)


def test_signal_handler_with_restart_runs_at_once_and_the_dial_goes_on(library, stuck):
    run = library.run([library.program("alarm"), "restart", 300, ROUTED, 9], stuck)
    times = _times(run)
    assert run.out.startswith("ETIMEDOUT "), str(run)
    assert 250 <= times["handler_ms"] <= 500 and 1400 <= times["connect_ms"] <= 2500, str(run)


def test_connect_timeout(library, stuck):
    run = library.run([library.program("send_timeout"), 0, ROUTED, 9], stuck)
    assert run.out.startswith("ETIMEDOUT "), str(run)
    assert 1400 <= _times(run)["connect_ms"] <= 2500 and run.out.endswith("option=kept\n"), str(run)


def test_send_timeout_of_the_program_ends_the_dial(library, stuck):
    run = library.run([library.program("send_timeout"), 400, ROUTED, 9], stuck)
    assert run.out.startswith("EINPROGRESS "), str(run)
    assert 350 <= _times(run)["connect_ms"] <= 900 and run.out.endswith("option=kept\n"), str(run)


def test_cancelled_thread_leaves_a_socket_that_can_be_dialled(library, stuck, echo_server):
    run = library.run([library.program("cancel"), ROUTED, 9, "127.0.0.1", echo_server.port], stuck)
    assert run.out == "ok\n", str(run)


def test_failed_dial_says_why(library, proxy, conf):
    run = library.run([library.program("connect"), "blocking", ROUTED, 1], conf)
    assert run.out == "connect: ECONNREFUSED\n", str(run)
    assert [e["target"] for e in run.of("fail")] == [f"{ROUTED}:1"], str(run)


def test_proxy_is_down(library):
    run = library.run([library.program("connect"), "blocking", ROUTED, 1],
                      library.rules("socks5://127.0.0.1:1"), log=False)
    assert run.out == "connect: ECONNREFUSED\n", str(run)
    assert len(run.err.splitlines()) == 1 and "hop0 (socks5 127.0.0.1:1)" in run.err, str(run)


def test_proxy_given_by_name(library, proxy, echo_server):
    conf = library.rules(f"socks5://localhost:{proxy.port}")
    run = library.run([library.program("connect"), "blocking", "echo.test", echo_server.port], conf)
    assert run.out == "ok\n", str(run)


@pytest.mark.parametrize("program, how", (("connect", "blocking"), ("connect", "nonblocking"),
                                          ("fastopen", "option")))
def test_second_address_of_a_proxy_is_tried(library, proxy, echo_server, program, how):
    """Nobody listens on the first. With TCP_FASTOPEN_CONNECT the kernel wouldn't say so in time."""
    names = library.folder / "names"
    names.write_text("127.0.0.3 proxy.corp.example\n127.0.0.1 proxy.corp.example\n")
    env = {"LD_PRELOAD": f"{LIBRARY} {NSS_WRAPPER}", "NSS_WRAPPER_HOSTS": str(names)}
    conf = library.rules(f"socks5://proxy.corp.example:{proxy.port}")
    run = library.run([library.program(program), how, "echo.test", echo_server.port], conf, env)
    assert run.out == "ok\n", str(run)


def test_name_that_is_resolved_here(library, proxy, echo_server):
    """dns = local: the proxy is asked for an address. Only localhost is known everywhere."""
    conf = library.folder / "local.conf"
    conf.write_text(f"[gochain]\ndefault = far\ndns = local\n[proxy far]\nurl = {proxy.url}\n"
                    "[rules]\nfar = localhost\n")
    run = library.run([library.program("connect"), "blocking", "localhost", echo_server.port],
                      str(conf))
    assert run.out == "ok\n", str(run)
    assert run.of("connect")[0]["target"] == f"localhost:{echo_server.port}", str(run)


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
def test_udp_is_blocked(library, conf, kind):
    run = library.run([library.program("udp", kind), "192.0.2.7", 443], conf, log=False)
    assert run.out == ("sendto: EACCES\nsendmsg: EACCES\nsendmmsg: EACCES\n"
                       "sendmsg of a long address: EACCES\nsendto AF_UNSPEC: EACCES\n"
                       "connect: ENETUNREACH\n"), str(run)
    assert len(run.err.splitlines()) == 1 and "UDP to 192.0.2.7:443" in run.err, str(run)
    assert "udp = direct" in run.err, str(run)


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
def test_udp_over_ipv6_is_blocked(library, conf, kind):
    run = library.run([library.program("udp", kind), "2001:db8::7", 443], conf, log=False)
    assert run.out == ("sendto: EACCES\nsendmsg: EACCES\nsendmmsg: EACCES\n"
                       "sendmsg of a long address: EACCES\nsendto without scope: EACCES\n"
                       "connect: ENETUNREACH\n"), str(run)


def test_udp_is_let_out_where_asked(library):
    conf = library.folder / "udp.conf"
    conf.write_text("[gochain]\ndefault = reject\nudp = direct\n[proxy far]\nurl = socks5://h\n"
                    "[rules]\nfar = 127.0.0.2\n")
    run = library.run([library.program("udp"), ROUTED, 9], str(conf))
    assert "EACCES" not in run.out and "connect: ok" in run.out and run.err == "", str(run)
    run = library.run([library.program("udp"), "192.0.2.1", 9], str(conf), log=False)
    assert run.out.startswith("sendto: EACCES") and "its route is reject" in run.err, str(run)


def test_udp_to_loopback_passes(library, conf):
    run = library.run([library.program("udp"), "127.0.0.1", 9], conf, log=False)
    assert run.err == "" and "EACCES" not in run.out and "connect: ok" in run.out, str(run)


def test_udp_that_a_rule_sends_direct_passes(library):
    conf = library.folder / "direct.conf"
    conf.write_text("[gochain]\ndefault = reject\n[rules]\ndirect = 127.0.0.2:9\n")
    run = library.run([library.program("udp"), ROUTED, 9], str(conf))
    assert "EACCES" not in run.out and "connect: ok" in run.out, str(run)
    run = library.run([library.program("udp"), "192.0.2.1", 9], str(conf))
    assert run.out.startswith("sendto: EACCES"), str(run)


@pytest.mark.parametrize("kind", ("dynamic", "musl"))
def test_without_rules_only_loopback_is_let_out(library, echo_server, kind):
    program = library.program("connect", kind)
    run = library.run([program, "threads", "127.0.0.1", echo_server.port], log=False)
    assert run.out == "ok\n" * 8, str(run)
    assert len(run.err.splitlines()) == 1 and "no proxy" in run.err, str(run)
    run = library.run([program, "blocking", "192.0.2.1", 80], log=False)
    assert run.out == "connect: EACCES\n" and len(run.err.splitlines()) == 1, str(run)
    run = library.run([program, "blocking", "echo.test", 80], log=False)
    assert run.out.startswith("getaddrinfo: ") and run.status == 1, str(run)


def test_bad_rules_let_only_loopback_out(library, echo_server):
    conf = library.folder / "bad.conf"
    conf.write_text("[gochian]\n[proxy far]\nurl = ftp://x\n")
    run = library.run([library.program("connect"), "blocking", "192.0.2.1", 80], str(conf), log=False)
    assert run.out == "connect: EACCES\n", str(run)
    assert "bad.conf:1:" in run.err and "bad.conf:3:" in run.err, str(run)
    assert len(run.err.splitlines()) == 3, str(run)


@pytest.mark.parametrize("cached", (False, True))
def test_lists_without_a_launcher(library, conf, echo_server, cached):
    """The first process compiles; with a cache, the second finds what it made."""
    (library.folder / "list.txt").write_text(f"{ROUTED}/32:{echo_server.port}\n.blocked.test\n")
    rules = library.folder / "lists.conf"
    with open(conf, encoding="utf-8") as file:
        rules.write_text(file.read().replace("way = 127.0.0.2", "reject = @file:list.txt"))
    env = {} if cached else {"XDG_CACHE_HOME": "/proc/nowhere"}
    if cached:
        time.sleep(2.2)  # a list that has changed more lately isn't kept
    for _ in range(2):
        for host in (ROUTED, "a.blocked.test"):
            run = library.run([library.program("connect"), "blocking", host, echo_server.port],
                              str(rules), env=env)
            assert run.out == "connect: EACCES\n" and run.of("reject"), str(run)
        run = library.run([library.program("connect"), "blocking", "echo.test", echo_server.port],
                          str(rules), env=env)
        assert run.out == "ok\n", str(run)
        kept = list(library.folder.glob(".cache/gochain/*.list"))
        assert len(kept) == (1 if cached else 0), kept


@pytest.mark.parametrize("supervised", (False, True))
def test_state_that_cannot_be_opened(library, echo_server, supervised):
    """Behind a supervisor the library steps back; else nothing goes out."""
    env = {"GOCHAIN_STATE": "/proc/1/fd/no-such"} | ({"GOCHAIN_SUPERVISED": "1"} if supervised else {})
    run = library.run([library.program("connect"), "blocking", ROUTED, echo_server.port],
                      env=env, log=False)
    assert run.out == "ok\n", str(run)  # loopback either way
    run = library.run([library.program("udp"), "192.0.2.1", 9], env=env, log=False)
    if supervised:
        assert run.err == "" and "EACCES" not in run.out, str(run)
    else:
        assert run.out.startswith("sendto: EACCES"), str(run)
        assert sum("GOCHAIN_STATE" in line for line in run.err.splitlines()) == 1, str(run)


def test_no_descriptor_stays_in_the_program(library, conf, echo_server):
    script = ("import os, socket, sys\n"
              "def fds(): return sorted(os.listdir('/proc/self/fd'))\n"
              "before = fds()\n"
              "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
              "s.close()\n"
              "print(before == fds())\n")
    run = library.run(["/usr/bin/python3", "-c", script, "echo.test", echo_server.port], conf)
    assert run.out == "True\n" and run.of("connect"), str(run)


def test_real_functions_of_other_preloaded_libraries_are_called(library, conf, echo_server, tmp_path):
    """A direct connect goes on to the next library's connect."""
    source, other = tmp_path / "other.c", tmp_path / "other.so"
    source.write_text("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <sys/socket.h>\n"
                      "#include <unistd.h>\nint connect(int f, const struct sockaddr* a, socklen_t l)"
                      '{ write(2, "other\\n", 6); return ((int (*)(int, const void*, socklen_t))'
                      'dlsym(RTLD_NEXT, "connect"))(f, a, l); }\n')
    made = library.alone(["cc", "-shared", "-fPIC", "-w", source, "-o", other])
    assert made.status == 0, str(made)
    run = library.run([library.program("connect"), "blocking", "127.0.0.1", echo_server.port], conf,
                      env={"LD_PRELOAD": f"{LIBRARY} {other}"})
    assert run.out == "ok\n" and "other\n" in run.err, str(run)
