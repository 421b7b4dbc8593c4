"""What CI services make of a recipe and of what `gochain --env` prints, as they document it: which
variables a step gets, and which shell runs it."""

import re
import shlex

import yaml


class BadFile(Exception):
    """The service would fail the step or refuse the report."""


def github_env(text):
    """The variables of a $GITHUB_ENV file: NAME=VALUE, or NAME<<WORD, lines, WORD."""
    out, lines = {}, iter(text.split("\n"))
    for line in lines:
        match = re.fullmatch(r"([^=<]+)(=|<<)(.*)", line, re.DOTALL)
        if not line:
            continue
        if not match:
            raise BadFile(line)
        name, kind, rest = match.groups()
        if kind == "<<":
            value = []
            for inner in lines:
                if inner == rest:
                    break
                value.append(inner)
            else:
                raise BadFile(f"no end of {name}")
            rest = "\n".join(value)
        out[name] = rest
    return out


def gitlab_report(text):
    """The variables of an artifacts:reports:dotenv file: no quotes, comments, blanks or empty lines.

    What is expanded in a value depends on the job that gets it, so no value may have a '$'.
    """
    out = {}
    for line in text.removesuffix("\n").split("\n"):
        match = re.fullmatch(r"([A-Za-z0-9_]+)=([^\s$]*)", line)
        if not match:
            raise BadFile(line)
        out[match[1]] = match[2]
    return out


class Shell:
    """How a service runs the text of a step: the shell's words, and what it puts in front."""

    def __init__(self, argv, head=""):
        self.argv, self.head = argv, head


GITHUB = Shell(["bash", "-e"])
GITLAB = Shell(["bash"], "set -eo pipefail\nset +o noclobber\n")
JENKINS = Shell(["sh", "-xe"])
DOCKER = Shell(["/bin/sh"])


def github_job(text, secrets):
    """(environment, the `run` of each step) of the one job. `uses` steps are none of gochain's."""
    (job,) = yaml.safe_load(text)["jobs"].values()
    environment = {
        name: re.sub(r"\$\{\{ secrets\.(\w+) \}\}", lambda m: secrets[m[1]], value)
        for name, value in job["env"].items()
    }
    return environment, [step["run"] for step in job["steps"] if "run" in step]


def gitlab_job(text, project_variables):
    """(environment of the container, the script) of the one job, with the Docker executor. That has
    the job's variables in the container's environment and exports them in the script once more."""
    file = yaml.safe_load(text)
    environment = project_variables | file.pop("variables")
    (job,) = file.values()
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return environment, "\n".join(exports + job["script"])


def jenkins_pipeline(text, credentials):
    """(environment, the text of each sh step) of a declarative pipeline."""
    text = re.sub(r"(?m)^\s*//.*$", "", text)
    (block,) = re.findall(r"environment \{(.*?)\}", text, re.DOTALL)
    environment = {}
    for line in block.strip().splitlines():
        name, literal, credential = re.fullmatch(
            r"\s*(\w+) = (?:'([^']*)'|credentials\('([^']*)'\))", line).groups()
        environment[name] = credentials[credential] if credential else literal
    return environment, re.findall(r"sh '([^']*)'", text)


def docker_stage(text):
    """(environment, copied files, the text of each RUN) of the first stage."""
    text = re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ")
    stage = text.strip().split("\nFROM ")[0]
    environment, copied, runs = {}, {}, []
    for line in stage.splitlines()[1:]:
        word, _, rest = line.partition(" ")
        if word == "ENV":
            environment |= dict(pair.split("=", 1) for pair in rest.split())
        elif word == "COPY":
            source, target = rest.split()
            copied[source] = target
        elif word == "RUN":
            runs.append(rest)
        elif word:
            assert word == "WORKDIR", line
    return environment, copied, runs
