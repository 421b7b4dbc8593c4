"""Many connects of one event loop at once, 50 ms away: they must not wait for each other."""

import os

import distance
import rivals
from distance import ADDRESSES, PROXY_URLS, SOCKS_PORT, URL
from measure import Comparison
from place import NAME

HOPS = ["dante1"]
HOP_NAME = "hop.corp.test"


def asyncio_together(place, quick):
    count = _asyncio_count(quick)
    words = place.warm(HOPS)
    return Comparison(
        f"{count} asyncio connects", lambda: _asyncio(place, words, 1)[0],
        {"gochain": lambda: _asyncio(place, words, count)[0]}, {"gochain": 1.5}, rounds=7,
        against="one connect under gochain")


def asyncio_stalls(place, quick):
    """The reference connects to the proxy and no further, by a name as well, which asyncio looks up
    on threads: what the loop and the machine stall by themselves. The others have a processor of
    their own: as other machines they'd not be what the loop waits for."""
    place.move_peers({max(os.sched_getaffinity(0))})
    count = _asyncio_count(quick)
    words = place.warm(HOPS)
    hosts = place.write("hosts", f"{ADDRESSES['hop1']} {HOP_NAME}\n")
    knowing = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]
    hop = [HOP_NAME, str(SOCKS_PORT)]
    return Comparison(
        f"{count} asyncio connects, longest stall", lambda: _asyncio(place, knowing, count, hop)[1],
        {"gochain": lambda: _asyncio(place, words, count)[1]}, {"gochain": 20.0}, kind="worst",
        rounds=7, against="connects to the hop alone")


def _asyncio_count(quick):
    return 5 if quick else 200


def _asyncio(place, words, count, target=(NAME, str(distance.HTTP_PORT))):
    """(seconds until all stand, longest stall)"""
    script = place.script("asyncio_connects.py")
    out = place.run(words + ["/usr/bin/python3", script, str(count), *target])
    return [float(word) for word in out.split()]


def node(place, quick):
    count = 5 if quick else 100
    argv = ["node", place.script("node_requests.js"), str(count), URL]
    return _beside_proxychains(place, f"{count} requests by node",
                               lambda words: place.number(words + argv))


def curl_parallel(place, quick):
    count = 5 if quick else 50
    argv = ["curl", "-s", "-f", "-Z", "--parallel-immediate", "--parallel-max", str(count),
            "-o", "/dev/null", f"{URL}?[1-{count}]"]
    spawn = [place.tool("spawn"), "1"]
    return _beside_proxychains(place, f"{count} requests by curl --parallel",
                               lambda words: place.number(spawn + words + argv))


def _beside_proxychains(place, name, call):
    rival = rivals.proxychains(place, [PROXY_URLS[hop] for hop in HOPS])
    words = place.warm(HOPS)
    return Comparison(name, rivals.way(rival, call), {"gochain": lambda: call(words)},
                      {"gochain": 0.10}, rounds=3, against="proxychains-ng")


ALL = {"asyncio": asyncio_together, "stalls": asyncio_stalls, "node": node,
       "parallel": curl_parallel}
