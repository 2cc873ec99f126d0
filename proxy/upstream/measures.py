"""How fast a target is, from the streams that it answered: facts for rules, and never anything of what was said.

The time to the first content counts from the send, once there is a slot, and connecting is part of it. Answers that
come whole are not measured: from outside nobody can tell when their first token was there.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from proxy.wire.usage import Usage

KEPT = 16  # measures that count
HALF_LIFE_S = 120.0  # a measure of two minutes ago has half the weight
FORGOTTEN_S = 600.0  # without a measure for so long, nothing is known any more
FEWEST_TOKENS = 8  # and
SHORTEST_S = 0.01  # of a stream by which a rate is measured: a burst says nothing


class Recent:
    """The weighted median of the last measures: one odd answer moves it little, and what was an hour ago does not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._measures: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._median = 0.0

    def add(self, value: float) -> None:
        """Take a measure of this moment."""
        now = self._clock()
        self._measures.append((now, value))
        # As time goes by all weights shrink alike, so the median stays until the next measure.
        self._median = _median([(value, 0.5 ** ((now - at) / HALF_LIFE_S)) for at, value in self._measures])

    @property
    def value(self) -> float | None:
        """The median; None where nothing was measured, or not for a long time."""
        if not self._measures or self._clock() - self._measures[-1][0] > FORGOTTEN_S:
            return None
        return self._median


def _median(weighted: list[tuple[float, float]]) -> float:
    """Return the least value that at least half of the weight lies at or below."""
    left = sum(weight for _, weight in weighted) / 2
    for value, weight in sorted(weighted):
        left -= weight
        if left <= 0:
            return value
    return max(weighted)[0]


class Measures:
    """What was measured of one target: seconds to the first content, tokens a second after it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.first_token = Recent(clock)
        self.tokens_per_second = Recent(clock)


class Pace:
    """When the content of one stream came, by the clock of the event loop, and how long its client kept it waiting."""

    def __init__(self) -> None:
        self.first: float | None = None
        self._last = 0.0
        self._held_s = 0.0

    def content(self, at: float) -> None:
        """Note that content has come."""
        if self.first is None:
            self.first = at
        self._last = at

    def held(self, seconds: float) -> None:
        """Note that the client took so long to take what had come."""
        self._held_s += seconds

    def tokens_per_second(self, usage: Usage | None) -> float | None:
        """Return how fast tokens came after the first; None where that cannot be said.

        So it is for short answers, for tokens that nobody saw come (hidden reasoning), and where it was the client that
        was slow.
        """
        if usage is None or self.first is None or usage.reasoning_tokens:
            return None
        tokens, took_s = usage.completion_tokens - 1, self._last - self.first
        if tokens < FEWEST_TOKENS or took_s < SHORTEST_S or self._held_s > took_s / 2:
            return None
        return tokens / took_s
