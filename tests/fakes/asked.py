"""A fake `Ask`: answers by method and path, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from proxy.doctor.ask import Answer, Unreachable

STREAM = Answer(
    status=200,
    headers={"content-type": "text/event-stream; charset=utf-8"},
    body=b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n',
)


def listing(*models: str) -> Answer:
    """Answer with a list of models."""
    return Answer(status=200, body=msgspec.json.encode({"data": [{"id": model} for model in models]}))


def error(status: int, message: str = "no") -> Answer:
    """Answer with an error in OpenAI's shape."""
    return Answer(status=status, body=msgspec.json.encode({"error": {"message": message}}))


class Question(msgspec.Struct, frozen=True):
    """One question as it came in."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any


class FakeAsk:
    """Answers the last part of a path; whatever it has no answer for cannot be reached."""

    def __init__(self, answers: Mapping[str, Answer | Unreachable | float] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[Question] = []

    async def __call__(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, timeout_s: float
    ) -> Answer:
        """Answer, raise, or (for a number) be silent for so many seconds."""
        assert timeout_s > 0
        self.asked.append(Question(method, url, headers, msgspec.json.decode(body) if body else None))
        answer = self.answers.get(urlsplit(url).path.rpartition("/")[2])
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        if isinstance(answer, Answer):
            return answer
        raise answer if isinstance(answer, Unreachable) else Unreachable("connection refused", "refused")
