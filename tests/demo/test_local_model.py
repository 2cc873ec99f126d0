from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import openai
import pytest

from proxy.demo import DemoFailed
from proxy.demo.children import Child, free_port, module
from proxy.demo.local_model import MODEL, model_file
from proxy.demo.samples import connect
from tests.demo.processes import all_gone

HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Why is the sky blue?"}]


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    port = free_port()
    child = Child("the local model", module("proxy.demo.local_model", "--port", str(port)))
    child.wait_until_ready(port, "/health")
    with connect(f"http://127.0.0.1:{port}/v1") as client:
        yield client
    child.stop()
    assert all_gone([child.pid])


def test_the_model_is_listed_under_its_short_name(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]


def test_it_answers_a_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=40, temperature=0)
    assert "light" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 40


def test_it_streams_a_chat_and_counts_it(client: openai.OpenAI) -> None:
    options: openai.types.chat.ChatCompletionStreamOptionsParam = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=HELLO, max_completion_tokens=12, temperature=0, stream=True, stream_options=options
        )
    )
    words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(words) > 5
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 12


def test_it_answers_several_at_once(client: openai.OpenAI) -> None:
    def ask(_number: int) -> str | None:
        answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=5)
        return answer.choices[0].message.content

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(6)))


def test_a_missing_model_package_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[metadata.PackagePath]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(DemoFailed, match=r"^the demo needs the model package: run `uv sync --group demo`$"):
        model_file()


def test_a_missing_model_file_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "files", lambda _name: [])
    with pytest.raises(DemoFailed, match=r"^the demo needs the model package"):
        model_file()
