"""Interleaved measurements and what follows from them.

Machines get warm, busy and quiet again while a benchmark runs. So the ways that are compared take
turns in every round, the reference twice: how far its two series lie apart is the noise (A/A). The
interval beside a value is where 95 % of the values lie that the same runs, drawn again at random,
would have given. A bound fails only where it is missed by more than the noise, and by the whole
interval.
"""

import random
import statistics

DRAWS = 2000
NOT_BUILT, FAILED = "not built", "failed"


class Absent:
    """In the place of a way: why there is none."""

    def __init__(self, why):
        self.why = why


class Failed(Exception):
    """A way was tried and did not do its work."""


class Kind:
    """How a value is made of a way's numbers and the reference's; which side of a bound is good."""

    def __init__(self, value, noise, at_least=False):
        self.value, self.noise, self.at_least = value, noise, at_least


def _ratio(way, reference):
    return statistics.median(way) / statistics.median(reference)


def _difference(way, reference):
    return statistics.median(way) - statistics.median(reference)


KINDS = {
    "ratio": Kind(_ratio, lambda first, second: abs(_ratio(first, second) - 1)),
    "rate": Kind(_ratio, lambda first, second: abs(_ratio(first, second) - 1), at_least=True),
    "difference": Kind(_difference, lambda first, second: abs(_difference(first, second))),
    # Of the fastest: for what is far less than the machine's own ups and downs.
    "fastest": Kind(lambda way, reference: min(way) - min(reference),
                    lambda first, second: abs(min(first) - min(second))),
    # The way alone; the reference shows where it comes from.
    "amount": Kind(lambda way, _: statistics.median(way),
                   lambda first, second: abs(_difference(first, second))),
    # The longest of all, whatever the reference has: that is how long the machine itself stalls.
    "worst": Kind(lambda way, _: max(way), lambda first, second: max(first + second)),
}


class Comparison:
    """`reference` and `ways` (label → function) are called without arguments and return a number.

    `bounds`: label → limit; a way without one is there for comparison. `kind`: one of KINDS. `unit`
    of the numbers: "s", "µs", "ns", "B/s", "/s" or "KiB"; a "difference" or "worst" of seconds is
    shown in milliseconds. `against`: what the reference is called.
    """

    def __init__(self, name, reference, ways, bounds, kind="ratio", rounds=7, unit="s",
                 against="", first_byte=False):
        self.name, self.reference, self.ways, self.bounds = name, reference, ways, bounds
        self.kind, self.rounds, self.unit, self.against = kind, rounds, unit, against
        self.first_byte = first_byte  # the plot has a part for these

    def run(self, rounds=None):
        missing = {label: way for label, way in self.ways.items() if isinstance(way, Absent)}
        if isinstance(self.reference, Absent):
            missing = {label: missing.get(label, self.reference) for label in self.ways}
        there = {label: way for label, way in self.ways.items() if label not in missing}
        taken, failed = self._take(there, rounds or self.rounds) if there else ({}, {})
        missing |= failed
        return [Row(self, label, taken, missing.get(label)) for label in self.ways]

    def _take(self, ways, rounds):
        """What each gave, and which of the ways failed: all where the reference did."""
        calls = [("first", self.reference)] + list(ways.items())
        calls.insert(1 + len(ways) // 2 + len(ways) % 2, ("second", self.reference))
        taken, failed = {label: [] for label, _ in calls}, {}
        for number in range(rounds):
            # Another one begins each round, so that none is always behind the same neighbour.
            shift = number % len(calls)
            for label, call in calls[shift:] + calls[:shift]:
                if label in failed:
                    continue
                try:
                    taken[label].append(call())
                except Failed as failure:
                    print(f"bench: {self.name}: {label}: {failure}", flush=True)
                    if label not in ways:
                        return taken, dict.fromkeys(ways, Absent(FAILED))
                    failed[label] = Absent(FAILED)
        return taken, failed


class Row:
    """One way beside the reference. `missing`, an Absent, says why it has no value."""

    HEAD = (f"{'':38} {'way':26} {'value':>8}  {'95 %':^15} {'A/A':>6} {'bound':>7}  "
            f"{'medians: reference, way':24} verdict")

    def __init__(self, comparison, label, taken, missing=None):
        self.name, self.label, self.unit = comparison.name, label, comparison.unit
        self.kind, self.against = comparison.kind, comparison.against
        self.first_byte = comparison.first_byte
        self.bound = comparison.bounds.get(label)
        self.missing = missing.why if missing else None
        self.rounds = 0
        if missing:
            # What has not been built misses its bound; what can't be had here says nothing.
            self.verdict = self.missing
            self.held = self.missing != FAILED and (
                self.bound is None or self.missing != NOT_BUILT)
            return
        kind = KINDS[self.kind]
        self.at_least = kind.at_least
        way, reference = taken[label], taken["first"] + taken["second"]
        self.rounds = len(way)
        scale = 1e3 if self.unit == "s" and self.kind in ("difference", "worst") else 1.0
        self.value = kind.value(way, reference) * scale
        self.noise = kind.noise(taken["first"], taken["second"]) * scale
        self.low, self.high = (bound * scale for bound in _interval(kind.value, way, reference))
        self.reference, self.way = statistics.median(reference), statistics.median(way)
        self.verdict = self._judge()
        self.held = self.verdict != "FAIL"

    def _judge(self):
        if self.bound is None:
            return ""
        missed = self.bound - self.value if self.at_least else self.value - self.bound
        if missed <= 0:
            return "pass"
        tolerance = self.noise
        if self.kind in ("ratio", "rate"):
            tolerance *= min(1.0, self.value)
        reached = self.high >= self.bound if self.at_least else self.low <= self.bound
        return "noise" if missed <= tolerance or reached else "FAIL"

    def limit(self):
        at_least = KINDS[self.kind].at_least
        digits = 2 if self.bound is None or self.bound < 10 else 0
        return "-" if self.bound is None else f"{'≥' if at_least else '≤'} {self.bound:.{digits}f}"

    def medians(self):
        return f"{amount(self.reference, self.unit)}, {amount(self.way, self.unit)}"

    def __str__(self):
        if self.missing:
            return (f"{self.name:38} {self.label:26} {'':8}  {'':15} {'':6} {self.limit():>7}  "
                    f"{'':24} {self.missing}")
        return (
            f"{self.name:38} {self.label:26} {self.value:8.3f}  "
            f"{f'{self.low:.3f}–{self.high:.3f}':^15} {self.noise:6.3f} {self.limit():>7}  "
            f"{self.medians():24} {self.verdict}"
        )


def _interval(value, way, reference):
    chance = random.Random(1)
    drawn = sorted(
        value(chance.choices(way, k=len(way)), chance.choices(reference, k=len(reference)))
        for _ in range(DRAWS))
    return drawn[int(DRAWS * 0.025)], drawn[int(DRAWS * 0.975) - 1]


def amount(number, unit):
    """As a person reads it."""
    if unit == "B/s":
        return f"{number / 2**20:.0f} MiB/s"
    if unit == "s":
        return f"{number * 1e3:.3g} ms" if number < 1 else f"{number:.2f} s"
    return f"{number:.0f}{unit}" if unit.startswith("/") else f"{number:.0f} {unit}"
