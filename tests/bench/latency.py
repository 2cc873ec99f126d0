"""What wye adds to a call: the same call through wye and straight to the upstream, in turn, over kept connections.

    python -m tests.bench.latency --rounds 500

Prints the medians of a JSON call and of the time to a stream's first chunk, both ways, and what wye added.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import time

from tests.bench.upstream import upstream
from tests.wye_process import Wye, two_targets

PATH = "/v1/chat/completions"
TEXT = "word " * 180  # about 1 kB, as a usual prompt


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    rounds = parser.parse_args().rounds
    with upstream() as port, Wye(two_targets(*[f"http://127.0.0.1:{port}/v1"] * 2)) as wye:
        for what, stream in (("JSON call", False), ("first chunk", True)):
            direct, through = measure(port, wye.port, rounds, stream=stream)
            print(
                f"{what}: direct {direct:.2f} ms, through wye {through:.2f} ms, added {through - direct:.2f} ms (p50)"
            )


def measure(direct: int, through: int, rounds: int, *, stream: bool) -> tuple[float, float]:
    """Return the median milliseconds of both ways, taken in turn."""
    body = json.dumps({"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": TEXT}]})
    ways = [http.client.HTTPConnection("127.0.0.1", port) for port in (direct, through)]
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for way, took in zip(ways, times, strict=True):
            took.append(once(way, body))
    return statistics.median(times[0]), statistics.median(times[1])


def once(way: http.client.HTTPConnection, body: str) -> float:
    """Make one call; return the milliseconds until its first bytes."""
    started = time.perf_counter()
    way.request("POST", PATH, body, {"content-type": "application/json"})
    answer = way.getresponse()
    answer.read1(1)
    took = (time.perf_counter() - started) * 1000
    answer.read()
    return took


if __name__ == "__main__":
    main()
