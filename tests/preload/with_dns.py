"""with_dns.py NAME COMMAND…: runs COMMAND where a DNS server on loopback knows NAME as 198.19.7.7.

In fresh network and mount namespaces. Everything else is NXDOMAIN; other types of NAME are empty.
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

A, PTR = 1, 12
ADDRESS = "198.19.7.7"


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
    record, code = b"", 3
    if asked.lower() == name.lower():
        code = 0
        if kind == A:
            record = socket.inet_aton(ADDRESS)
    elif asked == reverse:
        code = 0
        if kind == PTR:
            record = labels(name)
    out = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, 1 if record else 0, 0, 0)
    out += query[12:end + 4]
    if record:
        out += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(record)) + record
    return out


def serve(server, name):
    while True:
        query, client = server.recvfrom(4096)
        server.sendto(answer(query, name), client)


def main():
    name, argv = sys.argv[1], sys.argv[2:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # AI_ADDRCONFIG asks whether there is an address that isn't loopback.
    subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", "lo"], check=True)
    subprocess.run(["ip", "address", "add", "2001:db8::1/64", "dev", "lo"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        file.flush()
        os.chmod(file.name, 0o644)
        subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=serve, args=(server, name), daemon=True).start()
        status = subprocess.run(argv, check=False).returncode
        subprocess.run(["umount", "/etc/resolv.conf"], check=False)
    sys.exit(status)


if __name__ == "__main__":
    main()
