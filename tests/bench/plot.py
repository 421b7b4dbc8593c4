"""The rows as an SVG: bars of the times to the first byte; below them all ratios on one axis."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 960, 400, 70
LINE, GAP = 18, 10
OURS, OTHERS, MISSED, INK, FAINT = "#1565c0", "#9e9e9e", "#c62828", "#212121", "#e0e0e0"
RIVALS = ("proxychains", "torsocks", "graftcp", "(")  # how labels of others begin
SPAN = (0.05, 4.0)  # of the ratios' axis
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 4)


class Canvas:
    def __init__(self):
        self._parts, self.y = [], GAP

    def text(self, x, words, anchor="start", weight="normal", fill=INK, y=None, size=12):
        self._parts.append(
            f'<text x="{x:.1f}" y="{(self.y if y is None else y) + 13:.1f}" text-anchor="{anchor}" '
            f'font-weight="{weight}" font-size="{size}" fill="{fill}">{escape(words)}</text>')

    def bar(self, x, width, fill, height=LINE - 5):
        self._parts.append(f'<rect x="{x:.1f}" y="{self.y + 3:.1f}" width="{max(width, 1):.1f}" '
                           f'height="{height}" fill="{fill}"/>')

    def here(self):
        """What is drawn later `at` this lies below all that follows."""
        return len(self._parts)

    def line(self, x1, y1, x2, y2, stroke, width=1.0, at=None):
        self._parts.insert(
            self.here() if at is None else at,
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{stroke}" stroke-width="{width}"/>')

    def dot(self, x, fill):
        self._parts.append(f'<circle cx="{x:.1f}" cy="{self.y + 9:.1f}" r="4" fill="{fill}"/>')

    def svg(self):
        height = self.y + GAP
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
                f'width="{WIDTH}" height="{height:.0f}" font-family="sans-serif">\n'
                f'<rect width="100%" height="100%" fill="white"/>\n'
                + "\n".join(self._parts) + "\n</svg>\n")


def draw(rows):
    canvas = Canvas()
    measured = [row for row in rows if not row.missing]
    _draw_first_bytes(canvas, [row for row in measured if row.first_byte])
    _draw_ratios(canvas, [row for row in measured if row.kind in ("ratio", "rate")])
    return canvas.svg()


def _draw_first_bytes(canvas, rows):
    if not rows:
        return
    longest = max(max(row.way, row.reference) for row in rows)
    scale = (WIDTH - LEFT - RIGHT) / longest
    _title(canvas, "Time to the first byte, 50 ms on each link")
    for name, group in _by_name(rows):
        bars = [(group[0].against, group[0].reference, OTHERS)]
        bars += [(row.label, row.way, _colour(row)) for row in group]
        canvas.text(GAP, name, weight="bold")
        for label, seconds, colour in sorted(bars, key=lambda bar: -bar[1]):
            canvas.text(LEFT - GAP, label, "end")
            canvas.bar(LEFT, seconds * scale, colour)
            canvas.text(LEFT + seconds * scale + 5, f"{seconds * 1e3:.0f} ms")
            canvas.y += LINE
        canvas.y += GAP


def _draw_ratios(canvas, rows):
    _title(canvas, "Time beside the other's: faster left of 1; | is the reach, red where missed")
    top = canvas.y
    canvas.y += LINE
    start = canvas.y
    below = canvas.here()
    for name, group in _by_name(rows):
        canvas.text(GAP, name + (f", beside {group[0].against}" if group[0].against else ""),
                    weight="bold")
        canvas.y += LINE
        for row in group:
            _draw_ratio(canvas, row)
            canvas.y += LINE
        canvas.y += GAP / 2
    for tick in TICKS:
        canvas.line(_x(tick), start, _x(tick), canvas.y, INK if tick == 1 else FAINT, at=below)
        canvas.text(_x(tick), f"{tick:g}", "middle", y=top)


def _draw_ratio(canvas, row):
    canvas.text(LEFT - GAP, row.label, "end")
    value, low, high, bound = (_share(row, number)
                               for number in (row.value, row.low, row.high, row.bound))
    middle = canvas.y + LINE / 2
    colour = _colour(row)
    canvas.line(_x(low), middle, _x(high), middle, colour, 2.0)
    if bound is not None:
        canvas.line(_x(bound), canvas.y + 1, _x(bound), canvas.y + LINE - 1, INK, 2.0)
    canvas.dot(_x(value), colour)
    canvas.text(WIDTH - GAP, f"{value:.2f}", "end", fill=colour)


def _share(row, number):
    """A rate of 2 is a time of a half."""
    return number if number is None or row.kind == "ratio" else 1 / number


def _colour(row):
    if row.label.startswith(RIVALS):
        return OTHERS
    return OURS if row.held else MISSED


def _x(ratio):
    low, high = (math.log(end) for end in SPAN)
    at = (math.log(min(max(ratio, SPAN[0]), SPAN[1])) - low) / (high - low)
    return LEFT + at * (WIDTH - LEFT - RIGHT)


def _title(canvas, words):
    canvas.text(GAP, words, weight="bold", size=15)
    canvas.y += LINE + GAP


def _by_name(rows):
    names = dict.fromkeys(row.name for row in rows)
    return [(name, [row for row in rows if row.name == name]) for name in names]
