from __future__ import annotations

import inspect
import re

import pytest

from proxy import errors
from proxy.errors import (
    Forbidden,
    LoopDetected,
    NotFound,
    Overloaded,
    ProxyError,
    Secret,
    UpstreamAnswered,
    UpstreamError,
)

ALL = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, ProxyError)}
DRAWN = re.compile(r"^ +[│ ]*(?:[├└]── )?(\w+) *(\d{3})?", re.MULTILINE)
# What openai-python and openai-node make of an error depends on these words and no others.
TYPES = {"invalid_request_error", "permission_error", "server_error"}


def made(kind: type[ProxyError]) -> ProxyError:
    if issubclass(kind, UpstreamAnswered):
        return kind("No.", status=418, type="server_error")
    if issubclass(kind, Overloaded):
        return kind("No.", retry_after_s=5)
    return kind("No.")


def drawn() -> dict[str, str]:
    picture = (errors.__doc__ or "").split("\n\n")[1]
    return {match[1]: match[2] for match in DRAWN.finditer(picture)}


def test_the_picture_shows_every_error_with_its_status() -> None:
    shown = drawn()
    assert shown.keys() == ALL.keys()
    assert {name: int(status) for name, status in shown.items() if status} == {
        name: kind.status
        for name, kind in ALL.items()
        if name not in {"ProxyError", "UpstreamError", "UpstreamAnswered"}
    }


@pytest.mark.parametrize("name", sorted(ALL))
def test_an_error_has_a_form_on_the_wire(name: str) -> None:
    error = made(ALL[name])
    assert 400 <= error.status < 600
    assert error.type in TYPES
    assert (error.message, str(error), error.param, error.attempts) == ("No.", "No.", None, 0)


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_error_shares_its_headers_with_the_next_one(name: str) -> None:
    first = made(ALL[name])
    first.headers["x-test"] = "1"
    assert "x-test" not in made(ALL[name]).headers


@pytest.mark.parametrize("kind", [Forbidden, LoopDetected])
def test_what_would_be_refused_again_says_that_it_need_not_be_tried(kind: type[ProxyError]) -> None:
    assert kind("No.").headers == {"x-should-retry": "false"}


def test_a_full_queue_says_when_to_come_back() -> None:
    assert Overloaded("Full.", retry_after_s=7).headers == {"retry-after": "7"}


def test_a_code_given_goes_before_the_kinds_own() -> None:
    assert (NotFound("x", code="unknown_url").code, NotFound("x").code) == ("unknown_url", None)
    assert (Forbidden("x", code="mine").code, Forbidden("x").code) == ("mine", "forbidden")


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (400, None, "bad_request"),
        (400, "context_length_exceeded", "context_too_long"),
        (400, "content_filter", "content_filter"),
        (401, "invalid_api_key", "auth"),
        (403, None, "auth"),
        (404, "model_not_found", "model_missing"),
        (404, None, "model_missing"),
        (408, None, "timeout_first_token"),
        (413, "request_too_large", "bad_request"),
        (422, None, "bad_request"),
        (402, None, "bad_answer"),
        (405, None, "bad_answer"),
        (409, None, "bad_answer"),
        (451, None, "bad_answer"),
        (429, "rate_limit_exceeded", "rate_limited"),
        (429, "insufficient_quota", "rate_limited"),
        (500, None, "server_error"),
        (502, "upstream_error", "server_error"),
        (503, None, "server_error"),
        (529, None, "server_error"),
    ],
)
def test_what_an_upstream_answered_has_a_class_that_rules_can_name(status: int, code: str | None, failure: str) -> None:
    assert UpstreamAnswered("No.", status=status, type="server_error", code=code).failure == failure


@pytest.mark.parametrize(
    ("name", "failure"),
    [("BadGateway", "bad_answer"), ("Unreachable", "connect"), ("GatewayTimeout", "timeout_first_token")],
)
def test_so_has_what_it_did_instead(name: str, failure: str) -> None:
    error = made(ALL[name])
    assert isinstance(error, UpstreamError)
    assert error.failure == failure


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("sk-up", "Incorrect API key provided: sk-up.", "Incorrect API key provided: ***."),
        ("sk-up", "sk-upsk-up", "******"),
        ("sk-up", "nothing of it", "nothing of it"),
        ("", "sk-up", "sk-up"),
        (None, "sk-up", "sk-up"),
    ],
)
def test_a_key_is_blotted_out_wherever_it_stands(key: str | None, text: str, expected: str) -> None:
    secret = Secret(key)
    assert secret.hidden_in(text) == expected
    error = NotFound(text)
    error.headers["x-echo"] = text
    assert error.without(secret) is error
    assert (error.message, error.headers) == (expected, {"x-echo": expected})


def test_a_secret_shows_itself_to_nobody() -> None:
    assert "sk-up" not in f"{Secret('sk-up')!r} {Secret('sk-up')}"
