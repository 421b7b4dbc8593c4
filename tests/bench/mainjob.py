"""The main job: what gochain costs beside a program that speaks SOCKS5 itself, or beside none."""

import os
import shutil

import place as place_module
from measure import Comparison
from peers import content
from toolchains import download_s


def connects(place, quick):
    # Proxies are other machines; here they can at least have a processor of their own. Where a hop
    # of the connect waits for the web server's turn, the figure says what the scheduler does.
    place.move_peers({max(os.sched_getaffinity(0))})
    return compare_connects(place, quick, "connects", {
        "supervise": 1.20, "supervise, socket()": 1.50, "preload": 1.10,
    })


def crowded(place, quick):
    return compare_connects(place, quick, "connects, shared CPUs", {})


def compare_connects(place, quick, name, bounds):
    count = "100" if quick else "1000"
    target = [count, place_module.NAME, str(place_module.HTTP_PORT)]
    tool = place.tool("connects")
    proxy = [place_module.ADDRESS, str(place_module.SOCKS_PORT)]
    plain = [tool, "plain"] + target
    return Comparison(
        f"{count} {name}",
        lambda: place.number([tool, "socks5"] + target + proxy),
        {
            "supervise": lambda: place.number(place.under("supervise") + plain),
            "supervise, socket()": lambda: place.number(place.under("supervise", True) + plain),
            "preload": lambda: place.number(place.under("preload") + plain),
        },
        bounds,
        rounds=15,
        against="SOCKS5 by hand",
    )


def bulk(place, _):
    url = f"http://{place_module.NAME}:{place_module.HTTP_PORT}/bulk"
    curl = ["curl", "-s", "-f", "-o", "/dev/null", "-w", "%{speed_download}", url]
    ways = {
        mode: lambda mode=mode: place.number(place.under(mode, proxy=place.dante) + curl)
        for mode in ("supervise", "preload")
    }
    own = curl + ["-x", place.dante.replace("socks5", "socks5h")]
    name = f"bulk transfer, {place.bulk_mib / 1024:g} GiB"
    return Comparison(name, lambda: place.number(own), ways,
                      dict.fromkeys(ways, 0.98), kind="rate", rounds=9, unit="B/s",
                      against="curl's own SOCKS5")


def go_mod_download(place, _):
    env = {"GOPROXY": f"https://{place_module.NAME}:{place_module.TLS_PORT}"}
    # Go asks for connections as it needs them; 32 modules are more than it dials at once.
    ways = {mode: lambda mode=mode: download_s(place, place.under(mode), env, "main")
            for mode in ("supervise", "auto")}
    return Comparison("go mod download, 32 modules",
                      lambda: download_s(place, [], env | {"HTTPS_PROXY": place.proxy}, "main"),
                      ways, dict.fromkeys(ways, 1.05), rounds=15, against="Go's own SOCKS5")


def start_up(place, quick):
    spawn = [place.tool("spawn"), "10" if quick else "50"]
    return Comparison(
        "gochain true",
        lambda: place.number(spawn + ["true"]),
        {"auto": lambda: place.number(spawn + place.under("auto") + ["true"])},
        {"auto": 4.0}, kind="difference", against="true alone",
    )


def execs(place, quick):
    count = 50 if quick else 500
    script = f"i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done"
    shell = ["sh", "-c", script]
    spawn = [place.tool("spawn"), "1"]
    return Comparison(
        f"{count} execs of /bin/true from sh",
        lambda: place.number(spawn + shell),
        {"auto": lambda: place.number(spawn + place.under("auto") + shell)},
        {"auto": 1.20}, rounds=9, against="no gochain",
    )


def exec_hook(place, quick):
    """What the library does in front of an exec. Its children have it loaded either way."""
    tool, count = place.tool("execs"), "50" if quick else "1000"
    env = _library_alone(place)
    return Comparison(
        f"{count} execs, the hook alone",
        lambda: place.number([tool, "raw", count, "/bin/true"], env),
        {"library alone": lambda: place.number([tool, "hook", count, "/bin/true"], env)},
        {"library alone": 60.0}, kind="difference", unit="µs", rounds=9,
        against="the system call itself")


def clone(place, _):
    """Dozens of execs, of which no one connects."""
    repository = content.make_repository(os.path.join(place.folder, "small.git"))
    copy = os.path.join(place.folder, "copy")
    argv = [place.tool("spawn"), "1", "git", "clone", "-q", "file://" + repository, copy]

    def cloned(env=None, words=()):
        shutil.rmtree(copy, ignore_errors=True)
        return place.number([*argv[:2], *words, *argv[2:]], env)

    return Comparison(
        "git clone of a small repository", cloned, {
            "library alone": lambda: cloned(_library_alone(place)),
            "auto": lambda: cloned(words=place.under("auto")),
        }, {"library alone": 1.05}, rounds=25, against="no gochain")


def _library_alone(place):
    return {"LD_PRELOAD": place.library, "GOCHAIN_PROXY": place.proxy}


def go_build(place, quick):
    package = "strings" if quick else "net/http"
    env = {"GOCACHE": os.path.join(place.folder, "gocache"), "GOTOOLCHAIN": "local",
           "GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}
    argv = [place.tool("spawn"), "1"]
    build = ["go", "build", "-a", package]
    return Comparison(
        f"go build -a {package}",
        lambda: place.number(argv + build, env),
        {"auto": lambda: place.number(argv + place.under("auto") + build, env)},
        {"auto": 1.03}, rounds=3, against="no gochain",
    )


def reads(place, quick):
    argv = [place.tool("reads"), "100000" if quick else "1000000"]
    return Comparison(
        f"{argv[1]} reads of one byte",
        lambda: place.number(argv),
        {
            "auto": lambda: place.number(place.under("auto") + argv),
            "(filter: allow all)": lambda: place.number([place.tool("allow")] + argv),
            "preload": lambda: place.number(place.under("preload") + argv),
        },
        {"preload": 1.03}, rounds=15, against="no gochain",
    )


def filtered(place, quick):
    # The kernel's own way through seccomp costs each call some 25 ns, whatever the filter says: a
    # tenth or a fifth of so small a read. What gochain's filter adds to one that allows everything
    # is what gochain answers for.
    argv = [place.tool("reads"), "100000" if quick else "1000000"]
    return Comparison(
        f"{argv[1]} reads, to allow all",
        lambda: place.number([place.tool("allow")] + argv),
        {"auto": lambda: place.number(place.under("auto") + argv)},
        {"auto": 1.03}, rounds=15, against="a filter that allows all",
    )


ALL = {"connects": connects, "crowded": crowded, "bulk": bulk, "modules": go_mod_download,
       "start": start_up, "execs": execs, "exec-hook": exec_hook,
       "clone": clone, "reads": reads, "filtered": filtered, "build": go_build}
