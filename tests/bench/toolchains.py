"""Go and git over a hop 50 ms away, beside their own support for proxies."""

import os
import shutil
import time

import place as place_module
from distance import ONCE_TLS_PORT, PROXY_URLS, TLS_PORT
from measure import Comparison

HOPS = ["dante1"]
PROXY = PROXY_URLS["dante1"]


def modules_once(place, quick):
    """Each request on a connection of its own."""
    return _modules(place, "no keep-alive", ONCE_TLS_PORT, 0.95)


def modules(place, quick):
    return _modules(place, "keep-alive", TLS_PORT, 1.00)


def _modules(place, name, port, bound):
    env = {"GOPROXY": f"https://{place_module.NAME}:{port}", "GOMAXPROCS": "8"}
    return _beside_own_support(
        place, f"go mod download, {place.modules} modules, {name}", bound, env,
        {"HTTPS_PROXY": PROXY}, "main", against="Go's own SOCKS5")


def repositories(place, _):
    env = {"GOPROXY": "direct", "GIT_SSL_CAINFO": place.certificate[0]}
    # Socks5h: the name is the proxy's to look up.
    own = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.proxy",
           "GIT_CONFIG_VALUE_0": PROXY.replace("socks5", "socks5h")}
    folder = "repositories"
    os.makedirs(os.path.join(place.folder, folder), exist_ok=True)
    names = place.repositories()
    place.write(f"{folder}/go.mod", "module example.test/main\n\ngo 1.19\n\nrequire (\n" + "".join(
        f"\t{place_module.NAME}/lib/{name}.git v1.0.0\n" for name in names) + ")\n")
    name = f"GOPROXY=direct, {len(names)} git repositories"
    return _beside_own_support(place, name, 0.90, env, own, folder, against="git's own http.proxy")


def _beside_own_support(place, name, bound, env, own, folder, against):
    words = place.warm(HOPS)
    return Comparison(
        name, lambda: download_s(place, [], env | own, folder),
        {"gochain": lambda: download_s(place, words, env, folder)}, {"gochain": bound}, rounds=3,
        against=against)


def download_s(place, words, env, folder):
    """Seconds of a `go mod download` into an empty cache."""
    cache = os.path.join(place.folder, "modcache")
    if os.path.exists(cache):
        shutil.rmtree(cache)
    settings = {
        "GOMODCACHE": cache, "GOFLAGS": "-modcacherw", "GOSUMDB": "off", "GOTOOLCHAIN": "local",
        "SSL_CERT_FILE": place.certificate[0], "GOCACHE": os.path.join(place.folder, "gocache"),
    }
    start = time.monotonic()
    place.run(words + ["go", "mod", "download"], settings | env,
              os.path.join(place.folder, folder))
    return time.monotonic() - start


ALL = {"modules-once": modules_once, "modules-far": modules, "repositories": repositories}
