"""The peers themselves, by curl's own proxy support: what the other tests stand on."""

import pytest

import interop
import world
from peers import proxies

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


def curl_by(row, peer, password=interop.PASSWORD):
    """curl's way through the peer of a row, by curl's own support for it."""
    scheme = {"socks5": "socks5h", "https": "https"}.get(row.protocol, row.protocol)
    host = world.TARGET[0] if row.names == interop.BY_CLIENT else "web.corp.test"
    return ["curl", "-sS", "-m", "20", "-px", row.url(peer, password, scheme), *row.curl,
            f"http://{host}/hello.txt"]


@pytest.mark.parametrize("name", interop.ROW)
def test_peer_of_the_table(runner, peers, site, name):
    row = interop.ROW[name]
    peer = row.started(peers)
    run = runner.alone(curl_by(row, peer))
    assert run.out == "hello from nginx\n", f"{run}\n{peer.log()}"


@pytest.mark.parametrize("name", [row.name for row in interop.ROWS if row.has_login])
def test_peer_of_the_table_refuses_a_wrong_password(runner, peers, site, name):
    row = interop.ROW[name]
    run = runner.alone(curl_by(row, row.started(peers), interop.WRONG))
    assert run.status != 0 and "hello" not in run.out, str(run)


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
