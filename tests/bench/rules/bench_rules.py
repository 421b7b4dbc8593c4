"""The promises about lists of a million names and 100,000 networks, measured: a Markdown table, exit
status 1 if one is broken.

Usage: run-bench rules [quick]     quick: smaller lists, few rounds, no verdicts
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

from measure import Comparison

NAMES, NETWORKS = 1000000, 100000
QUICK_NAMES, QUICK_NETWORKS = 20000, 2000
SETTLED_S = 2.2  # a list that has changed more lately isn't kept in the cache
ABSENT = "www.not-in-any-list.example"
PROXY = "[gochain]\ndefault = near\n[proxy near]\nurl = socks5://127.0.0.1:1\n[rules]\n"


class Place:
    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="gochain-bench-")
        self.build = os.path.abspath(build)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C"}

    def close(self):
        shutil.rmtree(self.folder)

    def tool(self, name):
        return os.path.join(self.build, "bench", name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def run(self, *argv):
        done = subprocess.run(argv, env=self.environment, cwd=self.folder, timeout=600, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"bench-rules: {' '.join(argv)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def under(self, rules):
        return [os.path.join(self.build, "gochain"), "-q", "-f", self.path(rules)]

    def make_lists(self, names, networks):
        bench = self.tool("list-bench")
        self.write("names.txt", self.run(bench, "names", str(names)))
        self.write("networks.txt", self.run(bench, "networks", "4", str(networks)) +
                   self.run(bench, "networks", "6", str(networks)))
        self.write("lists.conf", PROXY + "direct = @file:names.txt @file:networks.txt\n")
        self.write("none.conf", PROXY)


class Table:
    def __init__(self, quick):
        self.quick, self.broken = quick, 0
        print("| | measured | bound | A/A | |\n|---|---|---|---|---|")

    def row(self, what, value, unit, bound=None, noise=None, detail=""):
        verdict = ""
        if bound is not None and not self.quick:
            held = value <= bound + (noise or 0)
            self.broken += not held
            verdict = "held" if held else "missed"
        limit = "" if bound is None else f"≤ {bound:g} {unit}"
        spread = "" if noise is None else f"{noise:.2f}"
        print(f"| {what} | {value:.4g} {unit}{detail} | {limit} | {spread} | {verdict} |", flush=True)


LOOKUPS = {"present": ("a name in the list", 500), "absent": ("a name not in it", 500),
           "v4-present": ("an IPv4 address in the list", 100),
           "v4-absent": ("an IPv4 address not in it", 100),
           "v6-present": ("an IPv6 address in the list", 100),
           "v6-absent": ("an IPv6 address not in it", 100)}


def measure(place, table, names, networks, rounds):
    bench = place.tool("list-bench")
    compiled = [place.run(bench, "compile", place.path("names.txt")).split() for _ in range(rounds)]
    seconds = sorted(float(one[0]) for one in compiled)[len(compiled) // 2]
    table.row("to compile the names", seconds, "s")
    table.row("image, of each name", int(compiled[0][1]) / names, "bytes", 40,
              detail=f" ({os.path.getsize(place.path('names.txt')) / names - 1.5:.1f} of them its text)")
    lines = place.run(bench, "lookups", place.path("lists.conf"), str(names), str(networks),
                      str(rounds))
    for line in lines.splitlines():
        kind, fastest, median, _ = line.split()
        what, bound = LOOKUPS[kind]
        table.row("to decide about " + what, float(fastest), "ns", bound,
                  detail=f" (median {median})")

    def spawn(rules, *command):
        count = "5" if table.quick else "50"
        return float(place.run(place.tool("spawn"), count, *place.under(rules), *command))

    def inside(rules):
        count = "20" if table.quick else "200"
        return float(place.run(*place.under(rules), place.tool("spawn"), count,
                               place.tool("looks"), ABSENT))

    spawn("lists.conf", "true")  # fills the cache
    for what, way in (("launch", lambda rules: spawn(rules, "true")),
                      ("process of the tree that looks a name up", inside)):
        (row,) = Comparison(what, lambda way=way: way("none.conf"),
                            {"lists": lambda way=way: way("lists.conf")}, {},
                            kind="difference", rounds=rounds).run()
        if what == "launch":
            table.row("to launch, with both lists", row.way * 1e3, "ms", 10, row.noise,
                      f" ({row.reference * 1e3:.2f} without)")
            table.row("of that the lists", row.value, "ms", None, row.noise)
        else:
            table.row("to each process of the tree", row.value, "ms", 0.3, row.noise,
                      f" ({row.reference * 1e3:.2f} without)")


def main(words):
    quick = "quick" in words
    names, networks = (QUICK_NAMES, QUICK_NETWORKS) if quick else (NAMES, NETWORKS)
    place = Place(os.environ["GOCHAIN_BUILD"])
    try:
        place.make_lists(names, networks)
        print(f"{names:,} names; {networks:,} IPv4 and as many IPv6 networks\n")
        time.sleep(SETTLED_S)
        table = Table(quick)
        measure(place, table, names, networks, 3 if quick else 9)
    finally:
        place.close()
    print(f"\nbench-rules: load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    if quick:
        print("bench-rules: quick: too little to hold a bound against; all of it ran")
        return 0
    print(f"bench-rules: {table.broken} bounds missed" if table.broken else
          "bench-rules: all bounds held")
    return 1 if table.broken else 0


sys.exit(main(sys.argv[1:]))
