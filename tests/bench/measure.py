"""Interleaved measurements and what follows from them.

Machines get warm, busy and quiet again while a benchmark runs. So the ways that are compared take
turns in every round, the reference twice: how far its two series lie apart is the noise, and a
bound fails only where it is missed by more than that.
"""

import statistics


class Comparison:
    """`reference` and `ways` (label → function) are called without arguments and return a number.

    `bounds`: label → limit; a way without one is there for comparison. `kind`: "ratio" of medians, at most the limit; "rate", a ratio of
    at least the limit; "difference" of medians, at most the limit, printed as milliseconds.
    """

    def __init__(self, name, reference, ways, bounds, kind="ratio", rounds=7):
        self.name, self.reference, self.ways, self.bounds = name, reference, ways, bounds
        self.kind, self.rounds = kind, rounds

    def run(self, rounds=None):
        calls = [("first", self.reference)]
        calls += list(self.ways.items())
        calls.insert(1 + len(self.ways) // 2 + len(self.ways) % 2, ("second", self.reference))
        taken = {label: [] for label, _ in calls}
        for number in range(rounds or self.rounds):
            # Another one begins each round, so that none is always behind the same neighbour.
            shift = number % len(calls)
            for label, call in calls[shift:] + calls[:shift]:
                taken[label].append(call())
        return [self._row(label, taken) for label in self.ways]

    def _row(self, label, taken):
        reference = statistics.median(taken["first"] + taken["second"])
        first, second = (statistics.median(taken[key]) for key in ("first", "second"))
        way = statistics.median(taken[label])
        if self.kind == "difference":
            value, noise = (way - reference) * 1e3, abs(first - second) * 1e3
        else:
            value, noise = way / reference, abs(first / second - 1)
        bound = self.bounds.get(label)
        missed = 0
        if bound is not None:
            missed = bound - value if self.kind == "rate" else value - bound
        return Row(self.name, label, value, noise, bound, self.kind == "rate",
                   missed <= noise, reference, way)


class Row:
    def __init__(self, name, label, value, noise, bound, at_least, held, reference, way):
        self.name, self.label, self.value, self.noise, self.bound = name, label, value, noise, bound
        self.at_least, self.held = at_least, held
        self.reference, self.way = reference, way

    HEAD = f"{'':34} {'mode':22} {'value':>9} {'A/A':>8} {'bound':>9}  {'medians':20} verdict"

    def __str__(self):
        bound = "-" if self.bound is None else f"{'≥' if self.at_least else '≤'} {self.bound:.2f}"
        verdict = "" if self.bound is None else "pass" if self.held else "FAIL"
        return (
            f"{self.name:34} {self.label:22} {self.value:9.3f} {self.noise:8.3f} "
            f"{bound:>9}  {self.reference:9.4g} {self.way:9.4g}  {verdict}"
        )
