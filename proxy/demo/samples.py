"""Three requests through the real OpenAI SDK, and what the reply headers say about their way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from proxy.demo import DemoFailed
from proxy.demo.config import LABEL_REASONS

if TYPE_CHECKING:
    from openai import OpenAI

MOST_TOKENS = 80


class Sample(msgspec.Struct, frozen=True):
    """One request to try."""

    title: str
    model: str
    prompt: str
    stream: bool = False


# Chosen because a model of 135 million parameters has something sensible to say to them.
SAMPLES = (
    Sample("A small question", "gpt-4o-mini", "Why is the sky blue?"),
    Sample("A secret", "gpt-4o", "Write a reminder mail to Anna: my password is hunter2-Blue42.", stream=True),
    Sample("A hard question", "gpt-4o", "Prove that the square root of two is irrational.", stream=True),
)


class Outcome(msgspec.Struct, frozen=True):
    """Who answered a sample, by which rule, under which labels, and what it said."""

    sample: Sample
    target: str
    rule: str
    labels: tuple[str, ...]
    why: str
    answer: str
    seconds: float


def connect(base_url: str) -> OpenAI:
    """Open the SDK as an application uses it, pointed at wye."""
    # Imported here: the SDK takes a second to load, and `wye --help` should not wait for it.
    from openai import DefaultHttpxClient, OpenAI

    # trust_env: an HTTP_PROXY for the internet is not asked the way to this machine.
    client = DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=base_url, api_key="the-demo-needs-no-key", http_client=client, max_retries=0, timeout=120)


def ask(client: OpenAI, sample: Sample, first_choices: Mapping[str, str]) -> Outcome:
    """Send one sample and read its whole answer."""
    from openai import OpenAIError  # see connect

    started = time.monotonic()
    try:
        headers, answer = _send(client, sample)
    except OpenAIError as error:
        raise DemoFailed(f"the sample “{sample.title}” was not answered: {error}") from error
    seconds = round(time.monotonic() - started, 2)
    target, rule = headers.get("x-wye-target", "?"), unquote(headers.get("x-wye-rule", "?"))
    labels = tuple(label.strip() for label in headers.get("x-wye-labels", "").split(",") if label.strip())
    why = reason(target, labels, first_choices.get(rule))
    return Outcome(sample, target, rule, labels, why, answer, seconds)


def _send(client: OpenAI, sample: Sample) -> tuple[Mapping[str, str], str]:
    completions: Any = client.chat.completions.with_raw_response  # its overloads do not know a bool that varies
    reply = completions.create(
        model=sample.model,
        messages=[{"role": "user", "content": sample.prompt}],
        max_completion_tokens=MOST_TOKENS,
        temperature=0,
        stream=sample.stream,
    )
    parsed = reply.parse()
    if not sample.stream:
        return reply.headers, parsed.choices[0].message.content or ""
    return reply.headers, "".join(chunk.choices[0].delta.content or "" for chunk in parsed if chunk.choices)


def reason(target: str, labels: tuple[str, ...], first_choice: str | None) -> str:
    """One sentence, made only of what was seen, that says why this target answered."""
    asked = target.partition(":")[0]
    if labels:
        marked = f"Labelled {', '.join(labels)}: {'; '.join(LABEL_REASONS.get(label, label) for label in labels)}."
        if first_choice in (None, asked):
            return marked
        return f"{marked} Its rule asks {first_choice} first, which may not see that, so {asked} answered."
    if first_choice in (None, asked):
        return f"Nothing private was found, and the rule asks {asked} first."
    return f"Nothing private was found; the rule asks {first_choice} first, which did not answer, so {asked} did."
