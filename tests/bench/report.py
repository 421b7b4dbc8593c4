"""docs/benchmarks.md and docs/benchmarks.svg of one run."""

import datetime
import os
import platform
import re
import subprocess

import plot
from peers import proxies

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")
SEPARATOR = "|---|---|---|---|---|---|---|---|---|"
HEAD = f"| | way | reference | way | value | 95 % | A/A | reach | |\n{SEPARATOR}"
VERDICTS = {"pass": "held", "noise": "can't be told", "FAIL": "**missed**", "": ""}
UNITS = {"s": " ms", "KiB": " KiB", "ns": " ns", "µs": " µs"}


def write(rows, notes, folder=DOCS):
    fill("benchmarks", {"@TABLE@": table(rows), "@MACHINE@": machine(notes)}, folder)
    with open(os.path.join(folder, "benchmarks.svg"), "w", encoding="utf-8") as file:
        file.write(plot.draw(rows))


def fill(name, parts, folder=DOCS):
    """docs/NAME.md of NAME.in.md, with `parts` in the place of their marks."""
    with open(os.path.join(folder, name + ".in.md"), encoding="utf-8") as file:
        page = file.read()
    for mark, text in parts.items():
        page = page.replace(mark, text)
    with open(os.path.join(folder, name + ".md"), "w", encoding="utf-8") as file:
        file.write(page)


def table(rows):
    lines, name = [HEAD], None
    for row in rows:
        what = ""
        if row.name != name:
            name = row.name
            what = f"**{name}**" + (f", beside {row.against}" if row.against else "")
            what += f"; {row.rounds} rounds" if row.rounds else ""
        limit = row.limit() + unit_of(row) if row.bound is not None else ""
        if row.missing:
            lines.append(f"| {what} | {row.label} | | | | | | {limit} | *{row.missing}* |")
            continue
        reference, way = row.medians().split(", ")
        verdict = VERDICTS[row.verdict]
        lines.append(
            f"| {what} | {row.label} | {reference} | {way} | {number(row.value)}{unit_of(row)} | "
            f"{number(row.low)}–{number(row.high)} | {number(row.noise)} | {limit} | {verdict} |")
    return "\n".join(lines)


def unit_of(row):
    return "" if row.kind in ("ratio", "rate") else UNITS[row.unit]


def number(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"


def machine(notes):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    processor = f" ({model.group(1)})" if model else ""
    linux = platform.release().split("-")[0]
    lines = [
        f"{datetime.date.today().isoformat()}; {os.cpu_count()} CPUs{processor}, Linux {linux}, "
        f"load average {os.getloadavg()[0]:.1f} at the end.",
        ", ".join(versions()) + ".",
    ]
    return "## The run\n\n" + "\n".join(f"- {line}" for line in lines + notes)


def versions():
    programs = {
        "dante": proxies.Dante.version(), "squid": proxies.Squid.version(),
        "haproxy": _version("haproxy", "-v"),
        "microsocks": proxies.Microsocks.version(), "nginx": _version("nginx", "-v"),
        "curl": _version("curl", "--version"), "node": _version("node", "--version"),
        "Go": _version("go", "version"), "git": _version("git", "--version"),
        "Python": platform.python_version(), "torsocks": _version("torsocks", "--version"),
        "proxychains-ng": _package("proxychains4"),
    }
    return [f"{name} {version}" for name, version in programs.items() if version]


def _version(*argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False,
                              stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    return _number(done.stdout + done.stderr)


def _package(name):
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", name], capture_output=True,
                          text=True, timeout=20, check=False)
    return _number(done.stdout)


def _number(text):
    found = re.search(r"\d+\.\d+(\.\d+)?", text)
    return found.group() if found else None
