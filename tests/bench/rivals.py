"""The other programs that lead a command's connections to a proxy: the words in front of it."""

import shutil
import urllib.parse

from measure import Absent

NOT_HERE = "not here"


def proxychains(place, urls):
    """proxychains-ng with these proxies in this order."""
    if not shutil.which("proxychains4"):
        return Absent(NOT_HERE)
    text = ("strict_chain\nquiet_mode\nproxy_dns\nremote_dns_subnet 224\n"
            "tcp_read_time_out 15000\ntcp_connect_time_out 8000\n[ProxyList]\n")
    for url in urls:
        proxy = urllib.parse.urlsplit(url)
        text += f"{proxy.scheme} {proxy.hostname} {proxy.port}\n"
    name = "-".join(url.rpartition("//")[2].replace(":", ".") for url in urls)
    return ["proxychains4", "-q", "-f", place.write(f"proxychains-{name}.conf", text)]


def torsocks(place, url):
    """Looks names up by a request that only Tor answers: it needs addresses for targets."""
    if not shutil.which("torsocks"):
        return Absent(NOT_HERE)
    proxy = urllib.parse.urlsplit(url)
    path = place.write("torsocks.conf", f"TorAddress {proxy.hostname}\nTorPort {proxy.port}\n"
                                        "AllowOutboundLocalhost 1\n")
    return ["env", f"TORSOCKS_CONF_FILE={path}", "torsocks"]


def graftcp(url):
    """Looks names up on this machine: it needs addresses for targets, too."""
    if not shutil.which("mgraftcp"):
        return Absent(NOT_HERE)
    return ["mgraftcp", "--socks5", url.rpartition("//")[2]]


def way(words, call):
    """A function that calls `call` with `words`; Absent, where the words are."""
    return words if isinstance(words, Absent) else lambda: call(words)
