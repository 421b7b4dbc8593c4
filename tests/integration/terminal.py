"""A terminal with an interactive bash in it, as a person has one."""

import os
import pty
import re
import signal
import subprocess
import time

from waiting import readable

PROMPT = "ready> "


class Terminal:
    def __init__(self, runner, place=None):
        master, slave = pty.openpty()
        self._master = master
        environment = runner.environment | {"PS1": PROMPT, "TERM": "dumb", "HISTFILE": ""}
        # setsid --ctty: bash leads a session that owns the terminal, so it does job control.
        argv = (place or runner.place).prefix() + ["setsid", "--ctty", "bash", "--norc", "-i"]
        os.chmod(os.ttyname(slave), 0o666)
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=environment,
            cwd=runner.place.folder)
        os.close(slave)
        self.text = ""
        self._seen = 0
        self.expect(re.escape(PROMPT))
        # The echo of commands would match what is expected of their output.
        self.command("stty -echo")

    def send(self, text):
        os.write(self._master, text.encode())

    def type(self, line):
        self.send(line + "\n")

    def expect(self, pattern, seconds=8):
        """Waits for `pattern` in what came since the last match; returns the match."""
        deadline = time.monotonic() + seconds
        while True:
            if match := re.search(pattern, self.text[self._seen:]):
                self._seen += match.end()
                return match
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} within {seconds} s in:\n{self.text}"
            if readable([self._master], left):
                try:
                    self.text += os.read(self._master, 4096).decode(errors="replace")
                except OSError:
                    raise AssertionError(
                        f"terminal closed before {pattern!r}:\n{self.text}") from None

    def command(self, line, seconds=8):
        """Runs `line` and returns what it printed, without the prompt."""
        self.send(line + "\n")
        start = self._seen
        self.expect(re.escape(PROMPT), seconds)
        return self.text[start:self._seen].replace("\r\n", "\n")[: -len(PROMPT)]

    def close(self):
        for pid in session_members(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.kill()
        self.process.wait(timeout=5)
        os.close(self._master)


def session_members(leader):
    """Processes of the session that `leader` leads."""
    out = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    if int(file.read().rpartition(")")[2].split()[3]) == leader:
                        out.append(int(name))
            except OSError:
                continue
    return out


def processes_with(text):
    """(pid, command line) of every process whose command line contains `text`."""
    out = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                    line = file.read().replace("\0", " ")
            except OSError:
                continue
            if text in line:
                out.append((int(name), line))
    return out


def wait_until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
