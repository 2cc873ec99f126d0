"""The long run: `python -m tests.privacy --minutes 10 [--seed N]` plays other cases each time, and counts them."""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from tests.privacy.prove import Broken, run_cases
from tests.privacy.tally import Tally

ROUND = 250  # cases for each seed


def main(arguments: list[str]) -> int:
    """Play rounds until the time is over. Returns 1 where a case breaks the property, and prints it."""
    parser = argparse.ArgumentParser(prog="python -m tests.privacy", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="of the first round; each round takes the next")
    options = parser.parse_args(arguments)
    number = options.seed if options.seed is not None else secrets.randbelow(10**9)
    until = time.monotonic() + options.minutes * 60
    total = Tally()
    print(f"seed {number}", flush=True)
    while True:
        try:
            total += run_cases(ROUND, number=number)
        except Broken as broken:
            print(f"broken with --seed {number}, after {total.cases} cases of earlier rounds:\n{broken}")
            return 1
        if time.monotonic() >= until:
            print(total)
            return 0
        number += 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
