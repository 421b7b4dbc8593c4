"""The other ends: proxies and servers from Debian's packages, and scripted faults."""
