"""The upstreams of most journeys: one of each kind for all tests of a file, which see what it was asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI


@pytest.fixture(scope="module")
def local() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        yield server


@pytest.fixture(scope="module")
def cloud() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server
