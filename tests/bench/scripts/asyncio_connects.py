"""COUNT HOST PORT: so many connects at once on an asyncio event loop. Prints the seconds until the
last of them stood, and the longest time in which the loop ran nothing."""

import asyncio
import sys
import time

TICK_S = 0.001


class Ticker:
    """Wants to run every millisecond, and knows how long it was kept from it."""

    def __init__(self):
        self.longest_s = 0.0

    async def run(self):
        while True:
            start = time.monotonic()
            await asyncio.sleep(TICK_S)
            self.longest_s = max(self.longest_s, time.monotonic() - start - TICK_S)


async def main(count, host, port):
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.run())
    start = time.monotonic()
    streams = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(count)))
    taken = time.monotonic() - start
    ticking.cancel()
    for _, writer in streams:
        writer.close()
    print(f"{taken:.6f} {ticker.longest_s:.6f}")


asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
