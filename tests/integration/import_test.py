"""--import: proxychains4 on its file and gochain on the translation reach the same servers by the
same ways."""

import os

import pytest

import world
from gochain import MODES
from peers import proxies


class Both:
    """curl under proxychains4 with `conf`, and under gochain with what --import makes of it."""

    def __init__(self, runner, conf):
        self._runner = runner
        self._conf = os.path.join(runner.place.folder, "proxychains.conf")
        with open(self._conf, "w", encoding="ascii") as file:
            file.write(conf)
        os.chmod(self._conf, 0o644)
        self.imported = runner.alone([runner.gochain.path, "--import", self._conf])

    def must_agree(self, server, url, mode):
        """Returns the address that the server saw both of them come from."""
        curl = ["curl", "-sS", "-m", "15", url]
        theirs = self._reach(server, lambda: self._runner.alone(
            ["proxychains4", "-q", "-f", self._conf] + curl))
        ours = self._reach(server, lambda: self._runner.run(
            curl, mode=mode, conf=self.imported.out))
        assert ours == theirs
        return ours

    @staticmethod
    def _reach(server, run):
        before = len(server.connections)
        done = run().must_succeed()
        assert done.out == f"hello from {server.port}\n", str(done)
        [connection] = server.connections[before:]
        return connection.peer[0]


@pytest.mark.parametrize("mode", MODES)
def test_the_import_goes_where_proxychains_goes(runner, peers, mode):
    first = peers.start(proxies.Microsocks, world.PROXY_SIDE[0], user="al@ice", password="se%c:ret",
                        last=False)
    last = peers.start(proxies.Tinyproxy, world.PROXY_INNER[0], user="bob", password="b")
    far = peers.responder()
    near = peers.responder(address=world.PROXY_SIDE[0], ns="proxy")
    other = peers.responder(address=world.PROXY_SIDE[0], ns="proxy")
    both = Both(runner, f"""
strict_chain
proxy_dns
tcp_read_time_out 15000
tcp_connect_time_out 8000
localnet {world.PROXY_SIDE[0]}:{near.port}/255.255.255.0
dnat 192.0.2.1:80 {world.TARGET[0]}:{far.port}
dnat 192.0.2.1 {other.address}:{other.port}
[ProxyList]
socks5\t{first.address} {first.port} {first.user} {first.password}
http   {last.address} {last.port} {last.user} {last.password}
""")
    both.imported.must_succeed()
    assert both.imported.err == ""
    assert both.must_agree(far, f"http://{world.TARGET[0]}:{far.port}/", mode) == (
        world.PROXY_INNER[0])
    assert both.must_agree(far, f"http://web.corp.test:{far.port}/", mode) == world.PROXY_INNER[0]
    assert both.must_agree(far, "http://192.0.2.1/", mode) == world.PROXY_INNER[0]
    assert both.must_agree(near, f"http://{near.address}:{near.port}/", mode) == (
        world.CLIENT_SIDE[0])
    for place in (f"{other.address}:{other.port}", "192.0.2.1:81"):
        assert both.must_agree(other, f"http://{place}/", mode) != world.CLIENT_SIDE[0]


def test_a_chain_that_cannot_be_had_lets_nothing_out(runner, peers):
    near = peers.responder(address=world.PROXY_SIDE[0], ns="proxy")
    both = Both(runner, f"strict_chain\n[ProxyList]\nraw {world.PROXY_SIDE[0]} {peers.port()}\n")
    assert "warning: raw: " in both.imported.must_succeed().err
    run = runner.run(["curl", "-sS", "-m", "15", f"http://{near.address}:{near.port}/"],
                     conf=both.imported.out)
    assert run.status == 7, str(run)
    assert len(run.of("reject")) == 1, str(run)
    assert not near.connections
