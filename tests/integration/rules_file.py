"""One rules file for runs and for --explain, and what both say about it."""

import json
import os

from peers import proxies


class Rules:
    """A rules file in the test's folder, for runs and for --explain."""

    def __init__(self, runner, place):
        self._runner, self.place = runner, place
        self.path = os.path.join(place.folder, "rules.conf")

    def write(self, text, name="rules.conf"):
        path = os.path.join(self.place.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def run(self, argv, mode, **kwargs):
        kwargs.setdefault("place", self.place)
        return self._runner.run(argv, mode=mode, options=["-f", self.path], **kwargs)

    def explain_command(self, *arguments, env=None):
        return self._runner.run([], mode=None, log=None, place=self.place, env=env,
                                options=["-f", self.path, "--explain", *arguments])

    def explain(self, *targets, env=None):
        """One object a target."""
        run = self.explain_command("--log-format", "json", *targets, env=env)
        return [json.loads(line) for line in run.must_succeed().out.splitlines()]

    def must_agree(self, run, env=None):
        """What was logged is what --explain says; `exe` and the looked-up address apart."""
        events = run.of("connect") + run.of("fail") + run.of("reject")
        assert events, str(run)
        for event in events:
            said, = self.explain(event["target"], env=env)
            for program in said["programs"]:
                if program["exe"] == event["exe"]:
                    said |= program
            got = {key: event.get(key) for key in ("target", "rewritten", "route", "rule")}
            assert got == {key: said[key] for key in got}, f"{said}\n{run}"


def proxy_sections(peers, names=("far",), last=True, kinds=(proxies.Microsocks, proxies.Tinyproxy)):
    return "".join(f"[proxy {name}]\nurl = {peers.proxy(kind, last=last).url()}\n"
                   for name, kind in zip(names, kinds))


def sources(server, count):
    """Where the last `count` connections came from."""
    assert len(server.connections) >= count, f"{len(server.connections)} connections"
    return [connection.peer[0] for connection in server.connections[-count:]]


def curl(*urls):
    return ["curl", "-sS", "-m", "20", *urls]
