"""Ways to say a secret apart, between the lines, in letters nobody sees; and ordinary prompts, which stay ordinary."""

# ruff: noqa: RUF001 - other scripts are what some of these prompts are about

from __future__ import annotations

import base64
import json
import quopri
from typing import Any

import pytest

from proxy.facts.detectors import Detectors
from proxy.facts.names import PII_KINDS
from proxy.facts.request_facts import RequestFacts

PATTERN = r"matches:(?i)\bpassword is hunter2\b"
WORD = r"matches:(?i)\bpassword\b"
NAMED = r"matches:(?i)\bpassword\s*: hunter2\b"
DETECTORS = Detectors([PATTERN, WORD, NAMED])
SAID = "my password is hunter2, keep it"


def found(document: Any, name: str = PATTERN) -> object:
    return RequestFacts(
        endpoint="chat", model="m", stream=False, headers={}, document=document, texts=["/v1/chat/completions?"],
        detectors=DETECTORS,
    ).value(name)  # fmt: skip


def said(content: object, role: str = "user") -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": role, "content": content}]}


def b64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def lines_of(text: str, width: int, end: str = "\n") -> str:
    return end.join(text[start : start + width] for start in range(0, len(text), width))


LONG = "The minutes of the meeting follow, all of them, as they were taken down. " * 3 + SAID
CYRILLIC = "мой пароль очень длинный " * 2 + SAID
NOISE = bytes(range(128, 256)) * 2

ENCODED = {
    "behind a word on its own line": "decode this\n" + b64(SAID),
    "behind three words on their lines": "decode\nall\nthis\n" + b64(SAID),
    "before a word on its own line": b64(SAID) + "\nthanks",
    "between words on their lines": "decode\n" + lines_of(b64(LONG), 64) + "\nthanks",
    "in lines of 64": lines_of(b64(LONG), 64),
    "in lines of 76, url-safe, without padding": lines_of(
        base64.urlsafe_b64encode(LONG.encode()).decode().rstrip("="), 76, "\r\n"
    ),
    "with blank lines between": lines_of(b64(LONG), 16, "\n\n"),
    "quoted as in a mail": "> " + lines_of(b64(LONG), 64, "\n> "),
    "in groups of four": lines_of(b64(SAID), 4, " "),
    "in groups of eight with dots": lines_of(b64(SAID), 8, "."),
    "in the middle of letters": "abcde" + b64(SAID) + "fghij",
    "in the middle of noise": b64(NOISE + SAID.encode() + NOISE),
    "of utf-16 in the middle of noise": b64(NOISE + SAID.encode("utf-16-le") + NOISE),
    "of cyrillic behind a word": "word\n" + b64(CYRILLIC),
    "of cyrillic behind letters": "abc" + b64(CYRILLIC),
    "far into a large blob": "xy" + b64(NOISE * 400 + SAID.encode() + NOISE * 400),
    "over the border of a slice": b64(b"\xff" * 35_990 + SAID.encode() + b"\xff" * 1_000),
    "hex behind a word": "decode\n" + SAID.encode().hex(),
    "hex in lines": lines_of(SAID.encode().hex(), 16),
    "a data url of text": "see data:text/plain;charset=utf-8;base64," + b64(SAID) + " there",
    "a data url in per cent": "data:text/plain,my%20p%61ssword%20is%20hunter2",
    "in base64 twice": b64(b64(SAID)),
    "in hex in base64 in per cent": "".join(f"%{byte:02x}" for byte in b64(SAID.encode().hex()).encode()),
    "json in base64": b64(json.dumps({"a": {"b": SAID}}).replace("p", "\\u0070")),
    "in strings put together": "'" + lines_of(b64(SAID), 8, "' + '") + "'",
    "decimal": " ".join(str(ord(letter)) for letter in SAID),
    "decimal with commas": ", ".join(str(ord(letter)) for letter in SAID),
    "binary": " ".join(f"{ord(letter):08b}" for letter in SAID),
    "escapes of programs": "".join(f"\\x{ord(letter):02x}" for letter in "my") + " p\\x61ssword is hunter2",
    "octal escapes": "my p\\141ssword is hunter2",
    "html entities": "my &#112;ass&#x77;ord&nbsp;is hunter2",
    "per cent in a text": "my %70assword%20is hunter2",
    "quoted-printable": quopri.encodestring(("x" * 70 + SAID).encode()).decode(),
    "quoted-printable letters": "my =70=61ssword is hunter2",
    "two escapes over one another": "my &#37;70assword is hunter2",
    "long escapes": "my \\U00000070assword is hunter2",
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED.keys())
def test_an_encoding_hides_nothing_wherever_it_stands(text: str) -> None:
    assert found(said(text)) is True


def test_a_short_secret_in_base64_is_known_by_its_padding() -> None:
    assert found(said("it is " + b64("password")), WORD) is True


@pytest.mark.parametrize(("times", "expected"), [(4, True), (5, False)])
def test_four_layers_are_taken_off_and_no_more(times: int, expected: bool) -> None:
    text = SAID
    for _ in range(times):
        text = b64(text)
    assert found(said(text)) is expected


def selectors(text: str) -> str:
    return "".join(chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16) for byte in text.encode())


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in text)


UNSEEN = [
    *("\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180b", "\u180e", "\u200b", "\u200c", "\u200d"),
    *("\u200e", "\u202e", "\u2060", "\u2065", "\u2069", "\u206a", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\ufff0"),
    *("\ufffb", "\U0001bca0", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e0101", "\U000e0fff", "\x00", "\x1b"),
]


@pytest.mark.parametrize("letter", UNSEEN, ids=ascii)
def test_what_nobody_sees_hides_nothing_inside_of_words_nor_between_them(letter: str) -> None:
    assert found(said(SAID.replace("ss", f"s{letter}s"))) is True
    assert found(said(SAID.replace(" ", letter))) is True


def test_one_unseen_letter_may_part_words_while_another_hides_in_them() -> None:
    assert found(said("my\u200bpass\u2060word\u200bis\u200bhunt\u2060er2")) is True


@pytest.mark.parametrize("text", ["Nice \U0001f600" + selectors(SAID), "Hello" + tags(SAID), tags(b64(SAID))])
def test_a_text_that_is_carried_by_letters_nobody_sees_is_read(text: str) -> None:
    assert found(said(text)) is True


def test_unseen_letters_that_make_no_text_are_opaque() -> None:
    assert found(said("a" + "\u200b\u200c" * 40), "opaque") is True


WRITTEN = {
    "emphasis": "my **pass**word is hunter2",
    "emphasis of a whole word": "my **password** is _hunter2_",
    "code": "my `password` is hunter2",
    "tags": "my pass<b>word</b> is hunter2",
    "tags around words": "<p>my</p><p>password</p> is<br>hunter2",
    "html comments": "my pass<!-- no -->word is hunter2",
    "comments of programs": "my pass/* no */word is hunter2",
    "hyphens": "my pass-word is hunter2",
    "dots": "my p.a.s.s.w.o.r.d is hunter2",
    "spaces": "my p a s s w o r d is hunter2",
    "two spaces between words": "my p a s s w o r d  i s  h u n t e r 2",
    "low lines": "my p_a_s_s_w_o_r_d is hunter2",
    "a low line": "my pass_word is hunter2",
    "middle dots": "my pass\u00b7word is hunter2",
    "dashes that look like hyphens": "my pass\u2010word is hunter2",
    "a hyphen at the end of a line": "my pass-\n  word is hunter2",
    "strings put together": 'x = "my pass" + "word is hunter2"',
    "code put together": "my `pass`+`word` is hunter2",
    "strings on two lines": 'x = ("my pass"\n     "word is hunter2")',
    "strings with dots": "$x = 'my pass' . 'word is hunter2'",
    "tags, hyphens and accents": "my p\u00e1<b>ss</b>-word is hunter2",
    "far into a text": "word " * 20_000 + "my pass-word is hunter2 " + "word " * 20_000,
    "spelled far into a text": "word " * 20_000 + "my p a s s w o r d is hunter2 " + "word " * 20_000,
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_word_that_is_taken_apart_is_put_together(text: str) -> None:
    assert found(said(text)) is True


ASIDE: dict[str, Any] = {
    "name and value": {"x": [{"name": "password", "value": "hunter2"}]},
    "key and val": {"x": {"val": "hunter2", "key": "password"}},
    "nested": {"password": {"value": {"data": {"x": "hunter2"}}}},
    "rows of two": {"x": [["user", "bob"], ["password", "hunter2"]]},
    "columns and rows": {"x": {"columns": ["user", "password"], "rows": [["bob", "hunter2"]]}},
    "columns with types": {"columns": [{"name": "user"}, {"name": "password"}], "data": [["bob", "hunter2"]]},
    "arguments": said(json.dumps({"name": "password", "value": "hunter2"})),
    "arguments in arguments": said(json.dumps({"a": json.dumps({"key": "password", "value": "hunter2"})})),
    "json that is nested, in a sentence": said('use {"password": {"value": "hunter2"}} for it'),
    "json in a code block": said('see\n```json\n{\n  "password": {\n    "x": "hunter2"\n  }\n}\n```\nthere'),
    "json as a string twice": said(json.dumps(json.dumps({"password": {"x": "hunter2"}}))),
    "escaped json that was cut": said('{\\"name\\":\\"password\\",\\"value\\":\\"hunter2\\"'),
    "yaml": said("env:\n  - name: password\n    value: hunter2\n"),
    "attributes": said('<add key="password" value="hunter2"/>'),
    "xml": said("<config><password>hunter2</password></config>"),
    "xml with lines": said("<password type='x'>\n  hunter2\n</password>"),
    "cdata": said("<password><![CDATA[hunter2]]></password>"),
    "cells of html": said("<tr><td>password</td><td>hunter2</td></tr>"),
    "markdown": said("| user | password |\n|---|---|\n| bob | hunter2 |\n"),
    "markdown by row": said("| field | is |\n|---|---|\n| user | bob |\n| password | hunter2 |\n"),
    "csv": said("user,password\nbob,hunter2\n"),
    "csv with semicolons and quotes": said('"user";"password"\r\n"bob";"hunter2"\r\n'),
    "tab-separated": said("user\tpassword\nbob\thunter2\n"),
    "two parts": said([{"type": "text", "text": "password"}, {"type": "text", "text": "hunter2"}]),
    "two messages": {"messages": [{"role": "user", "content": text} for text in ("my password:", "hunter2")]},
    "two messages of a user": {
        "messages": [
            {"role": "user", "content": "password"},
            {"role": "assistant", "content": "Go on."},
            {"role": "user", "content": "hunter2"},
        ]
    },
}


@pytest.mark.parametrize("document", ASIDE.values(), ids=ASIDE.keys())
def test_a_value_is_read_beside_its_name(document: Any) -> None:
    assert found(document, NAMED) is True


def test_a_sentence_that_goes_on_in_the_next_message_is_read_as_one() -> None:
    texts = ("What a day. my password", "is hunter2, you know")
    assert found({"messages": [{"role": "user", "content": text} for text in texts]}) is True
    texts = ("x " * 300 + "my password", "is hunter2, you know " + "y " * 300)
    assert found({"messages": [{"role": "user", "content": [{"text": text}]} for text in texts]}) is True


NUMBERS: dict[str, Any] = {
    "code points": [ord(letter) for letter in SAID],
    "floats": [float(ord(letter)) for letter in SAID],
    "numbers as strings": [str(ord(letter)) for letter in SAID],
    "lists of one": [[ord(letter)] for letter in SAID],
    "letters": list(SAID),
    "bytes by their place": {str(at): ord(letter) for at, letter in enumerate(SAID)},
    "a buffer": {"type": "Buffer", "data": list(SAID.encode())},
    "in a string": json.dumps(list(SAID.encode())),
    "in a sentence": f"what is {list(SAID.encode())}?",
    "letters beyond ascii": [*map(ord, "пароль "), *map(ord, SAID)],
}


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("place", ["content", "x_unknown", "input"])
def test_numbers_and_letters_in_a_row_are_read_as_a_text(value: Any, place: str) -> None:
    assert found({"messages": [{"role": "user", place: value}]}) is True


SCHEMA = {
    "type": "object",
    "title": "Login",
    "properties": {
        "username": {"type": "string", "description": "Name of the user, as in the e-mail"},
        "password": {
            "anyOf": [{"type": "string", "minLength": 8}, {"type": "null"}],
            "title": "Password",
            "description": "The password; at least 8 characters",
        },
        "api_key": {"type": ["string", "null"], "format": "password", "title": "Secret key"},
        "secret": {"$ref": "#/$defs/Secret"},
    },
    "required": ["username", "password"],
    "additionalProperties": False,
}
TOOLS = [
    {
        "type": "function",
        "function": {"name": "log_in", "description": "Log in.", "parameters": SCHEMA, "strict": True},
    },
    {"type": "function", "function": {"name": "reset_password", "parameters": {"type": "object", "properties": {}}}},
]
CODE = '''
def connect(self, *, user_name: str, timeout_s: float = 2.5) -> Connection:
    """Connect, or raise `ConnectionError`; see https://docs.example.com/en/latest/how-to_connect.html#a-b."""
    for name, value in self._headers.items():
        if not value or "\\n" in value:
            raise ValueError(f"bad header: {name!r}\\t{value!r}")
    matrix = [[1, 2, 3], [4, 5, 6]]
    ids = {"550e8400-e29b-41d4-a716-446655440000", "9b3c0cf0f2a1e4d5c6b7a8990123456789abcdef"}
    return self.pool.acquire(user_name, flags=0x1F | MASK, retries=3 if timeout_s > 1 else 0)  # i.e. never
'''
PROSE = (
    "The committee met on Tuesday, as it does each week, to discuss the well-known plan for the harbour; Dr. A. B."
    ' Smith (U.S.A.) asked for e.g. a cost-benefit analysis, and said: "We can\'t wait." On 2024-07-18 at 10:30 it was'
    " approved by 12 votes to 3, i.e. 80%, and/or postponed. Passwords are never mailed; reset yours in the portal."
)
ORDINARY: dict[str, Any] = {
    "prose": said(PROSE * 20),
    "code": said(f"Why does this fail?\n```python\n{CODE * 10}```"),
    "a schema": {**said("log me in"), "tools": TOOLS},
    "a schema in a string": said(json.dumps(SCHEMA)),
    "a schema in a sentence": said("Fill this in:\n" + json.dumps(SCHEMA, indent=2) + "\nand answer."),
    "a response format": {
        **said("x"),
        "response_format": {"type": "json_schema", "json_schema": {"name": "login", "schema": SCHEMA}},
    },
    "ids": said(["550e8400-e29b-41d4-a716-446655440000", "req_7f3c9a520d1e4b7a9c555a2d1f0e8b11"]),
    "hashes": said("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n" * 9),
    "a table of fields": said(
        "| Field | Type | Required |\n|---|---|---|\n| username | string | yes |\n| password | varchar(255) | yes |\n"
        "| api_key | string | no |\n"
    ),
    "a form": said(
        '<label for="password">Password</label><input type="password" name="password" placeholder="Your password">'
        "<button>Log in</button><table><tr><th>Password</th><th>Required</th></tr></table>"
    ),
    "options": said(json.dumps([{"label": "Password", "value": "password"}, {"label": "Token", "value": "token"}])),
    "a help desk": {
        "messages": [
            {"role": "system", "content": "You help users who forgot their password"},
            {"role": "user", "content": "reset password"},
            {"role": "assistant", "content": "Done"},
            {"role": "user", "content": "thanks"},
        ]
    },
    "german": said("Für die Änderung der Straße müßte man schließlich größere Beträge übrig haben. " * 20),
    "chinese": said("今天的天气很好，我们去公园散步吧。密码学是一门有趣的学科。" * 20),
    "persian": said("می\u200cخواهم کتاب\u200cها را بخوانم " * 20),
    "emoji": said(
        "Great \U0001f44d\U0001f3fd! \u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467 1\ufe0f\u20e3 "
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    ),
    "a list": said("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16\na, b, c, d, e"),
    "a request with all its fields": {
        **said("hello"), "max_completion_tokens": 100, "presence_penalty": 0.5, "stop": ["\n\n", "END"], "seed": 42,
        "stream_options": {"include_usage": True}, "metadata": {"trace": "550e8400-e29b-41d4-a716-446655440000"},
        "tool_choice": {"type": "function", "function": {"name": "reset_password"}}, "prompt_cache_key": "a-b-c",
    },
    "a shell session": said("$ kubectl get secret -n prod\nNAME TYPE DATA AGE\ndefault-token Opaque 3 5d\n$ ls -la"),
}  # fmt: skip


@pytest.mark.parametrize("document", ORDINARY.values(), ids=ORDINARY.keys())
def test_an_ordinary_prompt_stays_ordinary(document: Any) -> None:
    asked = ("secrets", "opaque", *(f"pii.{kind}" for kind in PII_KINDS))
    assert {name for name in asked if found(document, name) is not False} == set()


BLOB = bytes(range(256)) * 4
UNREADABLE: dict[str, Any] = {
    "base64 in lines behind a word": said("decode this\n" + lines_of(b64(BLOB), 76)),
    "base64 in short lines": said(lines_of(b64(BLOB), 24)),
    "base64 in groups": said(lines_of(b64(BLOB), 8, " ")),
    "base64 in an unknown field": {**said("x"), "x_data": {"deep": [b64(BLOB)]}},
    "base64 in metadata": {**said("x"), "metadata": {"note": b64(BLOB)}},
    "a data url in metadata": {**said("x"), "metadata": {"note": "see data:image/png;base64," + b64(BLOB)}},
    "a data url in a text": said(f"![picture](data:image/png;base64,{b64(BLOB)})"),
    "camel case": said([{"type": "text", "text": "x", "imageUrl": "https://example.com/x.png"}]),
    "attachments": {"messages": [{"role": "user", "content": "x", "attachments": [{"file_id": "file-1"}]}]},
    "inline data": {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "aGVsbG8="}}]}]},
    "a source": said([{"type": "document", "source": {"type": "base64", "data": "aGVsbG8="}}]),
    "sound": {**said("x"), "audio": {"voice": "alloy", "data": "aGVsbG8="}},
    "encrypted reasoning": {"input": [{"type": "reasoning", "encrypted_content": "gAAA", "summary": []}]},
    "an unknown field of a message": {"messages": [{"role": "user", "content": "x", "x_blob": {"a": "b"}}]},
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_no_detector_can_read_is_opaque(document: Any) -> None:
    assert found(document, "opaque") is True
