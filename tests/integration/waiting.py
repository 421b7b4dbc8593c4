"""select(2), but for descriptors of any number: a session of all tests has more than 1,024."""

import select


def readable(ends, seconds=None):
    """Those of `ends`, which are numbers or have one, that can be read within `seconds`."""
    poller, by_number = select.poll(), {}
    for end in ends:
        number = end if isinstance(end, int) else end.fileno()
        by_number[number] = end
        poller.register(number, select.POLLIN)
    ready = poller.poll(None if seconds is None else max(0, int(seconds * 1000)))
    return [by_number[number] for number, _ in ready]
