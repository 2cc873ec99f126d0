from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadGateway, UpstreamAnswered, UpstreamError
from proxy.providers.failures import Said, failure_from, normalise, read_said, renamed, said_in, stream_failure
from proxy.wire.sse import Frame

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "type", "param"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def failed(status: int, body: object, headers: dict[str, str] | None = None) -> UpstreamError:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure_from(status, headers or {}, written, "m")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        # OpenAI, vLLM, LM Studio: an object.
        ({"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}, "no"),
        ({"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": 400}, "no"),
        # Ollama, where its middleware is passed by: a string; its cloud: more beside it.
        ({"error": "no"}, "no"),
        ({"error": "no", "signin_url": "https://ollama.com/x"}, "no"),
        # llama.cpp: an integer code.
        ({"error": {"code": 500, "message": "no", "type": "server_error"}}, "no"),
        # FastAPI and its kin.
        ({"detail": "no"}, "no"),
        ({"error": {"detail": "no"}}, "no"),
        ({"message": "no"}, "no"),
        ({"error": {"error": "no"}}, "no"),
        ("no", "no"),
        # Ollama around llama.cpp: the message is itself a body.
        ({"error": {"message": '{"error":{"code":500,"message":"no","type":"x"}}'}}, "no"),
        ({"error": '{"error":{"message":"no"}}'}, "no"),
        ({"error": {"message": "{not json}"}}, "{not json}"),
        ({"error": {"message": '{"a":1}'}}, '{"a":1}'),
        # No JSON at all.
        (b"no\n", "no"),
        (b"404 page\n  not found", "404 page not found"),
        (b"<html><body>502</body></html>", "The upstream answered with a page of HTML instead of JSON."),
        (b"\xff\xfe no", "\ufffd\ufffd no"),
        # Nothing.
        (b"", "The upstream answered 418 without saying why."),
        (b"  \n", "The upstream answered 418 without saying why."),
        ({}, "The upstream answered 418 without saying why."),
        ({"error": None}, "The upstream answered 418 without saying why."),
        ({"error": {"message": ""}}, "The upstream answered 418 without saying why."),
        ({"error": {"message": 5}}, "The upstream answered 418 without saying why."),
        ({"error": ""}, "The upstream answered 418 without saying why."),
        ([], "The upstream answered 418 without saying why."),
        (b"null", "The upstream answered 418 without saying why."),
    ],
)
def test_the_words_are_found_whatever_the_shape(body: object, message: str) -> None:
    error = failed(418, body)
    assert (error.status, error.message) == (418, message)


@pytest.mark.parametrize(
    ("status", "error", "kind", "code", "failure"),
    [
        (400, {"message": "no"}, "invalid_request_error", None, "bad_request"),
        (
            400,
            {"message": "no", "code": "unsupported_value"},
            "invalid_request_error",
            "unsupported_value",
            "bad_request",
        ),
        (400, {"message": "no", "code": "content_filter"}, "invalid_request_error", "content_filter", "content_filter"),
        (400, {"message": "no", "code": 400}, "invalid_request_error", None, "bad_request"),
        (401, {"message": "no"}, "invalid_request_error", "invalid_api_key", "auth"),
        (403, {"message": "no", "type": "api_error"}, "permission_error", None, "auth"),
        (404, {"message": "no such page"}, "invalid_request_error", None, "model_missing"),
        (408, {"message": "no"}, "invalid_request_error", None, "timeout_first_token"),
        (413, {"message": "no"}, "invalid_request_error", "request_too_large", "bad_request"),
        (422, {"message": "no"}, "invalid_request_error", None, "bad_request"),
        (429, {"message": "no"}, "rate_limit_error", "rate_limit_exceeded", "rate_limited"),
        (429, {"message": "no", "type": "tokens"}, "tokens", "rate_limit_exceeded", "rate_limited"),
        (
            429,
            {"message": "no", "type": "insufficient_quota", "code": "insufficient_quota"},
            "insufficient_quota",
            "insufficient_quota",
            "rate_limited",
        ),
        (500, {"message": "no", "type": "api_error"}, "server_error", "upstream_error", "server_error"),
        (500, {"message": "no", "type": "server_error"}, "server_error", "upstream_error", "server_error"),
        (503, {"message": "server busy, please try again."}, "server_error", "upstream_error", "server_error"),
        (529, {"message": "no", "code": "overloaded"}, "server_error", "overloaded", "server_error"),
    ],
)
def test_status_stays_and_type_and_code_are_what_openais_clients_know(
    status: int, error: dict[str, Any], kind: str, code: str | None, failure: str
) -> None:
    found = failed(status, {"error": error})
    assert (found.status, found.type, found.code, found.failure) == (status, kind, code, failure)


def test_a_param_is_kept() -> None:
    assert failed(400, {"error": {"message": "no", "param": "tools[0]"}}).param == "tools[0]"


@pytest.mark.parametrize(
    "message",
    [
        "model 'x' not found",
        'model "x" not found, try pulling it first',
        "The model `x` does not exist",
        "Model Not Found",
    ],
)
def test_a_missing_model_is_named_as_openai_would_and_by_our_name_for_it(message: str) -> None:
    error = failed(404, {"error": {"message": message, "type": "not_found_error"}})
    assert (error.type, error.code, error.param) == ("invalid_request_error", "model_not_found", "model")
    assert error.message == "The model `m` does not exist or you do not have access to it."


@pytest.mark.parametrize("status", [400, 413, 500, 502])
@pytest.mark.parametrize(
    "error",
    [
        {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length_exceeded"},
        {
            "message": "the request exceeds the available context size",
            "type": "exceed_context_size_error",
            "n_ctx": 4096,
        },
        {"message": '{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'},
        {"message": "the prompt is longer than the context length currently available"},
        {"message": "Context size has been exceeded."},
    ],
)
def test_a_prompt_that_is_too_long_is_the_same_error_everywhere(status: int, error: dict[str, Any]) -> None:
    found = failed(status, {"error": error})
    assert (found.status, found.type, found.code) == (400, "invalid_request_error", "context_length_exceeded")
    assert (found.param, found.failure) == ("messages", "context_too_long")


@pytest.mark.parametrize("status", [100, 204, 301, 302, 304, 307, 308, 399])
def test_a_redirect_is_no_answer_and_is_not_handed_on(status: int) -> None:
    error = failed(status, b"", {"location": "https://elsewhere.example/v1"})
    assert isinstance(error, BadGateway)
    assert (error.status, "location" in error.headers) == (502, False)
    assert "elsewhere" not in error.message


def test_headers_that_tell_the_client_what_to_do_are_kept_and_no_others() -> None:
    kept = {
        "retry-after": "7",
        "retry-after-ms": "7000",
        "x-should-retry": "true",
        "x-request-id": "req_1",
        "x-ratelimit-remaining-tokens": "0",
    }
    others = {"set-cookie": "a=b", "server": "cloudflare", "content-length": "5", "x-wye-target": "spoofed", "via": "x"}
    assert failed(429, {"error": "slow down"}, {**kept, **others}).headers == kept


def test_a_long_message_is_cut_and_a_long_page_is_not_copied() -> None:
    assert len(failed(500, {"error": "x" * 10_000}).message) == 2_000
    assert len(failed(500, b"x" * 10_000).message) == 2_000
    assert len(failed(500, b"<html>" + b"x" * 10_000).message) < 100


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (Frame(b'{"error":{"message":"no"}}'), "no"),
        (Frame(b'{"code":500,"message":"no"}', "error"), "no"),
        (Frame(b"no", "error"), "no"),
        (Frame(b'{"error":{}}'), "The upstream's stream failed without saying why."),
    ],
)
def test_an_error_in_a_stream_has_the_status_of_a_broken_upstream(frame: Frame, message: str) -> None:
    error = stream_failure(frame, "m")
    assert (error.status, error.type, error.message) == (502, "server_error", message)


@given(JSON, st.integers(400, 599))
def test_no_error_body_makes_it_fail(body: object, status: int) -> None:
    error = failed(status, body)
    assert isinstance(error, UpstreamAnswered)
    assert error.status in (status, 400)
    assert error.message


@given(st.binary(max_size=50))
def test_no_bytes_make_it_fail(body: bytes) -> None:
    said = read_said(body)
    assert said is None or said.message


def test_an_opened_message_keeps_what_it_says_itself() -> None:
    assert said_in({"error": {"message": '{"error":{"message":"in","type":"t","code":"c","param":"p"}}'}}) == Said(
        "in", "t", "c", "p"
    )


def test_a_said_error_is_normalised_once() -> None:
    error = normalise(502, Said("no", "server_error", "overloaded"), "m")
    assert (error.type, error.code) == ("server_error", "overloaded")


def test_an_error_says_the_models_own_name() -> None:
    error = normalise(400, Said('"m:local" cannot do this, m:local'), "m")
    assert renamed(error, "m:local", "m").message == '"m" cannot do this, m'
    assert renamed(error, "m", "m").message == '"m" cannot do this, m'
