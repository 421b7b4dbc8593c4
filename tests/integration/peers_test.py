"""The peers themselves, by curl's own proxy support: what the other tests stand on."""

import pytest

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


@pytest.mark.parametrize("kind", [proxies.Microsocks, proxies.Tinyproxy, proxies.Squid])
def test_proxy_refuses_wrong_password(runner, peers, site, kind):
    peer = peers.start(kind, world.PROXY_SIDE[0], user="alice", password="secret")
    argv = ["curl", "-sS", "-m", "10", "-px"]
    good = runner.alone(argv + [curl_proxy(peer), "http://web.corp.test/hello.txt"])
    bad_url = curl_proxy(peer).replace("secret", "wrong")
    bad = runner.alone(argv + [bad_url, "http://web.corp.test/hello.txt"])
    assert good.out == "hello from nginx\n", f"{good}\n{peer.log()}"
    assert bad.status != 0, str(bad)


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
