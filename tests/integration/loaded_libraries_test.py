"""OpenSSL and GSSAPI are loaded by the relay alone, and only by a run that needs them."""

import pytest

from chain_modes_test import Shell, fetch
from dials import helpers_of, tree
from interop import ROW

LIBRARIES = ("libssl.so", "libcrypto.so", "libgssapi_krb5.so", "libkrb5.so")
TLS, TICKETS = {"libssl.so", "libcrypto.so"}, {"libgssapi_krb5.so", "libkrb5.so"}


def loaded(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        text = file.read()
    return {name for name in LIBRARIES if f"/{name}" in text}


@pytest.mark.parametrize("door", ("preload", "supervise"))
@pytest.mark.parametrize("name, by_relay", [
    ("microsocks, socks5, none", None), ("squid, http, NTLM", None),
    ("squid, https, Basic", TLS), ("squid, http, Kerberos", TICKETS)])
def test_nothing_is_loaded_unasked(runner, tools, peers, site, folder, name, by_relay, door):
    """`sh` has the library where the door is it, and is there as long as the test."""
    row = ROW[name]
    runner.place = row.place(peers, runner)
    runner.environment |= row.env(peers, folder)
    conf = f"[gochain]\ndefault = office\n{row.section(peers, folder)}"
    with Shell(runner, door, conf) as shell:
        assert shell.run(fetch(tools, door)) == ["hello from nginx\n"]
        pids = {pid: "program" for pid in tree(shell._process.pid)}
        pids |= {pid: who for who, pid in helpers_of(shell._process).items()}
        found = {(who, pid): loaded(pid) for pid, who in pids.items()}
    relays = [names for (who, _), names in found.items() if who == "relay"]
    others = [names for (who, _), names in found.items() if who != "relay"]
    assert len(others) >= 3 and not any(others), found
    assert relays == ([by_relay] if by_relay else []), found
