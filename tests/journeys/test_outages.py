"""Upstreams that are down, silent or broken, and a wye that points at itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import openai
import pytest

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import FakeOpenAI, error, silence
from tests.journeys.raw import Raw, chat, chats, documents, ready
from tests.wye_process import Wye, one_target

UNSPOKEN = "swordfish-4711"


@pytest.fixture(scope="module")
def one() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def two() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(one: FakeOpenAI, two: FakeOpenAI) -> Iterator[Wye]:
    with Wye(f"""
[target.one]
kind = "openai"
url = "{one.base_url}"
timeouts = {{ first_token = "300ms", idle = "300ms", total = "300ms" }}
[target.two]
kind = "openai"
url = "{two.base_url}"
[target.gone]
kind = "openai"
url = "http://127.0.0.1:9/v1"
[target.lost]
kind = "openai"
url = "http://no-such-host.invalid/v1"
[[rule]]
name = "both"
when = {{ model = "both" }}
use = ["one:gpt-4o", "two:gpt-4o"]
[[rule]]
name = "nobody"
when = {{ model = "nobody" }}
use = ["gone:gpt-4o", "lost:gpt-4o"]
[[rule]]
name = "one"
use = ["one:gpt-4o"]
""") as server:
        yield ready(server)
    assert not [line for line in server.lines if UNSPOKEN in line]


@pytest.fixture(autouse=True)
def _usual_scripts(one: FakeOpenAI, two: FakeOpenAI) -> None:
    one.script = two.script = None


@pytest.mark.parametrize("streamed", [False, True])
def test_when_nobody_can_be_reached_it_says_who_and_why(wye: Wye, streamed: bool) -> None:
    with Raw(wye, chat(UNSPOKEN, model="nobody", stream=streamed)) as raw:
        said = raw.error()
    assert (raw.answer.status, said["code"], said["type"]) == (503, "no_target_available", "server_error")
    assert "'gone' cannot be reached: the connection was refused" in said["message"]
    assert "'lost' cannot be reached: its host name is not known" in said["message"]
    assert (raw.headers["x-wye-attempts"], raw.headers["x-should-retry"]) == ("2", "false")
    assert (raw.headers["x-wye-rule"], raw.headers.get("x-wye-target")) == ("nobody", None)


@pytest.mark.parametrize("streamed", [False, True])
def test_silence_is_a_timeout(wye: Wye, one: FakeOpenAI, streamed: bool) -> None:
    one.script = silence()
    with Raw(wye, chat(UNSPOKEN, stream=streamed)) as raw:
        said = raw.error()
    assert (raw.answer.status, said["code"], said["type"]) == (504, "upstream_timeout", "server_error")
    assert chats(one)[-1].gone.wait(1)


def answering(*pieces: bytes) -> Handler:
    async def handle(_: Request, wire: Wire) -> None:
        for piece in pieces:
            await wire.raw(piece)

    return handle


OK = b'{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(OK), OK)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\r\n\r\n",
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        HEAD,
        HEAD + b"Content-Length: 900\r\n\r\n" + OK,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + OK,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(OK), OK),
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}  ",
        HEAD + b"Content-Length: 0\r\n\r\n",
        HEAD + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot json!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n\x00\xff\xfe not utf",
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_garbage_is_a_bad_gateway(wye: Wye, one: FakeOpenAI, garbage: bytes, streamed: bool) -> None:
    one.script = answering(garbage) if garbage else answering(b"")
    with Raw(wye, chat(UNSPOKEN, stream=streamed)) as raw:
        said = raw.error()
    assert (raw.answer.status, said["code"], said["type"]) == (502, "upstream_error", "server_error")


@pytest.mark.parametrize("second", [WHOLE.replace(b"hi", b"no"), b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", b"!"])
def test_what_follows_an_answer_is_nobodys(wye: Wye, one: FakeOpenAI, second: bytes) -> None:
    one.script = answering(WHOLE + second)
    with Raw(wye, chat()) as raw:
        body = raw.rest()
    assert (raw.answer.status, body) == (200, OK)
    one.script = None
    with Raw(wye, chat(UNSPOKEN)) as raw:
        assert raw.json()["choices"][0]["message"]["content"] == f"openai:gpt-4o: {UNSPOKEN}"


def test_interim_answers_are_passed_over(wye: Wye, one: FakeOpenAI) -> None:
    one.script = answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", WHOLE)
    with Raw(wye, chat()) as raw:
        assert raw.rest() == OK
    assert "link" not in raw.headers


def test_an_answer_without_a_length_lasts_until_the_connection_closes(wye: Wye, one: FakeOpenAI) -> None:
    one.script = answering(HEAD + b"\r\n", OK)
    with Raw(wye, chat()) as raw:
        assert raw.rest() == OK


def test_a_kept_connection_that_its_server_closed_costs_nothing(wye: Wye, one: FakeOpenAI) -> None:
    for _ in range(3):
        with Raw(wye, chat()) as raw:
            assert raw.answer.status == 200
            raw.rest()
            assert raw.headers["x-wye-attempts"] == "1"
        one.close_idle()


def test_a_connection_is_kept_after_a_whole_answer_and_a_whole_stream(wye: Wye, one: FakeOpenAI) -> None:
    with Raw(wye, chat()) as raw:
        raw.rest()
    before = one.connections
    for _ in range(4):
        with Raw(wye, chat(stream=True)) as raw:
            documents(raw.rest())
        wye.settled(raw.headers["x-wye-id"])
        with Raw(wye, chat()) as raw:
            raw.rest()
    assert one.connections - before <= 1


@pytest.mark.parametrize("streamed", [False, True])
def test_after_everybody_was_tried_the_sdk_does_not_repeat_it(
    wye: Wye, one: FakeOpenAI, two: FakeOpenAI, streamed: bool
) -> None:
    one.script, two.script = error(500, None, "one"), error(503, "busy", "two", headers={"x-should-retry": "true"})
    before = len(chats(one)), len(chats(two))
    with wye.client(max_retries=2) as client, pytest.raises(openai.InternalServerError, match="one") as failed:
        client.chat.completions.create(model="both", messages=[{"role": "user", "content": "x"}], stream=streamed)
    assert failed.value.response.headers["x-should-retry"] == "false"
    assert failed.value.response.headers["x-wye-attempts"] == "2"
    assert (len(chats(one)), len(chats(two))) == (before[0] + 1, before[1] + 1)


def test_the_first_error_in_words_speaks_for_all(wye: Wye, one: FakeOpenAI, two: FakeOpenAI) -> None:
    one.script, two.script = answering(b"garbage\r\n\r\n"), error(429, "rate_limit_exceeded", "two is busy")
    with Raw(wye, chat(model="both")) as raw:
        assert raw.error()["message"] == "two is busy"
        assert raw.answer.status == 429


def test_a_wye_that_points_at_itself_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    loop = one_target(f"http://127.0.0.1:{port}/v1", more='models = ["m"]')
    with Wye(loop, "--port", str(port)) as wye, Raw(wye, chat(UNSPOKEN, model="m")) as raw:
        said = raw.error()
        assert (raw.answer.status, said["code"]) == (508, "loop_detected")
        assert raw.headers["x-should-retry"] == "false"
    assert not [line for line in wye.lines if UNSPOKEN in line]
