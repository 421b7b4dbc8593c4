"""What one connection learns about a proxy's login the next ones know: no further question, each
nonce count once, one connection for all of NTLM."""

import collections
import re

import pytest

import interop
from doors import ALONE, DOORS, run_by
from gochain import MODES
from interop import ROW, WRONG
from logins import FETCH, HELLO, SQUIDS, Watched, connect, refused, rules, shell


@pytest.mark.parametrize("scheme", SQUIDS)
@pytest.mark.parametrize("door, kind", (
    *((door, "dynamic") for door in DOORS), ("preload", "static"), (ALONE, "static")))
def test_next_process_needs_no_further_round_trip(runner, peers, site, folder, tools, scheme, door,
                                                  kind):
    """What one process learns at the first connection all of the tree know. NTLM is a matter of
    each connection: one more 407 for its challenge, no more."""
    row = ROW[SQUIDS[scheme]]
    watched = Watched(row.started(peers))
    other = f"{tools('fetch', 'static')} web.corp.test 80" if kind == "static" else FETCH
    run = run_by(door, runner, shell(" && ".join([FETCH, other, FETCH, other, FETCH])),
                 rules(row.section(peers, folder)))
    assert run.must_succeed().out == HELLO * 5, str(run)
    answers = watched.tunnels(5)
    if scheme == "NTLM":
        assert refused(answers) == 1 + 5, answers
    else:
        assert refused(answers) == 1 and answers[0].status == 407, answers
    if scheme == "Digest":
        sent = [answer.sent for answer in answers if answer.sent]
        assert len({re.search(r'nonce="?([^",]+)', text).group(1) for text in sent}) == 1, sent
        assert sorted(int(re.search(r"nc=(\w+)", text).group(1), 16) for text in sent) == [
            1, 2, 3, 4, 5], sent


@pytest.mark.parametrize("door", (*MODES, ALONE))
@pytest.mark.parametrize("scheme", SQUIDS)
def test_many_processes_at_once(runner, peers, site, folder, scheme, door):
    """Each nonce count is used once, or squid would refuse it."""
    row = ROW[SQUIDS[scheme]]
    script = f"for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do {FETCH} & done; wait"
    run = run_by(door, runner, shell(f"{FETCH}; {script}"), rules(row.section(peers, folder)))
    assert run.must_succeed().out == HELLO * 17, str(run)
    assert not run.of("fail"), str(run)


@pytest.mark.parametrize("door", ("preload", "supervise"))
@pytest.mark.parametrize("kind", ("squid", "apache"))
def test_nonce_that_has_grown_old(runner, peers, site, folder, kind, door):
    """stale=true: once more with the new one, on whichever connection."""
    row = interop.short_nonces(kind)
    argv = shell(f"{FETCH}; sleep {interop.NONCE_SECONDS + 1.5}; {FETCH}; {FETCH}")
    run = run_by(door, runner, argv, rules(row.section(peers, folder)))
    assert run.must_succeed().out == HELLO * 3, str(run)
    assert not run.of("fail"), str(run)


@pytest.mark.parametrize("door", DOORS)
def test_ntlm_stays_on_its_connection(runner, peers, site, folder, door):
    """All of a login's messages take one connection, though squid sends a page with each 407."""
    row = ROW[SQUIDS["NTLM"]]
    watched = Watched(row.started(peers))
    run = run_by(door, runner, shell(f"{FETCH}; {FETCH}"), rules(row.section(peers, folder)))
    assert run.must_succeed().out == HELLO * 2, str(run)
    messages = collections.defaultdict(list)
    for answer in watched.tunnels(2):
        if answer.scheme:
            messages[answer.client_port].append(answer.status)
    assert list(messages.values()) == [[407, 200]] * 2, dict(messages)


@pytest.mark.parametrize("door", ("preload", "supervise"))
@pytest.mark.parametrize("name", interop.DIGESTS)
def test_digest_in_all_its_ways(runner, peers, site, name, door):
    """At a proxy of ours: three processes, of which the first learns how."""
    peer = interop.digest_proxy(peers, name)
    before = len(peer.requests)
    conf = rules(f"[proxy office]\nurl = {peer.url()}\n")
    run = run_by(door, runner, shell(f"{FETCH}; {FETCH}; {FETCH}"), conf)
    assert run.must_succeed().out == HELLO * 3, f"{run}\n{peer.requests[before:]}"
    seen = peer.requests[before:]
    assert [status for status, *_ in seen] == [407, 200, 200, 200], seen
    used = [(nonce, nc) for _, _, nonce, nc, _ in seen[1:]]
    assert len(set(used)) == (1 if name == "no qop" else 3), seen
    algorithms = {algorithm for _, algorithm, *_ in seen[1:]}
    if "SHA-256" in interop.DIGESTS[name].algorithms:
        assert algorithms == {"SHA-256"}, seen
    if name == "user hashed":
        assert interop.USER not in [user for *_, user in seen], seen


@pytest.mark.parametrize("name", interop.DIGESTS)
def test_wrong_password_for_digest_in_all_its_ways(runner, peers, site, name):
    peer = interop.digest_proxy(peers, name)
    before = len(peer.requests)
    conf = rules(f"[proxy office]\nurl = {peer.url(WRONG)}\n")
    run = run_by("preload", runner, connect(), conf, log="warn")
    assert run.must_succeed().out == "EACCES\n", str(run)
    assert "authentication failed" in run.warnings()[0], str(run)
    assert [status for status, *_ in peer.requests[before:]] == [407, 407], peer.requests
