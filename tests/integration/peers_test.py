"""The peers themselves, by curl's own proxy support: what the other tests stand on."""

import hashlib
import os
import re
import socket
import time

import pytest

import interop
import world
from peers import certificates, proxies

KINDS = [proxies.Microsocks, proxies.Dante, proxies.Tinyproxy, proxies.Squid]


def curl_proxy(peer):
    return peer.url().replace("socks5://", "socks5h://")


@pytest.mark.parametrize("where", ["outer", "inner"])
@pytest.mark.parametrize("kind", KINDS)
def test_proxy_reaches_name_that_only_it_knows(runner, peers, site, kind, where):
    peer = peers.proxy(kind, where)
    place = runner.place if where == "outer" else runner.place.but(ns="proxy")
    run = runner.alone(
        ["curl", "-sS", "-m", "10", "-px", curl_proxy(peer), "http://web.corp.test/hello.txt"],
        place,
    )
    assert run.out == "hello from nginx\n", f"{run}\n{peer.log()}"


def curl_by(row, peers, password=interop.PASSWORD, tls=()):
    """curl's way through the peer of a row, by curl's own support for it."""
    scheme = {"socks5": "socks5h"}.get(row.protocol, row.protocol)
    host = world.TARGET[0] if row.names == interop.BY_CLIENT else "web.corp.test"
    return ["curl", "-sS", "-m", "20", "-px", row.url(peers, password, scheme),
            *row.curl, *tls, f"http://{host}/hello.txt"]


def tls_options(row, peers):
    if row.protocol != "https":
        return []
    options = ["--proxy-cacert", peers.authority().file]
    if row.auth == "client certificate":
        cert, key = peers.authority().issue("client.corp.test")
        options += ["--proxy-cert", cert, "--proxy-key", key]
    return options


@pytest.mark.parametrize(
    "name", [name for name, row in interop.ROW.items() if row.protocol != "ssh"])
def test_peer_of_the_table(runner, peers, site, folder, name):
    row = interop.ROW[name]
    run = runner.alone(curl_by(row, peers, tls=tls_options(row, peers)), row.place(peers, runner),
                       env=row.env(peers, folder))
    assert run.out == "hello from nginx\n", f"{run}\n{row.started(peers).log()}"


@pytest.mark.parametrize(
    "name", [name for name, row in interop.ROW.items() if row.has_login and row.checks])
def test_peer_of_the_table_refuses_a_wrong_password(runner, peers, site, name):
    row = interop.ROW[name]
    run = runner.alone(curl_by(row, peers, interop.WRONG, tls_options(row, peers)))
    assert run.status != 0 and "hello" not in run.out, str(run)


@pytest.mark.parametrize(
    "name", [name for name, row in interop.ROW.items() if row.protocol == "https"])
def test_tls_peer_of_the_table_is_who_it_says(runner, peers, site, folder, name):
    """Its certificate is refused where nobody trusts the authority; it may ask for the client's."""
    row = interop.ROW[name]
    other = certificates.Authority(os.path.join(folder, "other"))
    run = runner.alone(curl_by(row, peers, tls=["--proxy-cacert", other.file]))
    assert run.status == 60, str(run)
    if row.auth == "client certificate":
        run = runner.alone(curl_by(row, peers, tls=["--proxy-cacert", peers.authority().file]))
        assert run.status != 0, str(run)


@pytest.fixture
def many_schemes(peers):
    schemes = ("negotiate", "ntlm", "digest", "basic")
    return peers._once("many schemes", lambda: peers.start(
        proxies.Squid, interop.AT, schemes=schemes, **interop.HAS_LOGIN))


def test_squid_offers_schemes_in_the_order_of_its_settings(runner, many_schemes):
    run = runner.alone(["curl", "-vsS", "-m", "20", "-px", many_schemes.url(user=""),
                        "http://web.corp.test/hello.txt"])
    offers = [line.split()[2] for line in run.err.splitlines()
              if line.startswith("< Proxy-Authenticate:")]
    assert offers == ["Negotiate", "NTLM", "Digest", "Basic"], str(run)


@pytest.mark.parametrize("scheme", ("basic", "digest", "ntlm"))
def test_squid_takes_each_scheme_that_it_offers(runner, site, many_schemes, scheme):
    run = runner.alone(["curl", "-sS", "-m", "20", "-px", many_schemes.url(), f"--proxy-{scheme}",
                        "http://web.corp.test/hello.txt"])
    assert run.out == "hello from nginx\n", str(run)


def connect_by_digest(peer, nonce="", count=1):
    """The head of the answer to a CONNECT with that nonce for the `count`th time."""
    def md5(*parts):
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    target, nc = "web.corp.test:80", f"{count:08x}"
    ha1 = md5(peer.user, "corp", peer.password)
    response = md5(ha1, nonce, nc, "c0ffee", "auth", md5("CONNECT", target))
    with world.inside("client"):
        conn = socket.create_connection((peer.address, peer.port), timeout=20)
    with conn:
        conn.sendall((
            f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: Digest "
            f'username="{peer.user}", realm="corp", nonce="{nonce}", uri="{target}", qop=auth, '
            f'nc={nc}, cnonce="c0ffee", response="{response}"\r\n\r\n').encode())
        head = b""
        while b"\r\n\r\n" not in head and (data := conn.recv(65536)):
            head += data
    return head.split(b"\r\n\r\n")[0].decode()


@pytest.mark.parametrize("kind", ("squid", "apache"))
def test_nonces_that_grow_old(peers, site, kind):
    """They are stale=true then, with a new one."""
    peer = interop.short_nonces(kind).started(peers)
    nonce = re.search('nonce="([^"]*)"', connect_by_digest(peer)).group(1)
    assert " 200 " in connect_by_digest(peer, nonce).splitlines()[0]
    time.sleep(interop.NONCE_SECONDS + 1.5)
    answer = connect_by_digest(peer, nonce, 2)
    assert " 407 " in answer and "stale=true" in answer and nonce not in answer, answer


# curl takes a connection of HTTP/1.0 for one that stays.
@pytest.mark.parametrize("name", [name for name in interop.DIGESTS if name != "old HTTP"])
def test_proxy_of_ours_takes_curls_digest(runner, peers, site, name):
    peer = interop.digest_proxy(peers, name)
    argv = ["curl", "-sS", "-m", "20", "-p", "--proxy-digest", "http://web.corp.test/hello.txt", "-x"]
    good = runner.alone(argv + [peer.url()])
    assert good.out == "hello from nginx\n", f"{good}\n{peer.requests}"
    assert runner.alone(argv + [peer.url(interop.WRONG)]).status != 0, peer.requests


def test_client_reaches_nothing_but_the_proxy(runner, site):
    run = runner.alone(["curl", "-sS", "-m", "5", f"http://{world.TARGET[0]}/hello.txt"])
    assert run.status == 7, str(run)


def test_capture_sees_a_direct_connection(runner, site, capture):
    place = runner.place.but(ns="open")
    run = runner.alone(["curl", "-sS", "-m", "5", f"http://{world.TARGET[0]}/hello.txt"], place)
    assert run.out == "hello from nginx\n", str(run)
    assert [p for p in capture.packets() if p.endswith(f"> {world.TARGET[0]}.80")]


def test_servers_answer(runner, site, folder):
    place = runner.place.but(ns="target", user="root")
    address = world.TARGET[0]
    ssh = " ".join(site.sshd().client_argv())
    site.git_daemon()
    for url in (f"http://{address}/repo.git", f"git://{address}/repo.git",
                f"ssh://root@{address}{site.root}/repo.git"):
        run = runner.alone(["git", "ls-remote", url], place, env={"GIT_SSH_COMMAND": ssh})
        assert "refs/tags/v1.0.0" in run.out, f"{run}\n{site.nginx.log()}"
    run = runner.alone(
        ["curl", "-sS", "--cacert", site.certificate[0], "--resolve",
         f"web.corp.test:443:{address}", "https://web.corp.test/hello.txt"], place)
    assert run.out == "hello from nginx\n", str(run)
