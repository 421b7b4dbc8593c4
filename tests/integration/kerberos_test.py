"""auth = negotiate: squid that takes tickets of a realm of the tests' own, by each door."""

import time

import pytest

import world
from doors import ALONE, DOORS, dialled_by, run_by
from failures_test import CONNECT
from gochain import keep_private
from peers import content, kerberos, proxies
from peers.kerberos import REALM
from programs_test import (  # noqa: F401 (go_env and main_module are fixtures)
    downloaded, go_env, in_folder, main_module)

FETCH = ["curl", "-sS", "-m", "30", "http://web.corp.test/hello.txt"]
HELLO = "hello from nginx\n"

# Several threads, each with a connection of its own.
THREADS = """
import threading, urllib.request
def fetch():
    said.append(urllib.request.urlopen("http://web.corp.test/hello.txt", timeout=40).read())
said = []
threads = [threading.Thread(target=fetch) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(said), set(said))
"""


@pytest.fixture(scope="session")
def kdc(peers):
    return peers._once("kdc", lambda: peers.start(kerberos.Kdc, world.PROXY_SIDE[0], last=False))


INNER = {"inner.corp.test": world.PROXY_INNER[0]}


def start_squid(peers, kdc, name, address=world.PROXY_SIDE[0], **kwargs):
    return peers._keep(kerberos.NegotiateSquid(
        peers._folder, "proxy", address, peers.port(), kdc=kdc, name=name,
        hosts=world.NAMES | INNER, **kwargs)).start()


@pytest.fixture(scope="session")
def squid(peers, kdc):
    return peers._once("negotiate", lambda: start_squid(peers, kdc, "gate"))


@pytest.fixture(scope="session")
def inner_squid(peers, kdc):
    return peers._once("inner negotiate", lambda: start_squid(
        peers, kdc, "inner", world.PROXY_INNER[0]))


class Ticket:
    """The environment of who has a ticket of `user`."""

    def __init__(self, kdc, folder, user="alice", options=()):
        self.cache = f"{folder}/{user}.cache"
        kdc.get_ticket(user, self.cache, *options)
        keep_private(self.cache)
        self.env = {"KRB5_CONFIG": kdc.config, "KRB5CCNAME": f"FILE:{self.cache}"}


@pytest.fixture
def ticket(kdc, folder):
    return Ticket(kdc, folder)


def place_of(runner, *squids):
    names = "".join(f"{squid.address} {squid.name}\n" for squid in squids)
    return runner.place.but(hosts="127.0.0.1 localhost\n" + names)


def conf_of(*hops, timeout=20, more=""):
    """Each hop a section's lines."""
    sections = "".join(f"[proxy hop{number}]\n{hop}\n" for number, hop in enumerate(hops))
    names = " ".join(f"hop{number}" for number in range(len(hops)))
    return (f"[gochain]\ndefault = way\nconnect_timeout = {timeout}\n{sections}"
            f"[chain way]\nhops = {names}\n{more}")


def negotiate(url):
    return f"url = {url}\nauth = negotiate"


def users_of(squid, skip=0):
    """Who was served, since there were `skip` answers. The log has a tunnel when it has ended."""
    return [answer.user for answer in squid.answers()[skip:] if answer.status == 200]


def wait_for_users(squid, skip, count):
    deadline = time.monotonic() + 10
    while len(users_of(squid, skip)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return users_of(squid, skip)


def test_rig(runner, site, squid, ticket, folder):
    """By curl's own means: what the other tests stand on."""
    argv = ["curl", "-sS", "-m", "20", "-px", squid.url(), "--proxy-negotiate", "-U", ":",
            "http://web.corp.test/hello.txt"]
    place = place_of(runner, squid)
    good = runner.alone(argv, place, env=ticket.env)
    assert good.out == HELLO, f"{good}\n{squid.log()}"
    bad = runner.alone(argv, place, env=ticket.env | {"KRB5CCNAME": f"FILE:{folder}/none"})
    assert bad.status != 0 and "407" in bad.err, f"{bad}\n{squid.log()}"


@pytest.mark.parametrize("door", DOORS)
def test_ticket(runner, site, squid, ticket, door):
    skip = len(squid.answers())
    run = run_by(door, runner, FETCH, conf_of(negotiate(squid.url())), env=ticket.env,
                 place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, f"{run}\n{squid.log()}"
    run.must_dial_by(dialled_by(door), route="way", hops=1)
    assert wait_for_users(squid, skip, 1) == [f"alice@{REALM}"]
    # At once: there was no 407.
    assert len(squid.answers()) == skip + 1


@pytest.mark.parametrize("first", ("socks5", "negotiate"))
@pytest.mark.parametrize("door", DOORS)
def test_ticket_for_a_hop_behind_another(runner, peers, site, squid, inner_squid, ticket, door,
                                         first):
    """For each hop that wants one its own ticket, at its turn."""
    if first == "socks5":
        socks = peers._once("knows inner", lambda: peers._keep(proxies.Microsocks(
            peers._folder, "proxy", world.PROXY_SIDE[0], peers.port(), hosts=INNER)).start())
        hop = f"url = {socks.url()}"
    else:
        hop = negotiate(squid.url())
    skip = len(inner_squid.answers())
    run = run_by(door, runner, FETCH, conf_of(hop, negotiate(inner_squid.url())), env=ticket.env,
                 place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, f"{run}\n{inner_squid.log()}"
    run.must_dial_by(dialled_by(door), hops=2)
    assert wait_for_users(inner_squid, skip, 1) == [f"alice@{REALM}"]


@pytest.mark.parametrize("door", DOORS)
def test_ticket_through_tls(runner, peers, kdc, site, ticket, door):
    squid = peers._once("negotiate over tls", lambda: start_squid(
        peers, kdc, "safe", tls=peers.authority().issue("safe.corp.test")))
    skip = len(squid.answers())
    hop = negotiate(squid.url()) + f"\nca_file = {peers.authority().file}"
    run = run_by(door, runner, FETCH, conf_of(hop), env=ticket.env, place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, f"{run}\n{squid.log()}"
    assert wait_for_users(squid, skip, 1) == [f"alice@{REALM}"]


@pytest.mark.parametrize("door", ("auto", "supervise", ALONE))
def test_static_program(runner, site, squid, ticket, tools, door):
    run = run_by(door, runner, [tools("fetch", "static"), world.TARGET[0], "80"],
                 conf_of(negotiate(squid.url())), env=ticket.env, place=place_of(runner, squid))
    assert "hello" in run.must_succeed().out, str(run)
    run.must_dial_by("supervise", hops=1)


@pytest.mark.parametrize("door", ("auto", "supervise", ALONE))
def test_go_mod_download(runner, site, squid, ticket, go_env, main_module, door):
    run = run_by(door, runner, in_folder(main_module, ["go", "mod", "download"]),
                 conf_of(negotiate(squid.url())), env=go_env | ticket.env,
                 place=place_of(runner, squid))
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    run.must_dial_by("supervise", hops=1, exe="go")


@pytest.mark.parametrize("door", DOORS)
def test_each_user_gets_in_by_a_ticket_of_his_own(runner, kdc, site, squid, folder, door):
    for user in ("alice", "bob"):
        skip = len(squid.answers())
        run = run_by(door, runner, FETCH, conf_of(negotiate(squid.url())),
                     env=Ticket(kdc, folder, user).env, place=place_of(runner, squid))
        assert run.must_succeed().out == HELLO, str(run)
        assert wait_for_users(squid, skip, 1) == [f"{user}@{REALM}"]


@pytest.mark.parametrize("door", DOORS)
def test_many_connections_at_once(runner, site, squid, ticket, door):
    """Of several processes. Each has a message of its own, though the ticket is one."""
    skip = len(squid.answers())
    run = run_by(door, runner, ["sh", "-c", '"$@" & "$@" & "$@" & wait', "sh", "/usr/bin/python3",
                                "-c", THREADS],
                 conf_of(negotiate(squid.url())), env=ticket.env, place=place_of(runner, squid))
    assert run.must_succeed().out == f"20 {{{HELLO.encode()!r}}}\n" * 3, f"{run}\n{squid.log()}"
    assert wait_for_users(squid, skip, 60) == [f"alice@{REALM}"] * 60
    answers = squid.answers()[skip:]
    assert len(answers) == len({answer.sent for answer in answers}) == 60


@pytest.mark.parametrize("door", ("preload", "supervise", "auto"))
def test_commands_environment_has_no_say(runner, site, squid, ticket, door):
    """The ticket is found by gochain's own."""
    run = run_by(door, runner, ["env", "-u", "KRB5_CONFIG", *FETCH],
                 conf_of(negotiate(squid.url()), more="[env]\nunset = KRB5CCNAME\n"),
                 env=ticket.env, place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_ticket_by_keytab(runner, kdc, site, squid, folder, door):
    """As services have it: nobody types a password, and libkrb5 fills the cache."""
    env = {"KRB5_CONFIG": kdc.config, "KRB5CCNAME": f"FILE:{folder}/filled",
           "KRB5_CLIENT_KTNAME": kdc.keytab("robot")}
    run = run_by(door, runner, FETCH, conf_of(negotiate(squid.url())), env=env,
                 place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_ticket_that_comes_during_the_run(runner, site, squid, ticket, folder, door):
    """kinit in another window mends it."""
    env = ticket.env | {"KRB5CCNAME": f"FILE:{folder}/later"}
    run = run_by(door, runner, ["sh", "-c", '"$@"; cp alice.cache later; exec "$@"', "sh", *FETCH],
                 conf_of(negotiate(squid.url())), env=env, place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, str(run)
    assert len(run.of("fail")) == len(run.of("connect")) == 1, str(run)


@pytest.mark.parametrize("door", DOORS)
def test_without_a_ticket_the_next_proxy_is_taken(runner, peers, site, squid, ticket, door):
    conf = conf_of(negotiate(squid.url()), f"url = {peers.one_hop()[0].url()}",
                   more="mode = failover\n")
    run = run_by(door, runner, FETCH, conf, env=ticket.env | {"KRB5CCNAME": "FILE:/nowhere"},
                 place=place_of(runner, squid))
    assert run.must_succeed().out == HELLO, str(run)
    connect, = run.of("connect")
    assert connect["hops"] == ["hop1"], str(run)


class Broken:
    """`change` makes of (kdc, squid, folder, ticket's environment) another environment."""

    def __init__(self, line, change=None, host=None):
        self.line, self.change, self.host = line, change, host


def expired(kdc, squid, folder, env):
    made = Ticket(kdc, folder, "carol", ("-l", "1s")).env
    time.sleep(2)
    return made


def with_kdc_at(address):
    # No colon: KRB5_CONFIG is a list.
    name = "at-" + address.replace(":", "-") + ".conf"
    return lambda kdc, squid, folder, env: env | {"KRB5_CONFIG": kdc.client_config(name, address)}


BROKEN = {
    "no ticket": Broken("Kerberos: No Kerberos credentials available (default cache: FILE:/no",
                        lambda kdc, squid, folder, env: env | {"KRB5CCNAME": "FILE:/nowhere"}),
    "expired ticket": Broken("Kerberos: Ticket expired", expired),
    "unknown to the realm": Broken(
        f"Kerberos: Server HTTP/other.corp.test@{REALM} not found in Kerberos database",
        host="other.corp.test"),
    "of another realm": Broken(f"Kerberos: Server krbtgt/ELSE.TEST@{REALM} not found in Kerb",
                               host="gate.else.test"),
    "no KDC": Broken(f"Kerberos: Cannot contact any KDC for realm '{REALM}'",
                     with_kdc_at(f"{world.PROXY_SIDE[0]}:1")),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", BROKEN)
def test_errno_and_line(runner, kdc, squid, ticket, folder, kind, door):
    case = BROKEN[kind]
    env = case.change(kdc, squid, folder, ticket.env) if case.change else ticket.env
    host = case.host or squid.name
    place = runner.place.but(hosts=f"127.0.0.1 localhost\n{squid.address} {host}\n")
    must_fail(run_by(door, runner, ["/usr/bin/python3", "-c", CONNECT, "web.corp.test", "80"],
                     conf_of(negotiate(squid.url(host=host))), log="warn", env=env, place=place),
              "EACCES", f"failed at hop0 (http {host}:{squid.port}): proxy authentication failed "
              f"({case.line}")


def must_fail(run, error, line):
    assert run.must_succeed().out == error + "\n", str(run)
    # With the library alone the commands that make the place have it too.
    lines = [text for text in run.err.splitlines() if "mount runs with rights" not in text]
    assert len(lines) == 1, str(run)
    said = lines[0]
    assert line in said, said


@pytest.mark.parametrize("door", DOORS)
def test_ticket_for_another_key(runner, peers, kdc, site, ticket, door):
    """The proxy has been away since its key was changed."""
    def start():
        squid = start_squid(peers, kdc, "old")
        kdc.change_key(squid.principal)
        return squid

    squid = peers._once("old key", start)
    run = run_by(door, runner, ["/usr/bin/python3", "-c", CONNECT, "web.corp.test", "80"],
                 conf_of(negotiate(squid.url())), log="warn", env=ticket.env,
                 place=place_of(runner, squid))
    must_fail(run, "EACCES", "proxy authentication failed (HTTP 407: Negotiate; Kerberos ticket "
                             "refused)")


@pytest.mark.parametrize("door", DOORS)
def test_kdc_that_says_nothing(runner, peers, kdc, squid, ticket, door):
    hang = peers.fault("hang")
    kdc_there = with_kdc_at(f"{world.PROXY_SIDE[0]}:{hang.port}")
    start = time.monotonic()
    run = run_by(door, runner, ["/usr/bin/python3", "-c", CONNECT, "web.corp.test", "80"],
                 conf_of(negotiate(squid.url()), timeout=2), log="warn",
                 env=kdc_there(kdc, squid, None, ticket.env), place=place_of(runner, squid))
    assert time.monotonic() - start < 2 + 5
    must_fail(run, "ETIMEDOUT", "timed out (Kerberos: no answer from a KDC)")


@pytest.mark.parametrize("door", DOORS)
def test_program_that_is_killed_while_a_kdc_is_silent(runner, peers, kdc, squid, ticket, door):
    """Nothing of gochain's waits on: the run's pipes are closed at once."""
    hang = peers.fault("hang")
    kdc_there = with_kdc_at(f"{world.PROXY_SIDE[0]}:{hang.port}")
    start = time.monotonic()
    run = run_by(door, runner, ["timeout", "1", *FETCH], conf_of(negotiate(squid.url())),
                 env=kdc_there(kdc, squid, None, ticket.env), place=place_of(runner, squid))
    assert run.status == 124, str(run)
    assert time.monotonic() - start < 1 + 5
