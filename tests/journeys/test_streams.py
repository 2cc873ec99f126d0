"""Streams on the wire: events come as they are sent, byte for byte, and end as OpenAI's do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import DONE, SSE, FakeOpenAI, event, json_reply, opened, sse
from tests.journeys.raw import Raw, chat, chats, documents, ready
from tests.wye_process import Wye, one_target

Json = dict[str, Any]
HELLO: list[Json] = [{"role": "user", "content": "hello"}]
USAGE: Json = {"prompt_tokens": 3, "completion_tokens": 60, "total_tokens": 63}


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    with Wye(one_target(upstream.base_url)) as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_script(upstream: FakeOpenAI) -> None:
    upstream.script = None


def chunk(delta: Json, reason: str | None = None, **more: Any) -> Json:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    shell = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
    return {**shell, "choices": [choice], **more}


ROLE = chunk({"role": "assistant", "content": "", "refusal": None})
END = chunk({}, "stop")


def test_usage_is_asked_for_and_its_chunk_kept_from_whoever_did_not_ask(wye: Wye, upstream: FakeOpenAI) -> None:
    with Raw(wye, chat(stream=True)) as raw:
        chunks = documents(raw.rest())
        settled = wye.settled(raw.headers["x-wye-id"])
    assert chats(upstream)[-1].json()["stream_options"] == {"include_usage": True}
    assert all(chunk["choices"] and not chunk.get("usage") for chunk in chunks)
    assert min(settled["tokens_in"], settled["tokens_out"]) > 0


def test_whoever_asks_for_usage_gets_it(wye: Wye) -> None:
    with wye.client() as client:
        asked = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        *before, last = asked
    assert all(chunk.usage is None for chunk in before)
    assert last.usage is not None
    assert last.usage.total_tokens > 0


def test_what_else_is_in_stream_options_goes_along(wye: Wye, upstream: FakeOpenAI) -> None:
    with Raw(wye, chat(stream=True, stream_options={"include_obfuscation": False})) as raw:
        chunks = documents(raw.rest())
    assert chats(upstream)[-1].json()["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert not any("obfuscation" in chunk for chunk in chunks)


def test_the_first_words_arrive_while_the_upstream_still_thinks(wye: Wye, upstream: FakeOpenAI) -> None:
    heard = threading.Event()
    upstream.script = sse(event(ROLE) + event(chunk({"content": "first"})), chunk({"content": "last"}), END, gate=heard)
    with Raw(wye, chat(stream=True)) as raw:
        assert b"last" not in raw.until(b"first")
        heard.set()
        assert [one["choices"][0]["delta"].get("content") for one in documents(raw.rest())] == [
            *("", "first", "last"),
            None,
        ]


def test_content_frames_are_the_upstreams_own_bytes(wye: Wye, upstream: FakeOpenAI) -> None:
    odd = (
        '{ "object":"chat.completion.chunk", "x_new": 1.50, "choices" : [{"delta":{"content":"é\\u00e9 "},"index":0}] }'
    )
    frames = [event(ROLE), event(odd), event(chunk({"content": "\x7f\u2028"})), event(END)]
    usage = event({**END, "choices": [], "usage": USAGE})
    upstream.script = sse(*frames, usage)
    with Raw(wye, chat(stream=True)) as raw:
        assert raw.rest() == b"".join(frames) + DONE
    with Raw(wye, chat(stream=True, stream_options={"include_usage": True})) as raw:
        assert raw.rest() == b"".join(frames) + usage + DONE


def test_the_answer_ends_with_done_although_the_upstream_holds_on(wye: Wye, upstream: FakeOpenAI) -> None:
    async def holding(_: Request, wire: Wire) -> None:
        await wire.start(200, SSE)
        await wire.write(event(ROLE) + event(chunk({"content": "x"})) + event(END) + DONE)
        await wire.gone()

    upstream.script = holding
    with Raw(wye, chat(stream=True)) as raw:
        assert raw.rest().endswith(DONE)
        assert wye.settled(raw.headers["x-wye-id"])["status"] == 200
    assert chats(upstream)[-1].gone.wait(1)


def test_what_comes_after_done_is_nobodys(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = sse(
        event(ROLE), event(chunk({"content": "x"})), event(END) + DONE + event(chunk({"content": "!"}))
    )
    with Raw(wye, chat(stream=True)) as raw:
        assert [one["choices"][0]["finish_reason"] for one in documents(raw.rest())] == [None, None, "stop"]


def test_a_finished_stream_without_done_gets_one(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = sse(ROLE, chunk({"content": "x"}), END, end="eof")
    with Raw(wye, chat(stream=True)) as raw:
        assert documents(raw.rest()) == [ROLE, chunk({"content": "x"}), END]


def test_an_audio_stream_ends_with_done_alone(wye: Wye, upstream: FakeOpenAI) -> None:
    spoken = [chunk({"audio": {"id": "a", "data": "AA=="}}), chunk({"audio": {"expires_at": 2}})]
    upstream.script = sse(*spoken)
    with Raw(wye, chat(stream=True)) as raw:
        assert documents(raw.rest()) == spoken


def test_comments_and_odd_fields_of_the_upstream_go_no_further(wye: Wye, upstream: FakeOpenAI) -> None:
    content, beat = chunk({"content": "x"}), b": ping\n"
    upstream.script = sse(
        b":\n\n: ping\n\n" + event(ROLE),
        b"retry: 1000\n\nid: 7\n" + event(content),
        beat,
        b"event: ping\n\ndata:\n\n" + event(END),
    )
    with Raw(wye, chat(stream=True)) as raw:
        assert raw.rest() == event(ROLE) + event(content) + event(END) + DONE


def in_pieces(whole: bytes, size: int) -> Handler:
    async def handle(_: Request, wire: Wire) -> None:
        await wire.start(200, SSE)
        for at in range(0, len(whole), size):
            await wire.write(whole[at : at + size])
        await wire.end()

    return handle


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_sixty_chunks_arrive_however_they_are_cut(wye: Wye, upstream: FakeOpenAI, line_end: bytes, size: int) -> None:
    frames = [ROLE, *(chunk({"content": f"n{n} "}) for n in range(60)), END]
    clean = b"".join(map(event, frames)) + DONE
    upstream.script = in_pieces(clean.replace(b"\n", line_end), size)
    with Raw(wye, chat(stream=True)) as raw:
        assert raw.rest() == clean


def test_json_in_several_lines_becomes_one(wye: Wye, upstream: FakeOpenAI) -> None:
    lines = json.dumps(chunk({"content": "spread"}), indent=1).splitlines()
    spread = "".join(f"data: {line}\n" for line in lines).encode() + b"\n"
    upstream.script = sse(ROLE, chunk({"content": "x"}), spread, END)
    with Raw(wye, chat(stream=True)) as raw:
        assert documents(raw.rest()) == [ROLE, chunk({"content": "x"}), chunk({"content": "spread"}), END]


@pytest.mark.parametrize(
    "answer",
    [
        json_reply(200, {"id": "c", "choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}),
        json_reply(200, {"error": {"message": "no", "type": "x", "param": None, "code": None}}),
        json_reply(200, b"", {"content-type": "application/x-ndjson"}),
        json_reply(200, b"<html>", {"content-type": "text/html"}),
    ],
)
def test_a_whole_answer_to_a_request_for_a_stream_is_an_error(wye: Wye, upstream: FakeOpenAI, answer: Handler) -> None:
    upstream.script = answer
    with wye.client() as client, pytest.raises(openai.InternalServerError) as failed:
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "x"}], stream=True)
    assert (failed.value.status_code, failed.value.type) == (502, "server_error")


def test_streams_at_the_same_time_are_not_mixed_up(wye: Wye, upstream: FakeOpenAI) -> None:
    everyone_is_here = threading.Event()
    count = 30

    async def answer(request: Request, wire: Wire) -> None:
        text = request.json()["messages"][0]["content"]
        await wire.start(200, SSE)
        await wire.write(event(ROLE) + event(chunk({"content": text})))
        await opened(everyone_is_here)
        for _ in range(20):
            await wire.write(event(chunk({"content": text})))
        await wire.write(event(END) + DONE)
        await wire.end()

    def said(name: str) -> str:
        with Raw(wye, chat(name, stream=True)) as raw:
            return "".join(one["choices"][0]["delta"].get("content", "") for one in documents(raw.rest()))

    upstream.script, before = answer, len(chats(upstream))
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(said, f"<{n}>") for n in range(count)]
        upstream.wait_for(lambda _: len(chats(upstream)) == before + count)
        everyone_is_here.set()
        assert [one.result(10) for one in asked] == [f"<{n}>" * 21 for n in range(count)]
