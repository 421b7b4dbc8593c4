"""Lookups: shapes and errors have to be libc's own.

The reference is libc itself, asking a small DNS server in namespaces of its own that gives the name
one IPv4 address and the address that name.
"""

import os
import subprocess
import sys

import pytest

from conftest import LIBRARY
from with_dns import OTHERS

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "some-host.corp.test"


ETC_HOSTS = """127.0.0.1 localhost
192.0.2.44 four.etc.test four-alias
2001:db8::44 six.etc.test
192.0.2.45 both.etc.test
2001:db8::45 both.etc.test
"""
# libc sorts addresses (RFC 6724), the rules file says their order itself.
HOSTS_SECTION = "[hosts]\n" + "".join(
    f"{name} = {' '.join(addresses)}\n" for name, addresses in OTHERS.items())


@pytest.fixture
def with_dns(library):
    """Runs a program where DNS knows NAME, with that /etc/hosts, without and with the library."""
    flags = "-nm" if os.geteuid() == 0 else "-Urnm"
    if subprocess.run(["unshare", flags, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("namespaces are refused")

    def run(argv, hosts="127.0.0.1 localhost\n", conf=None):
        prefix = ["unshare", flags, sys.executable, os.path.join(HERE, "with_dns.py"), NAME, hosts]
        with_library = ["env", f"LD_PRELOAD={LIBRARY}", f"GOCHAIN_CONF={conf}"] if conf else []
        return library.alone(prefix + with_library + argv, timeout=60)

    return run


@pytest.fixture
def compare(with_dns, conf):
    """Both print the same."""

    def run(argv, hosts="127.0.0.1 localhost\n", its_conf=conf):
        plain = with_dns(argv, hosts)
        routed = with_dns(argv, hosts, its_conf)
        assert plain.status == 0 and plain.out, str(plain)
        assert routed.out == plain.out, _difference(plain.out, routed.out)

    return run


@pytest.fixture
def conf(library):
    return library.rules("socks5://127.0.0.1:1")


@pytest.mark.parametrize("name", (NAME, NAME + ".", NAME.upper(), "no such name", "a" * 64 + ".test",
                                  "x." * 130 + "test", "127.0.0.1", "127.1", "0x7f000001", "::1",
                                  "fe80::1%lo", "fe80::1%1", "fe80::1%no-such", "2001:db8::1%lo",
                                  "::ffff:192.0.2.7", "localhost", ""))
@pytest.mark.parametrize("program", ("getaddrinfo", "gethostbyname"))
def test_lookup_is_as_libc_has_it(library, compare, program, name):
    compare([library.program(program), "--hide-address", name])


def test_null_node_is_as_libc_has_it(library, compare):
    compare([library.program("getaddrinfo"), "-"])


@pytest.mark.parametrize("name", ("four.etc.test", "four-alias", "six.etc.test", "both.etc.test",
                                  "no.etc.test", NAME))
@pytest.mark.parametrize("program", ("getaddrinfo", "gethostbyname"))
def test_direct_name_is_as_libc_has_it(library, compare, program, name):
    """Of /etc/hosts or DNS: its real addresses are told, and only remembered."""
    direct = library.folder / "direct.conf"
    direct.write_text("[gochain]\ndefault = reject\n[rules]\n"
                      f"direct = .etc.test four-alias {NAME}\n")
    compare([library.program(program), name], ETC_HOSTS, direct)


@pytest.mark.parametrize("name", ("four.dns.test", "FOUR.dns.test.", "six.dns.test",
                                  "both.dns.test", "many.dns.test"))
@pytest.mark.parametrize("program", ("getaddrinfo", "gethostbyname"))
def test_name_of_the_hosts_section_is_as_one_of_dns(library, compare, program, name):
    hosts = library.folder / "hosts.conf"
    hosts.write_text("[gochain]\ndefault = reject\n" + HOSTS_SECTION)
    compare([library.program(program), name], its_conf=hosts)


@pytest.mark.parametrize("name", (NAME, NAME + ".", NAME.upper()))
def test_resolver_functions_are_as_libc_has_them(library, compare, name):
    compare([library.program("resolver"), "--hide-address", name])


@pytest.mark.parametrize("name", (NAME, "four.dns.test", "six.dns.test", "no.dns.test", "no such name",
                                  "x." * 130 + "test", "a..test"))
def test_resolver_functions_pass_direct_names_on(library, compare, name):
    direct = library.folder / "direct.conf"
    direct.write_text("[gochain]\ndefault = direct\n[rules]\nreject = x.corp.test\n")
    compare([library.program("resolver"), name], its_conf=direct)


def test_getaddrinfo_a_is_as_libc_has_it(library, compare):
    compare([library.program("getaddrinfo_a"), "--hide-address", NAME])


def test_getaddrinfo_a_passes_direct_names_on(library, compare):
    direct = library.folder / "direct.conf"
    direct.write_text("[gochain]\ndefault = direct\n[rules]\nreject = x.corp.test\n")
    compare([library.program("getaddrinfo_a"), NAME], its_conf=direct)


def test_reverse_lookup_is_as_libc_has_it(library, compare):
    compare([library.program("getnameinfo"), NAME])


def test_numeric_looking_name_gets_a_made_up_address(library, conf):
    run = library.run([library.program("gethostbyname"), "1and1.corp.test"], conf)
    assert run.out.startswith("gethostbyname: 1and1.corp.test type=2 length=4 198.19."), str(run)


@pytest.mark.parametrize("program", ("getaddrinfo", "gethostbyname", "getnameinfo"))
def test_musl_program_gets_made_up_addresses(library, conf, program):
    run = library.run([library.program(program, "musl"), NAME], conf)
    assert run.status == 0 and ("198.19." in run.out or program == "getnameinfo"), str(run)
    if program == "getnameinfo":
        assert f"plain: 0 {NAME} https\n" in run.out, str(run)


def test_address_that_nobody_may_be_asked_about_has_no_name(library, conf):
    run = library.run([library.program("getnameinfo"), "192.0.2.7"], conf)
    assert "plain: 0 192.0.2.7 https\n" in run.out, str(run)
    assert "name required: -2" in run.out and "gethostbyaddr: none, h_errno 1\n" in run.out, str(run)


def test_name_of_a_direct_rule_is_looked_up(library, hosts):
    """By libc: here by a library that answers for it."""
    conf = library.folder / "direct.conf"
    conf.write_text("[gochain]\ndefault = reject\n[rules]\ndirect = echo.test\n")
    run = library.run([library.program("gethostbyname"), "localhost"], str(conf))
    assert " 127.0.0.1" in run.out and "198.19." not in run.out, str(run)


def _difference(expected, got):
    lines = [f"- {e}\n+ {g}" for e, g in zip(expected.splitlines(), got.splitlines()) if e != g]
    return f"{len(lines)} of {len(expected.splitlines())} lines differ:\n" + "\n".join(lines[:20])
