"""Logins at real proxies: the right password and a wrong one by each door, at every place of a chain,
what `auth =` pins, and that no log has a password."""

import base64
import collections
import re
import socket
import struct

import pytest

import interop
import world as world_module
from doors import ALONE, DOORS, dialled_by, run_by
from interop import PASSWORD, ROW, WRONG
from logins import FETCH, HELLO, SQUIDS, Watched, connect, refused, rules, shell
from peers import content, proxies
from peers.forwarder import Forwarder
from programs_test import (  # noqa: F401 (go_env and main_module are fixtures)
    downloaded, go_env, in_folder, main_module)

LOGINS = [row.name for row in interop.ROWS if row.has_login]
REFUSING = [name for name in LOGINS if ROW[name].checks]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", REFUSING)
def test_wrong_password(runner, peers, site, folder, name, door):
    """One line that names the hop; EACCES; neither the right password nor the wrong one is said."""
    row = ROW[name]
    run = run_by(door, runner, connect(), rules(row.section(peers, folder, WRONG)), log="warn")
    assert run.must_succeed().out == "EACCES\n", str(run)
    line, = run.warnings()
    assert f"{world_module.TARGET[0]}:80 via office failed at office ({row.protocol} " in line, line
    assert "authentication failed" in line, line
    assert WRONG not in run.err and PASSWORD not in run.err, run.err


@pytest.mark.parametrize("name", LOGINS)
def test_right_password_in_a_tree_of_both_kinds(runner, peers, site, folder, tools, name):
    """--mode=auto: what the library dials for and what the supervisor dials for."""
    row = ROW[name]
    argv = shell(f"{FETCH} && {tools('fetch', 'static')} web.corp.test 80 && {FETCH}")
    run = run_by("auto", runner, argv, rules(row.section(peers, folder)))
    assert run.must_succeed().out == HELLO * 3, str(run)
    assert [event["door"] for event in run.of("connect")] == ["preload", "supervise", "preload"], (
        str(run))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("password", (PASSWORD, WRONG), ids=("right", "wrong"))
@pytest.mark.parametrize("scheme", SQUIDS)
def test_no_password_in_the_debug_log(runner, peers, site, folder, scheme, password, door):
    row = ROW[SQUIDS[scheme]]
    run = run_by(door, runner, connect(), rules(row.section(peers, folder, password)),
                 log="debug")
    assert run.must_succeed().out == ("OK\n" if password == PASSWORD else "EACCES\n"), str(run)
    assert "via office" in run.err, str(run)
    assert PASSWORD not in run.err and WRONG not in run.err, run.err


@pytest.mark.parametrize("door", DOORS)
def test_user_name_without_a_password(runner, peers, site, door):
    """At a proxy that wants one: refused, in one line."""
    peer = ROW[SQUIDS["Digest"]].started(peers)
    section = f"[proxy office]\nurl = http://{interop.USER}@{peer.address}:{peer.port}\n"
    run = run_by(door, runner, connect(), rules(section), log="warn")
    assert run.must_succeed().out == "EACCES\n" and len(run.warnings()) == 1, str(run)


def ntlm_workstation(said):
    """Of the last AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3), which the proxy took."""
    words = re.findall(rb"Proxy-Authorization: NTLM (\S+)", bytes(said))
    message = base64.b64decode(words[-1])
    assert message[:12] == b"NTLMSSP\0" + struct.pack("<I", 3)
    size, _, at = struct.unpack_from("<HHI", message, 44)
    return message[at:at + size].decode("utf-16le")


@pytest.mark.parametrize("door", ("preload", "supervise"))
@pytest.mark.parametrize("key, name", (("workstation = DESK-17", "DESK-17"),
                                       ("", None)), ids=("given", "own"))
def test_ntlm_workstation(runner, world, peers, site, folder, door, key, name):
    """As it comes to a squid that takes it."""
    row = ROW[SQUIDS["NTLM"]]
    squid = row.started(peers)
    forwarder = Forwarder(world.listen("proxy", squid.address), squid)
    url = row.url(peers).replace(f":{squid.port}", f":{forwarder.port}")
    try:
        run = run_by(door, runner, connect(), rules(interop.section("office", url, key)))
    finally:
        forwarder.stop()
    assert run.must_succeed().out == "OK\n", str(run)
    own = socket.gethostname().split(".")[0].upper()[:15]  # as a NetBIOS name
    assert ntlm_workstation(forwarder.said[-1]) == (name or own)


# What a proxy offers and `auth =` (None: absent) → what is sent at last.
@pytest.fixture
def many_schemes(peers):
    schemes = ("negotiate", "ntlm", "digest", "basic")
    return peers._once("many schemes", lambda: peers.start(
        proxies.Squid, interop.AT, schemes=schemes, **interop.HAS_LOGIN))


def login_section(peer, pin):
    url = f"http://{interop.USER}:{PASSWORD}@{peer.address}:{peer.port}"
    return interop.section("office", url, *([f"auth = {pin}"] if pin else []))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("pin, sent", (
    (None, "NTLM"), ("ntlm", "NTLM"), ("digest", "Digest"), ("basic", "Basic")))
def test_scheme_of_many_offered(runner, site, many_schemes, pin, sent, door):
    watched = Watched(many_schemes)
    run = run_by(door, runner, shell(FETCH), rules(login_section(many_schemes, pin)))
    assert run.must_succeed().out == HELLO, str(run)
    answers = watched.tunnels(1)
    assert answers[-1].scheme == sent, answers
    assert {answer.scheme for answer in answers} <= {"", sent}, answers
    # A pinned scheme that needs no challenge goes out with the first request.
    assert refused(answers) == {"Basic": 0, "Digest": 1}.get(sent, refused(answers)), answers


@pytest.mark.parametrize("order", (("basic", "digest"), ("digest", "basic"), ("basic", "ntlm"),
                                   ("ntlm", "digest")))
def test_strongest_scheme_whatever_the_order(runner, peers, site, order):
    peer = peers._once(("order", order), lambda: peers.start(
        proxies.Squid, interop.AT, schemes=order, **interop.HAS_LOGIN))
    watched = Watched(peer)
    run = run_by("auto", runner, shell(FETCH), rules(login_section(peer, None)))
    assert run.must_succeed().out == HELLO, str(run)
    answers = watched.tunnels(1)
    strongest = "NTLM" if "ntlm" in order else "Digest"
    assert {answer.scheme for answer in answers} == {"", strongest}, answers


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("pin, offered", (
    ("digest", "Basic"), ("ntlm", "Basic"), ("ntlm", "Digest")))
def test_pinned_scheme_that_is_not_offered(runner, peers, site, pin, offered, door):
    """The password goes out in no other."""
    peer = ROW[SQUIDS[offered]].started(peers)
    before = len(peer.answers())
    run = run_by(door, runner, connect(), rules(login_section(peer, pin)), log="warn")
    assert run.must_succeed().out == "EACCES\n", str(run)
    line, = run.warnings()
    assert offered in line, line
    assert offered not in {answer.scheme for answer in peer.answers()[before:]}, peer.answers()


@pytest.mark.parametrize("door", ("preload", "supervise", ALONE))
@pytest.mark.parametrize("scheme", SQUIDS)
def test_behind_another_hop(runner, peers, site, folder, scheme, door):
    row = ROW[SQUIDS[scheme]]
    office = row.section(peers, folder)
    first = f"[proxy first]\nurl = {peers.proxy(proxies.Microsocks, last=False).url()}\n"
    conf = rules(first, office, hops="first office")
    run = run_by(door, runner, shell(f"{FETCH}; {FETCH}"), conf)
    assert run.must_succeed().out == HELLO * 2, str(run)
    run.must_dial_by(dialled_by(door), route="way", hops=2)
    wrong = conf.replace(PASSWORD, WRONG)
    run = run_by(door, runner, connect(), wrong, log="warn")
    assert run.must_succeed().out == "EACCES\n", str(run)
    assert "failed at office" in run.warnings()[0], str(run)


@pytest.mark.parametrize("scheme", ("Digest", "NTLM"))
def test_before_another_hop(runner, peers, site, folder, scheme):
    row = ROW[SQUIDS[scheme]]
    office = row.section(peers, folder)
    last = f"[proxy last]\nurl = {peers.proxy(proxies.Microsocks, 'inner').url()}\n"
    conf = rules(office, last, hops="office last")
    run = run_by("auto", runner, shell(f"{FETCH}; {FETCH}"), conf)
    assert run.must_succeed().out == HELLO * 2, str(run)


@pytest.mark.parametrize("door", ("supervise", "auto", ALONE))
@pytest.mark.parametrize("scheme", ("Digest", "NTLM"))
def test_go_mod_download(runner, peers, site, folder, go_env, main_module, scheme, door):
    """What people have in offices, and no cntlm."""
    row = ROW[SQUIDS[scheme]]
    watched = Watched(row.started(peers))
    run = run_by(door, runner, in_folder(main_module, ["go", "mod", "download"]),
                 rules(row.section(peers, folder)), env=go_env)
    run.must_succeed()
    assert downloaded(go_env) == content.MODULE_COUNT, str(run)
    connects = run.must_dial_by("supervise", exe="go", route="office")
    # Those that began before the first had an answer ask, too. go may end with a dial under way.
    refusals = collections.Counter(
        answer.client_port for answer in watched.tunnels(len(connects)) if answer.status == 407)
    assert max(refusals.values()) <= (2 if scheme == "NTLM" else 1), refusals
