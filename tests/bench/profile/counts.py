"""What a command's processes did: system calls by strace, calls for memory by a preloaded counter.

Both tell gochain's own processes from the others: "launcher" and "program".
"""

import collections
import mmap
import os
import re
import struct

LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed>)(.*)$")
CHILD = re.compile(r"\) = (\d+)$")
IOCTL = re.compile(r"\d+, (?:SECCOMP_IOCTL_NOTIF_)?(\w+)")
CLONES = ("clone", "clone3", "fork", "vfork")
LAUNCHER = "gochain"


def system_calls(place, command):
    """(launcher, program): Counters of the calls' names; and what the command printed."""
    path = os.path.join(place.folder, "trace")
    out = place.run(["strace", "-f", "-qq", "-o", path] + command)
    with open(path, encoding="utf-8", errors="replace") as file:
        launcher, program = split(file.read())
    return launcher, program, out


def split(text):
    """A thread is whoever its last exec made it, or the thread that it was cloned from. Of a trace
    only the order within a thread is sure, so that is followed from parent to child."""
    lines, parents = collections.defaultdict(list), {}
    for line in text.splitlines():
        if not (found := LINE.match(line)):
            continue
        tid, name, resumed, rest = found.groups()
        lines[tid].append((name, resumed != "(", rest))
        if name in CLONES and (child := CHILD.search(rest)):
            parents[child.group(1)] = tid
    counts = {True: collections.Counter(), False: collections.Counter()}
    images = {}  # tid → whether it is a launcher at its end, which is how it was when it cloned

    def image(tid):
        if tid not in images:
            execs = [rest for name, resumed, rest in lines[tid]
                     if name == "execve" and not resumed and "ENOENT" not in rest]
            if execs:
                images[tid] = os.path.basename(execs[-1].split('"')[1]) == LAUNCHER
            else:
                images[tid] = image(parents[tid]) if tid in parents else False
        return images[tid]

    for tid in list(lines):
        for name, resumed, rest in lines[tid]:
            if not resumed:
                counts[image(tid)][_named(name, rest)] += 1
    return counts[True], counts[False]


def _named(name, rest):
    """An ioctl is as many calls as it has requests; "_IOC": one that this strace doesn't know."""
    if name == "ioctl" and (request := IOCTL.match(rest)) and request.group(1) != "_IOC":
        return f"ioctl {request.group(1)}"
    return name


def allocations(place, command):
    """(launcher, program), and what the command printed."""
    path = place.write("allocations", "\0" * mmap.PAGESIZE)
    counter = os.path.join(place.programs, "count_allocations.so")
    out = place.run(command, {"LD_PRELOAD": counter, "COUNT_ALLOCATIONS": path})
    with open(path, "rb") as file:
        launcher, program = struct.unpack_from("@ll", file.read())
    return launcher, program, out
