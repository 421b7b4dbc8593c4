"""Time to the first byte, which is round trips and little else."""

import tempfile

import rivals
from distance import (
    ADDRESS_URL, NO_PIPELINE, NO_POOL, PIPELINE, POOL, PROXY_URLS, URL,
)
from measure import NOT_BUILT, Absent, Comparison

# What a program that lives longer than a moment finds ready.
WHILE_CONNECTIONS_GET_READY = "sleep 0.5"


def one_hop(place, _):
    hops = ["dante1"]
    proxy = PROXY_URLS["dante1"]
    ways = _ways(place, hops)
    ways |= {
        "proxychains-ng": rivals.way(rivals.proxychains(place, [proxy]),
                                     lambda words: _first_byte_s(place, words)),
        "torsocks, to an address": rivals.way(
            rivals.torsocks(place, proxy), lambda words: _first_byte_s(place, words, ADDRESS_URL)),
        "graftcp, to an address": rivals.way(
            rivals.graftcp(proxy), lambda words: _first_byte_s(place, words, ADDRESS_URL)),
    }
    own = ["-x", proxy.replace("socks5", "socks5h")]
    return Comparison("1 hop (dante), to the first byte",
                      lambda: _first_byte_s(place, [], *own, URL), ways,
                      {"gochain, pipelined": 0.85, "gochain, ready": 0.70}, rounds=11,
                      against="curl's own SOCKS5", first_byte=True)


def first_contact(place, _):
    """Microsocks loses a message that comes too early. To find that out must cost no program
    anything: each run is somebody's first."""
    hops = ["microsocks1"]

    def first_s(words):
        with tempfile.TemporaryDirectory(dir=place.folder) as home:
            return _first_byte_s(place, words, env={"HOME": home})

    learning = Absent(NOT_BUILT)
    if place.known(PIPELINE):
        learning = place.under(hops, keys=_pipelined(place))
    return Comparison(
        "1 hop (microsocks), first contact", lambda: first_s(_plain(place, hops)),
        {"gochain, learning": rivals.way(learning, first_s)}, {"gochain, learning": 1.01},
        rounds=11, against="gochain, plain")


def two_hops(place, _):
    return _chain(place, ["dante1", "dante2"], 0.70, 0.62)


def two_kinds(place, _):
    return _chain(place, ["dante1", "squid2"], 0.83, 0.73)


def three_hops(place, _):
    return _chain(place, ["dante1", "squid2", "dante3"], 0.65, 0.60)


def _chain(place, hops, pipelined, ready):
    words = rivals.proxychains(place, [PROXY_URLS[hop] for hop in hops])
    kinds = ", ".join(hop[:-1] for hop in hops)
    return Comparison(
        f"{len(hops)} hops ({kinds})", rivals.way(words, lambda words: _first_byte_s(place, words)),
        _ways(place, hops), {"gochain, pipelined": pipelined, "gochain, ready": ready}, rounds=11,
        against="proxychains-ng", first_byte=True)


def _ways(place, hops):
    return {
        "gochain, plain": lambda: _first_byte_s(place, _plain(place, hops)),
        "gochain, pipelined": rivals.way(place.warm(hops, _pipelined(place)),
                                         lambda words: _first_byte_s(place, words)),
        "gochain, ready": rivals.way(place.warm(hops, (PIPELINE, POOL)),
                                     lambda words: _first_byte_s(place, words, URL, ready=True)),
    }


def _plain(place, hops):
    return place.under(hops, keys=place.known(NO_PIPELINE, NO_POOL))


def _pipelined(place):
    return [PIPELINE] + place.known(NO_POOL)


def _first_byte_s(place, words, *curl_words, ready=False, env=None):
    curl = ["curl", "-s", "-f", "-o", "/dev/null", "-w", "%{time_starttransfer}"]
    curl += list(curl_words) or [URL]
    if ready:
        curl = ["sh", "-c", WHILE_CONNECTIONS_GET_READY + ' && exec "$@"', "sh"] + curl
    return place.number(words + curl, env)


ALL = {"hop1": one_hop, "first": first_contact, "hops2": two_hops, "hops2squid": two_kinds,
       "hops3": three_hops}
