"""What the tests of logins at proxies share: rules, the programs that connect, and what squid saw."""

import time

import world

CONNECT = """
import errno, socket, sys
s = socket.socket()
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("OK")
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
"""
SQUIDS = {scheme: f"squid, http, {scheme}" for scheme in ("Basic", "Digest", "NTLM")}
FETCH = "curl -sS -m 30 http://web.corp.test/hello.txt"
HELLO = "hello from nginx\n"


def rules(*sections, hops=None):
    chain = f"[chain way]\nhops = {hops}\n" if hops else ""
    return f"[gochain]\ndefault = {'way' if hops else 'office'}\n" + "".join(sections) + chain


def connect(host=world.TARGET[0], port=80):
    return ["/usr/bin/python3", "-c", CONNECT, host, str(port)]


def shell(script):
    return ["sh", "-c", script]


class Watched:
    """What a squid answered since this was made."""

    def __init__(self, squid):
        self.squid, self._before = squid, len(squid.answers())

    def tunnels(self, count):
        """All of its answers, once `count` tunnels have ended."""
        deadline = time.monotonic() + 10
        while True:
            answers = self.squid.answers()[self._before:]
            if sum(answer.status == 200 for answer in answers) >= count:
                return answers
            assert time.monotonic() < deadline, answers
            time.sleep(0.05)


def refused(answers):
    return sum(answer.status == 407 for answer in answers)
