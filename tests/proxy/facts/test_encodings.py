from __future__ import annotations

import base64
import random

import pytest

from proxy.facts.encodings import BLOB, SHORTEST, as_text, decode_runs

NOISE = random.Random(7).randbytes(600)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("length", range(12, 19))
def test_every_length_of_text_comes_back_with_and_without_padding(length: int) -> None:
    text = "the secret is out now"[:length]
    assert decode_runs([b64(text.encode())]) == ([text], False)
    assert decode_runs([b64(text.encode()).rstrip("=")]) == ([text], False)


def test_a_run_that_is_too_short_is_left_alone() -> None:
    assert len(b64(b"hello world")) == SHORTEST
    assert decode_runs([b64(b"hello wor")]) == ([], False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello there",
        "/v1/chat/completions?",
        "550e8400-e29b-41d4-a716-446655440000",
        "gpt-4o-mini-2024-07-18",
        "internationalization",
        "9b3c0cf0f2a1e4d5c6b7a8990123456789abcdef",
        "a" * 5_000,
        "=" * 500,
        "Apples2\nPears1\n" * 200,
        "-" * 500,
    ],
)
def test_what_only_looks_encoded_gives_nothing_and_is_no_blob(text: str) -> None:
    assert decode_runs([text]) == ([], False)


def test_texts_are_never_read_across_their_borders() -> None:
    whole = b64(b"the secret is out now")
    assert decode_runs([whole[:8], whole[8:16], whole[16:]]) == ([], False)


@pytest.mark.parametrize(
    "text",
    [
        b64(NOISE),
        b64(NOISE)[: BLOB + 40],
        NOISE.hex(),
        f"see {b64(NOISE)} there",
        "data:image/png;base64," + b64(NOISE[:40]),
        base64.urlsafe_b64encode(NOISE).decode(),
        base64.encodebytes(NOISE).decode(),
        "data:;base64," + b64(NOISE[:24]),
        "decode\nthis\n" + base64.encodebytes(NOISE).decode(),
        "\n".join(b64(NOISE)[start : start + 20] for start in range(0, 800, 20)),
        "\n".join(b64(NOISE * 5)[start : start + 20] for start in range(0, 4_000, 20)),
        " ".join(b64(NOISE)[start : start + 8] for start in range(0, 800, 8)),
    ],
)
def test_a_blob_that_is_no_text_is_reported(text: str) -> None:
    assert decode_runs([text])[1] is True


def test_a_blob_that_is_text_is_not() -> None:
    text = "All of this can be read. " * 40
    assert decode_runs([b64(text.encode())]) == ([text], False)
    assert decode_runs(["data:text/plain;base64," + b64(text.encode())]) == ([text], False)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("über".encode(), "über"),
        ("Text".encode("utf-16"), "Text"),
        ("Text".encode("utf-16-be"), "Text"),
        (b"\xff\xfe", None),
        (b"a\x00b", None),
        (b"\x1b[0m", None),
        (b"", None),
        (NOISE, None),
    ],
)
def test_bytes_are_text_or_they_are_not(data: bytes, text: str | None) -> None:
    assert as_text(data) == text
