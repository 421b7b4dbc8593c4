"""What gochain costs where nothing else does, on loopback: bytes, and connects of many threads."""

import rivals
from measure import Comparison
from place import ADDRESS, GREET_PORT, HTTP_PORT, NAME


def bulk_dante(place, _):
    return _bulk(place, "dante", place.dante)


def bulk_haproxy(place, _):
    return _bulk(place, "haproxy", place.haproxy)


def _bulk(place, name, proxy):
    """The last row shows what the proxy takes of what the program could do."""
    curl = ["curl", "-s", "-f", "-o", "/dev/null", "-w", "%{speed_download}"]
    url = f"http://{NAME}:{HTTP_PORT}/bulk"
    under = place.under("auto", proxy=proxy)
    own = curl + ["-x", proxy.replace("socks5", "socks5h"), url]
    fetch = [place.tool("fetch-static"), NAME, str(HTTP_PORT), "/bulk"]
    return Comparison(
        f"{place.bulk_mib / 1024:g} GiB through {name}", lambda: place.number(own), {
            "direct way: curl": lambda: place.number(under + curl + [url]),
            "relay: static event loop": lambda: place.number(under + fetch),
            "(curl without a proxy)":
                lambda: place.number(curl + [url.replace(NAME, ADDRESS)]),
        }, {"direct way: curl": 0.99, "relay: static event loop": 0.80}, kind="rate", rounds=7,
        unit="B/s", against="curl's own SOCKS5")


def storm(place, quick):
    count = "500" if quick else "10000"
    argv = [place.tool("storm"), "64", count, NAME, str(GREET_PORT)]
    return Comparison(
        "connects a second, 64 threads",
        rivals.way(rivals.proxychains(place, [place.proxy]),
                   lambda words: place.number(words + argv)), {
            "preload": lambda: place.number(place.under("preload") + argv),
            "auto": lambda: place.number(place.under("auto") + argv),
            "supervise": lambda: place.number(place.under("supervise") + argv),
        }, {"preload": 1.0, "supervise": 0.7}, kind="rate", rounds=11, unit="/s",
        against="proxychains-ng")


def waits(place, quick):
    """What a hook costs a program that waits while no connect of its is under way."""
    argv = [place.tool("waits"), "100" if quick else "10000"]
    return Comparison(
        "epoll_wait, poll, select: a call", lambda: place.number(argv), {
            "preload": lambda: place.number(place.under("preload") + argv),
            "auto": lambda: place.number(place.under("auto") + argv),
            "(filter: allow all)": lambda: place.number([place.tool("allow")] + argv),
        }, {"preload": 10.0}, kind="fastest", rounds=25, unit="ns", against="no gochain")


ALL = {"bulk-dante": bulk_dante, "bulk-haproxy": bulk_haproxy, "storm": storm, "waits": waits}
