"""How llama.cpp, vLLM, LM Studio and others fail, and that the OpenAI SDK raises it: nothing is cut in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.dialects import FAILING, HARMLESS, failing, two_words
from tests.journeys.raw import Raw, chat, documents, ready, sdk
from tests.wye_process import Wye, one_target

Json = dict[str, Any]
ASKED: Json = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    with Wye(one_target(upstream.base_url, kind="compatible")) as server:
        yield ready(server)


def plain(status: int, body: Any) -> Handler:
    """Answer whole, without any of OpenAI's headers."""

    async def handle(_: Request, wire: Wire) -> None:
        await wire.reply(status, body)

    return handle


def ask(wye: Wye, **more: Any) -> Any:
    return sdk(wye).chat.completions.create(**ASKED, **more)


def stream(wye: Wye, **more: Any) -> list[ChatCompletionChunk]:
    with sdk(wye).chat.completions.create(**ASKED, stream=True, **more) as answer:
        return list(answer)


LONG = {"code": 400, "message": "too long", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8}
FULL = {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}
LOADING = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
MISSING = {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404}
LOST = "Unexpected endpoint or method. (POST /v1/chat/completions)"


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ((400, {"error": LONG}), (400, "context_length_exceeded", "too long")),
        ((500, {"error": FULL}), (400, "context_length_exceeded", "Context size")),
        ((503, {"error": LOADING}), (503, "upstream_error", "Loading model")),
        ((401, {"error": "Unauthorized"}), (401, "invalid_api_key", "Unauthorized")),
        ((404, MISSING), (404, "model_not_found", "does not exist")),
        ((422, {"detail": "bad field"}), (422, None, "bad field")),
        ((429, {"message": "slow down"}), (429, "rate_limit_exceeded", "slow down")),
        ((502, "<html>Bad Gateway</html>"), (502, "upstream_error", "HTML")),
        ((500, b""), (500, "upstream_error", "answered 500")),
        ((200, {"error": LOST}), (502, "upstream_error", "Unexpected endpoint")),
        ((200, "plain words"), (502, "upstream_error", "not JSON")),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_error_is_raised_with_its_words(
    wye: Wye, upstream: FakeOpenAI, answer: tuple[int, Any], raised: tuple[int, str | None, str], streamed: bool
) -> None:
    upstream.script = plain(*answer)
    with pytest.raises(openai.APIStatusError) as failed:
        ask(wye, stream=streamed)
    status, code, said = raised
    assert (failed.value.status_code, failed.value.code) == (status, code)
    assert said in failed.value.message
    assert failed.value.request_id


@pytest.mark.parametrize(("frames", "said"), FAILING)
def test_a_stream_that_fails_in_any_dialect_raises(
    wye: Wye, upstream: FakeOpenAI, frames: list[bytes], said: str
) -> None:
    upstream.script = failing(frames)
    with pytest.raises(openai.APIError, match=said):
        stream(wye)


@pytest.mark.parametrize("between", HARMLESS)
def test_what_breaks_an_sdk_when_it_is_handed_on_is_not(wye: Wye, upstream: FakeOpenAI, between: bytes) -> None:
    upstream.script = two_words(between)
    assert "".join(one.choices[0].delta.content or "" for one in stream(wye)) == "haha"
    with Raw(wye, chat(stream=True)) as raw:
        assert not any("error" in one for one in documents(raw.rest()))
