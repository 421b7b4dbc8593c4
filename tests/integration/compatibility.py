"""What gochain is tried with: a row for each program and kind of socket, in each place where it is to
work, by each door. The tests run over all of them and docs/compatibility.md is made of what they see.

Nothing here needs pytest or a network until a row is started.
"""

import dataclasses
import os
import re
import shutil
import socket
import typing
import unittest

import doors
import world

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(TOP, "docs/compatibility.md")
DOORS = ("auto", "supervise", "preload", doors.ALONE)
COLUMNS = ("auto", "supervise", "preload", "library alone")
BLOCKING, NON_BLOCKING = "blocking", "non-blocking"
NOT_RUN, NOT_SEEN, WORKS, REFUSED = "not run", "not seen", "works", "refused: "
OK = "ok\n"
MPTCP = 262  # IPPROTO_MPTCP
PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclasses.dataclass(frozen=True)
class Row:
    """`argv` gets what the tests have, and makes the command; `said` is what it prints once it has
    been answered. `seen`: the library can be in the program, and sees its connect. `needs_filter`:
    the library can be in it and doesn't see that; nobody does but the kernel."""

    program: str
    sockets: str
    argv: typing.Callable
    seen: bool
    said: str = OK
    needs_filter: bool = False

    @property
    def name(self):
        return f"{self.program}, {self.sockets}"

    @property
    def tried(self):
        """The doors by which it is run."""
        return DOORS[:2] if self.needs_filter else DOORS

    def doors(self, door):
        """Those that the log may name."""
        if self.seen and door != "supervise":
            return ("preload",)
        return ("supervise", "relay")


@dataclasses.dataclass(frozen=True)
class Place:
    """`change` gets what the tests have, and says how the command's place differs from the ordinary
    one. `needs_root`: can't be made where the tests are an ordinary user's."""

    name: str
    words: str
    change: typing.Callable = lambda bench: {}
    needs_root: bool = False


class Bench:
    """What rows and places are made of."""

    def __init__(self, programs, tools, echo, site):
        self._programs, self.tool, self.echo, self.site = programs, tools, echo, site

    def built(self, name):
        path = os.path.join(self._programs, name)
        if not os.path.exists(path):
            raise unittest.SkipTest(f"{name} is not built: its compiler is missing")
        return path

    def installed(self, name):
        path = shutil.which(name, path=PATH)
        if not path:
            raise unittest.SkipTest(f"{name} is not installed")
        return path

    @property
    def target(self):
        return [self.echo.address, str(self.echo.port)]


def built(name, *how):
    return lambda bench: [bench.built(name), *how, *bench.target]


def installed(name, *arguments):
    return lambda bench: [bench.installed(name), *arguments]


PYTHON = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(b"ok\\n")
print(s.recv(9).decode(), end="")
"""
ASYNCIO = """
import asyncio, sys
async def main():
    reader, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    writer.write(b"ok\\n")
    print((await reader.readline()).decode(), end="")
    writer.close()
asyncio.run(main())
"""
NODE = """
const s = require("net").connect(+process.argv[2], process.argv[1], () => s.write("ok\\n"));
s.on("data", text => { process.stdout.write(text); s.end(); });
s.on("error", error => console.log(error.code));
"""
URL = "http://web.corp.test/hello.txt"
HELLO = "hello from nginx\n"


def python(text):
    return lambda bench: [bench.installed("python3"), "-c", text, *bench.target]


KINDS = (("C with glibc", "", True), ("C with glibc, static", "-static", False),
         ("C with musl", "-musl", True), ("C with musl, static", "-musl-static", False))

# What is tried in every place.
EVERYWHERE = [
    Row(kind, sockets, built("connect" + suffix, how), seen)
    for kind, suffix, seen in KINDS
    for sockets, how in ((BLOCKING, "blocking"), (NON_BLOCKING, "nonblocking"))
] + [
    Row("C, past libc by an instruction of its own", BLOCKING, built("connect", "asm"), False,
        needs_filter=True),
    Row("Go", NON_BLOCKING, built("go_dial-static"), False),
    Row("Go with cgo", NON_BLOCKING, built("go_dial-cgo"), False),
    Row("python3", BLOCKING, python(PYTHON), True),
    Row("python3 with asyncio", NON_BLOCKING, python(ASYNCIO), True),
    Row("curl, by a name that the proxy knows", NON_BLOCKING,
        installed("curl", "-sS", "-m", "20", URL), True, HELLO),
]

ODD = {
    "dup": "a copy of the socket's descriptor",
    "sent": "a socket from another process (SCM_RIGHTS)",
    "given": "a connected socket given to another process",
    "handler": "in a signal handler",
    "vfork": "in a child by vfork",
    "clone": "in a thread by clone(2)",
    "last": "the first thread has ended",
    "closed": "all descriptors closed before",
    "undumpable": "not dumpable",
    "bound": "a socket bound to a port",
    "device=o0": "a socket bound to a device",
}


def both(words, program, how, kinds=KINDS[:3], make=built):
    """A row for each kind of program and of sockets."""
    return [Row(f"{kind}: {words}", sockets, make(program + suffix, how + sign), seen)
            for kind, suffix, seen in kinds
            for sockets, sign in ((BLOCKING, ""), (NON_BLOCKING, "+"))]


def mptcp(*words):
    def argv(bench):
        try:
            socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP).close()
        except OSError as error:
            raise unittest.SkipTest(f"this kernel has no MPTCP: {error}") from None
        return built(*words)(bench)

    return argv


# What is tried in two places: by sockets that the program made, and by those that the supervisor did.
ODDITIES = [row for how, words in ODD.items() for row in both(words, "odd", how)] + [
    *both("an MPTCP socket", "odd", "mptcp", make=mptcp),
    *both("TCP Fast Open by MSG_FASTOPEN", "fastopen", "sendto", KINDS[:2]),
    *both("TCP Fast Open by TCP_FASTOPEN_CONNECT", "fastopen", "option", KINDS[:2]),
    Row("Go with a plugin", BLOCKING, built("go_dial-plugin"), False),
    Row("Rust", BLOCKING, built("rust_dial"), True),
    Row("Rust, static", BLOCKING, built("rust_dial-static"), False),
    Row("node", NON_BLOCKING, lambda bench: [bench.installed("node"), "-e", NODE, *bench.target],
        True),
    Row("git", NON_BLOCKING, installed("git", "ls-remote", "-q", "http://git.corp.test/repo.git",
                                       "refs/tags/v1.0.0"), True, None),
] + [
    Row(f"C with musl, static, starts {what}", BLOCKING,
        lambda bench, suffix=suffix: [bench.built("exec-musl-static"), "execve",
                                      bench.built("connect" + suffix), "blocking", *bench.target],
        True, OK + "ended with 0\n")
    for what, suffix in (("C with glibc", ""), ("C with musl", "-musl"))
]


def wrapped(*argv):
    return lambda bench: {"wrap": argv}


def docker(kind):
    return lambda bench: {"wrap": (bench.tool("deny"), kind)}


def bare(bench):
    return {"mounts": f"mount -t tmpfs -o mode=000 tmpfs /dev/shm && {bench.tool('readonly')}",
            "wrap": ("env", "-u", "HOME", "-u", "TMPDIR")}


PLACES = [
    Place("An ordinary user", "without any capability, on a host that restricts nothing else."),
    Place("root", "with all capabilities.", lambda bench: {"user": "root"}, needs_root=True),
    Place("Docker's filter", "an ordinary user below a seccomp filter that refuses what Docker's default "
          "profile does: pidfd_getfd, process_vm_readv, unshare, mount, io_uring and others, and clone3 with "
          "ENOSYS.",
          docker("docker")),
    Place("Docker's filter with SYS_PTRACE", "the same, but what looks into other processes is allowed, "
          "as it is with `--cap-add=SYS_PTRACE`.", docker("docker-ptrace")),
    Place("A bare container", "nothing can be written (`--read-only`), there is no HOME and no TMPDIR, and "
          "/dev/shm can't be entered.", bare),
    Place("Process 1", "the command is the first process of a PID namespace, as a container's is.",
          lambda bench: {"first_process": True}),
    Place("64 descriptors", "`ulimit -n 64`.", wrapped("prlimit", "--nofile=64:64", "--")),
    Place("24 processes and threads", "`ulimit -u 24`, of which none is used before.",
          wrapped("unshare", "--user", "--map-current-user", "prlimit", "--nproc=24:24", "--")),
    Place("hidepid", "a /proc with hidepid=2, where nobody sees the processes of others.",
          lambda bench: {"mounts": "mount -t proc -o hidepid=2 proc /proc"}),
]

# Needs a capability.
OF_ROOT = both("a socket with IP_TRANSPARENT", "odd", "transparent", KINDS[:2])

ROWS = {place.name: EVERYWHERE for place in PLACES}
ROWS["An ordinary user"] = ROWS["Docker's filter"] = EVERYWHERE + ODDITIES
ROWS["root"] = EVERYWHERE + OF_ROOT
CASES = [(place, row) for place in PLACES for row in ROWS[place.name]]


def line(cells):
    return "| " + " | ".join(cells) + " |"


class Messages:
    """What gochain says, in the order in which the page's cells refer to it by numbers."""

    HEAD = "## What gochain says"

    def __init__(self):
        self._all = []

    def cell(self, words):
        if not words.startswith(REFUSED):
            return words
        message = words.removeprefix(REFUSED)
        if message not in self._all:
            self._all.append(message)
        return f"refused ({self._all.index(message) + 1})"

    def lines(self):
        return [self.HEAD, ""] + [f"{n}. {message}" for n, message in enumerate(self._all, 1)]


def tables(seen):
    """The page's part that is made; `seen`: (place, row, door) → words."""
    lines, messages = [], Messages()
    for place in PLACES:
        lines += [f"## {place.name}", "", place.words[0].upper() + place.words[1:], "",
                  line(("program", "sockets", *COLUMNS)), "|" + "---|" * (2 + len(COLUMNS))]
        for row in ROWS[place.name]:
            words = [seen.get((place.name, row.name, door), NOT_RUN) if door in row.tried else NOT_SEEN
                     for door in DOORS]
            lines.append(line((row.program, row.sockets, *map(messages.cell, words))))
        lines.append("")
    return lines + messages.lines()


def written():
    """What the page says: (place, row, door) → words."""
    seen, place, messages = {}, None, {}
    if not os.path.exists(PAGE):
        return seen
    with open(PAGE, encoding="utf-8") as file:
        for text in file.read().splitlines():
            cells = text.strip("| ").split(" | ")
            if text.startswith("## "):
                place = text[3:]
            elif text.startswith("| ") and len(cells) == 2 + len(DOORS) and cells[2:] != list(COLUMNS):
                for door, words in zip(DOORS, cells[2:]):
                    seen[place, f"{cells[0]}, {cells[1]}", door] = words
            elif numbered := re.fullmatch(r"(\d+)\. (.*)", text):
                messages[f"refused ({numbered[1]})"] = REFUSED + numbered[2]
    return {cell: messages.get(words, words) for cell, words in seen.items()}
