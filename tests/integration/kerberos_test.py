"""auth = negotiate: squid behind a KDC of the tests' own."""

import pytest

import world
from gochain import keep_private
from peers import kerberos


@pytest.fixture(scope="session")
def kdc(peers):
    return peers._once("kdc", lambda: peers.start(kerberos.Kdc, world.PROXY_SIDE[0], last=False))


@pytest.fixture(scope="session")
def squid(peers, kdc):
    return peers._once("negotiate", lambda: peers.start(
        kerberos.NegotiateSquid, world.PROXY_SIDE[0], kdc=kdc, name="gate"))


class Ticket:
    """The environment of who has a ticket of `user`."""

    def __init__(self, kdc, folder, user="alice", options=()):
        self.cache = f"{folder}/{user}.cache"
        kdc.get_ticket(user, self.cache, *options)
        keep_private(self.cache)
        self.env = {"KRB5_CONFIG": kdc.config, "KRB5CCNAME": f"FILE:{self.cache}"}


def place_of(runner, *squids):
    names = "".join(f"{squid.address} {squid.name}\n" for squid in squids)
    return runner.place.but(hosts="127.0.0.1 localhost\n" + names)


def test_rig(runner, site, kdc, squid, folder):
    ticket = Ticket(kdc, folder)
    argv = ["curl", "-sS", "-m", "20", "-px", squid.url(), "--proxy-negotiate", "-U", ":",
            "http://web.corp.test/hello.txt"]
    place = place_of(runner, squid)
    good = runner.alone(argv, place, env=ticket.env)
    assert good.out == "hello from nginx\n", f"{good}\n{squid.log()}\n{kdc.log()}"
    bad = runner.alone(argv, place, env=ticket.env | {"KRB5CCNAME": f"FILE:{folder}/none"})
    assert bad.status != 0 and "407" in bad.err, f"{bad}\n{squid.log()}"
