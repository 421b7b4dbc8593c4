"""with_dns.py NAME HOSTS COMMAND…: runs COMMAND where a DNS server on loopback knows NAME as
198.19.7.7, and HOSTS is the text of /etc/hosts.

In fresh network and mount namespaces. The server also knows OTHERS; everything else is NXDOMAIN, and
other types of these names are empty.
"""

import ipaddress
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

A, PTR, AAAA = 1, 12, 28
ADDRESS = "198.19.7.7"
OTHERS = {
    "four.dns.test": ["192.0.2.44"],
    "six.dns.test": ["2001:db8::44"],
    "both.dns.test": ["2001:db8::45", "192.0.2.45"],
    "many.dns.test": ["192.0.2.46", "192.0.2.47"],
}


def labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def answer(query, name):
    end = query.index(b"\0", 12) + 1
    kind = struct.unpack("!H", query[end:end + 2])[0]
    asked, position = [], 12
    while query[position]:
        asked.append(query[position + 1:position + 1 + query[position]].decode())
        position += 1 + query[position]
    asked = ".".join(asked)
    reverse = ".".join(reversed(ADDRESS.split("."))) + ".in-addr.arpa"
    records, code = [], 3
    known = {name.lower(): [ADDRESS]} | OTHERS
    if asked.lower() in known:
        code = 0
        addresses = map(ipaddress.ip_address, known[asked.lower()])
        records = [each.packed for each in addresses if kind == {4: A, 6: AAAA}[each.version]]
    elif asked == reverse:
        code = 0
        records = [labels(name)] if kind == PTR else []
    out = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(records), 0, 0)
    out += query[12:end + 4]
    for record in records:
        out += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(record)) + record
    return out


def serve(server, name):
    while True:
        query, client = server.recvfrom(4096)
        server.sendto(answer(query, name), client)


def main():
    name, hosts, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # AI_ADDRCONFIG asks whether there is an address that isn't loopback.
    subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", "lo"], check=True)
    subprocess.run(["ip", "address", "add", "2001:db8::1/64", "dev", "lo"], check=True)
    files = {"/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
             "/etc/hosts": hosts}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for path, text in files.items():
            own = os.path.join(folder, os.path.basename(path))
            with open(own, "w", encoding="ascii") as file:
                file.write(text)
            subprocess.run(["mount", "--bind", own, path], check=True)
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=serve, args=(server, name), daemon=True).start()
        status = subprocess.run(argv, check=False).returncode
        for path in files:
            subprocess.run(["umount", path], check=False)
    sys.exit(status)


if __name__ == "__main__":
    main()
