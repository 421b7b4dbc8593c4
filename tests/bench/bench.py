"""The project's promises about speed, measured: one row for each, exit status 1 if one is broken.

Usage: run-bench [quick] [NAME…]     NAME: those of GROUPS, or a group
"""

import os
import sys

import delays
import distance
import loopback
import loops
import mainjob
import memory
import place
import toolchains
from measure import Absent, Row

MODULES, REPOSITORIES = 100, 20
QUICK_MODULES, QUICK_REPOSITORIES = 8, 2
QUICK_BULK_MIB = 64


def near(mib):
    return lambda build, quick: place.Loopback(build, QUICK_BULK_MIB if quick else mib)


def far(build, quick):
    return distance.Distance(build, QUICK_MODULES if quick else MODULES,
                             QUICK_REPOSITORIES if quick else REPOSITORIES)


# Group → where it runs, why it can't here, and its comparisons by name.
GROUPS = {
    "main": (near(1024), lambda: None, mainjob.ALL),
    "near": (near(4096), lambda: None, loopback.ALL | memory.ALL),
    "far": (far, distance.missing, delays.ALL | loops.ALL | toolchains.ALL),
}


def run_group(name, wanted, quick):
    make_place, missing, comparisons = GROUPS[name]
    chosen = {key: make for key, make in comparisons.items()
              if not wanted or key in wanted or name in wanted}
    if not chosen:
        return []
    why = missing()
    if why:
        print(f"{name} ({' '.join(chosen)}): {why}", flush=True)
        return []
    rows = []
    where = make_place(os.environ["GOCHAIN_BUILD"], quick)
    try:
        where.start()
        print(Row.HEAD, flush=True)
        for make in chosen.values():
            where.settle()
            comparison = make(where, quick)
            if quick:
                comparison.bounds = {}
            for row in comparison.run(1 if quick else None):
                print(row, flush=True)
                rows.append(row)
    finally:
        where.stop()
    return rows


def main(words):
    quick = "quick" in words
    wanted = [word for word in words if word != "quick"]
    known = set(GROUPS).union(*(group[2] for group in GROUPS.values()))
    if unknown := set(wanted) - known:
        raise SystemExit(f"bench: {' '.join(unknown)}: not one of {' '.join(sorted(known))}")
    rows = [row for name in GROUPS for row in run_group(name, wanted, quick)]
    broken = sum(not row.held for row in rows)
    print(f"bench: load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    if quick:
        print("bench: quick: too few rounds to hold a bound against; all of it ran")
        return 0
    print(f"bench: {broken} bounds missed" if broken else "bench: all bounds held")
    return 1 if broken else 0


sys.exit(main(sys.argv[1:]))
