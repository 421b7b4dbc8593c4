"""The project's promises about speed, measured: one row for each, exit status 1 if one is broken.

Usage: run-bench [quick | docs] [rounds=N] [NAME…]
NAME: a group of GROUPS, or one of its comparisons. docs: all of them, and docs/benchmarks.md.
"""

import os
import resource
import sys

import delays
import distance
import loopback
import loops
import mainjob
import memory
import place
import report
import toolchains
from measure import Row

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
    "far": (far, distance.missing, delays.ALL | loops.ALL | toolchains.ALL),
    "near": (near(4096), lambda: None, loopback.ALL | memory.ALL),
    "main": (near(1024), lambda: None, mainjob.ALL),
}


class Wanted:
    def __init__(self, words):
        self.quick, self.docs = "quick" in words, "docs" in words
        self.names, self.rounds = [], 1 if self.quick else None
        for word in words:
            if word.startswith("rounds="):
                self.rounds = int(word.partition("=")[2])
            elif word not in ("quick", "docs"):
                self.names.append(word)
        known = set(GROUPS).union(*(group[2] for group in GROUPS.values()))
        if unknown := set(self.names) - known:
            raise SystemExit(f"bench: {' '.join(unknown)}: not one of {' '.join(sorted(known))}")
        if self.docs and (self.quick or self.names):
            raise SystemExit("bench: docs/benchmarks.md is made of one whole run")

    def of(self, group):
        return {name: make for name, make in GROUPS[group][2].items()
                if not self.names or name in self.names or group in self.names}


def run_group(name, wanted, notes):
    """Its rows; adds to `notes` what they should be read with."""
    make_place, missing, _ = GROUPS[name]
    chosen = wanted.of(name)
    if not chosen:
        return []
    if why := missing():
        if wanted.docs:
            raise SystemExit("bench: no docs/benchmarks.md without all rows: " + why)
        print(f"bench: {' '.join(chosen)}: {why}", flush=True)
        return []
    rows = []
    where = make_place(os.environ["GOCHAIN_BUILD"], wanted.quick)
    try:
        where.start()
        print(Row.HEAD, flush=True)
        for make in chosen.values():
            where.settle()
            comparison = make(where, wanted.quick)
            if wanted.quick:
                comparison.bounds = {}
            for row in comparison.run(wanted.rounds):
                print(row, flush=True)
                rows.append(row)
    finally:
        where.stop()
        notes += where.notes
    return rows


def main(words):
    wanted = Wanted(words)
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    notes = []
    rows = [row for name in GROUPS for row in run_group(name, wanted, notes)]
    if wanted.docs:
        report.write(rows, notes)
    broken = sum(not row.held for row in rows)
    print(f"bench: load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    if wanted.quick:
        print("bench: quick: too few rounds to hold a bound against; "
              + (f"{broken} rows failed" if broken else "all of it ran"))
        return 1 if broken else 0
    verdicts = [row.verdict for row in rows]
    print(f"bench: of {sum(row.bound is not None for row in rows)} bounds {verdicts.count('pass')} "
          f"held, {broken} missed, {verdicts.count('noise')} can't be told: too much noise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
