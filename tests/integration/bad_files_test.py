"""The whole way of a bad rules file: each line on standard error as the unit tests' corpus has it,
status 125, COMMAND not started; and mended, COMMAND runs without a word."""

import os
import re

import pytest

from gochain import keep_private

CORPUS = os.path.join(os.path.dirname(__file__), "../unit/config/bad_files")


def unescape(text):
    text = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)
    return re.sub(rb"(.)\\\{(\d+)\}", lambda m: m[1] * int(m[2]), text)


def read_case(name):
    """(expected lines, files and variables of the bad side, of the mended side); README.md there
    has the format."""
    expected, bad, mended = [], {}, {}
    part = None
    with open(os.path.join(CORPUS, name + ".case"), "rb") as file:
        for line in file.read().splitlines():
            if line.startswith(b"=== "):
                part = line[4:].decode()
            elif part is None:
                expected.append(unescape(line).decode())
            else:
                mark, text = line[:1] or b" ", unescape(line[1:])
                for side in [bad] * (mark != b"+") + [mended] * (mark != b"-"):
                    side.setdefault(part, []).append(text)
    return expected, bad, mended


def run_side(runner, folder, side, mark, options, env):
    for name, lines in side.items():
        path = os.path.join(folder, name)
        if name == "environment":
            env |= dict(line.decode().split("=", 1) for line in lines)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"".join(line + b"\n" for line in lines))
        keep_private(path)
    return runner.run(["touch", mark], options=options, env=env, log=None)


@pytest.mark.parametrize("name", [
    "all_at_once", "env_ld_preload", "errors_in_all_files", "file_missing", "hosts_bad_address",
    "include_cycle", "key_before_section", "latin1_comment", "list_with_many_bad_lines",
    "password_env_unset", "rewrite_circle_of_two", "url_with_blank_in_password",
    "variable_with_newline",
])
@pytest.mark.parametrize("by", ["option", "variable"])
def test_says_all_and_starts_nothing(runner, folder, name, by):
    expected, bad, mended = read_case(name)
    options = ["-f", "corp.conf"] if by == "option" else []
    env = {} if by == "option" else {"GOCHAIN_CONF": "corp.conf"}
    mark = os.path.join(folder, "started")

    run = run_side(runner, folder, bad, mark, options, dict(env))
    assert run.err.splitlines() == ["gochain: " + line for line in expected], str(run)
    assert run.status == 125 and run.out == "", str(run)
    assert not os.path.exists(mark)

    run = run_side(runner, folder, mended, mark, options, dict(env))
    assert run.status == 0 and run.err == run.out == "", str(run)
    assert os.path.exists(mark)
