"""What gochain costs where nothing else does, on loopback: bytes, and connects of many threads."""

import rivals
from measure import Comparison
from place import ADDRESS, HTTP_PORT, NAME


def bulk(place, _):
    """Through dante, which alone of the public SOCKS5 proxies moves 64 KiB at a time. The last row
    shows what it takes of what these programs could do."""
    curl = ["curl", "-s", "-f", "-o", "/dev/null", "-w", "%{speed_download}"]
    url = f"http://{NAME}:{HTTP_PORT}/bulk"
    under = place.under("auto", proxy=place.fast_proxy)
    own = curl + ["-x", place.fast_proxy.replace("socks5", "socks5h"), url]
    fetch = [place.tool("fetch-static"), NAME, str(HTTP_PORT), "/bulk"]
    return Comparison(
        f"bulk transfer, {place.bulk_mib / 1024:g} GiB", lambda: place.number(own), {
            "direct way: curl": lambda: place.number(under + curl + [url]),
            "relay: static event loop": lambda: place.number(under + fetch),
            "(curl without a proxy)":
                lambda: place.number(curl + [url.replace(NAME, ADDRESS)]),
        }, {"direct way: curl": 0.99, "relay: static event loop": 0.80}, kind="rate", rounds=7,
        unit="B/s", against="curl's own SOCKS5")


def storm(place, quick):
    count = "500" if quick else "10000"
    argv = [place.tool("storm"), "64", count, NAME, str(HTTP_PORT)]
    return Comparison(
        "connects a second, 64 threads",
        rivals.way(rivals.proxychains(place, [place.proxy]),
                   lambda words: place.number(words + argv)), {
            "preload": lambda: place.number(place.under("preload") + argv),
            "auto": lambda: place.number(place.under("auto") + argv),
            "supervise": lambda: place.number(place.under("supervise") + argv),
        }, {"preload": 1.0, "supervise": 0.7}, kind="rate", rounds=11, unit="/s",
        against="proxychains-ng")


ALL = {"bulk-4g": bulk, "storm": storm}
