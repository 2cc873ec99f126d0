"""Random requests that know what they hold: a mark that nothing else holds, and whether there is a secret in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

ENDPOINT = "chat"
CLOUD_MODELS = ("gpt-oss:120b-cloud", "qwen3:cloud", "deepseek:671b:CLOUD", " qwen3: Cloud ")
MODELS = ("gpt-4o", "llama3.2", "GPT-4o", "mystery", "модель-ﬁ", *CLOUD_MODELS)
ALIASES = ("fast", "cloudy", "Über")
TEAMS = ("finance", "sales", "Zürich")
LABELS = ("private", "blue", "red", "team-x")
UNHEARD = "unheard"  # a label of no file

Json = dict[str, Any]


def mark(number: int) -> str:
    """The word that is in the text of one request of a case and nowhere else, unless somebody quotes it."""
    return f"mark{number}x"


def said(number: int) -> str:
    """What the user of a request says: long enough that labels stick to it, and nothing that looks like a secret."""
    return f"Please tell me in some detail, for {mark(number)}, how rivers find their way down to the sea and why. " * 2


def _secret(number: int) -> str:
    return f"hunter2-{mark(number)}"


def _append(body: Json, text: object, role: str = "user") -> Json:
    return {**body, "messages": [*body["messages"], {"role": role, "content": text}]}


def _called(body: Json, arguments: str) -> Json:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": arguments}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    done = {"role": "tool", "tool_call_id": "c1", "content": "done"}
    return {**body, "messages": [*body["messages"], asked, done]}


def _parts(*texts: str) -> list[Json]:
    return [{"type": "text", "text": text} for text in texts]


IN_HEADER = "header"  # one that travels to OpenAI, and so belongs to the text wherever an OpenAI is among the targets


def _wide(text: str) -> str:
    """The same letters in the full width of a CJK script."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


# Where a secret may hide: a way to put it into the body. One that is not a body's affair is in `Request`.
HIDING: dict[str, Callable[[Json, str], Json]] = {
    "sentence": lambda body, secret: _append(body, f"By the way, my password is {secret}."),
    "assignment": lambda body, secret: _append(body, f"DB_PASSWORD={secret}"),
    "key": lambda body, secret: _append(body, f"sk-proj-0123456789abcdef{secret}"),
    "parts": lambda body, secret: _append(body, _parts("The prod password is", secret)),
    "halves": lambda body, secret: _append(body, _parts("my pass", f"word is {secret}")),
    "system": lambda body, secret: _append(body, f"The api key is {secret}", "system"),
    "arguments": lambda body, secret: _called(body, json.dumps({"q": f"the password is {secret}"})),
    "escaped": lambda body, secret: _called(body, '{"q": "the \\u0070assword is ' + secret + '"}'),
    "metadata": lambda body, secret: {**body, "metadata": {"password": secret}},
    "unknown": lambda body, secret: {**body, "note": {"deep": [{"passwd": [secret]}]}},
    "unseen": lambda body, secret: _append(body, f"my pass\u200bword is {secret}"),
    "wide": lambda body, secret: _append(body, f"my {_wide('password')} is {secret}"),
    "tool": lambda body, secret: {
        **body,
        "tools": [{"type": "function", "function": {"name": "look", "description": f"the password is {secret}"}}],
    },
    "user": lambda body, secret: {**body, "user": f"password: {secret}"},
    "far": lambda body, secret: _append(body, "hello" + " " * 70_000 + f"my password is {secret}"),
    "query": lambda body, _: body,
    IN_HEADER: lambda body, _: body,
}

# What else a body may hold, none of it private.
EXTRAS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from((0, 0.5)),
    "MODEL": st.sampled_from(CLOUD_MODELS),
    "Model": st.sampled_from(MODELS),
    "note": st.just({"x": [1, None, "y"]}),
    "max_tokens": st.just(5),
    "metadata": st.just({"a": "b"}),
}


@dataclass(frozen=True)
class Request:
    """One request of a case. `wave` tells when it is sent: those of one wave at the same time."""

    number: int
    wave: int
    model: str | None
    stream: bool
    headers: tuple[tuple[str, str], ...]
    preferences: Json
    extras: Json
    secret: str | None
    quotes: int | None

    def header(self, name: str) -> tuple[str | None, ...]:
        """A header as a condition may read it: absent, or the whole of its lines as one list and each member."""
        lines = [value for key, value in self.headers if key == name]
        if not lines:
            return (None,)
        whole = ", ".join(lines)
        return (whole, *(member.strip() for member in whole.split(",")))

    def body(self, earlier: list[Json]) -> Json:
        """The body, after the messages that it quotes."""
        body: Json = {"messages": [*earlier, {"role": "user", "content": said(self.number)}], **self.extras}
        if self.model is not None:
            body["model"] = self.model
        if self.stream:
            body["stream"] = True
        if self.preferences:
            body["routing_preferences"] = self.preferences
        return HIDING[self.secret](body, _secret(self.number)) if self.secret else body

    @property
    def query(self) -> str:
        """The query, which belongs to a request's text."""
        return f"?q=my+password+is+{_secret(self.number)}" if self.secret == "query" else ""

    @property
    def sent_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers to the byte."""
        hidden = [("idempotency-key", f"my password is {_secret(self.number)}")] if self.secret == IN_HEADER else []
        pairs = [("content-type", "application/json"), *self.headers, *hidden]
        return [(name.encode(), value.encode()) for name, value in pairs]


def _alone(*values: str) -> st.SearchStrategy[list[str]]:
    return st.sampled_from(values).map(lambda value: [value])


def _header_lists(targets: tuple[str, ...]) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Draw some of the headers that mean something to wye; a team may come twice."""
    teams = st.sampled_from((*TEAMS, "FINANCE", "sales, finance", " finance "))
    given = {
        "x-team": st.lists(teams, min_size=1, max_size=2),
        "x-wye-label": _alone(*LABELS, *LABELS, *LABELS, "Private", "blue, red", UNHEARD, "no label!"),
        "x-wye-force-provider": _alone(*targets, *targets, *targets, "ollama"),
        "x-wye-privacy-level": _alone("standard", "high", "high", "max", "max", "low"),
    }
    some = st.one_of(*(st.lists(st.sampled_from(sorted(given)), max_size=most, unique=True) for most in (0, 2)))
    drawn = some.flatmap(lambda names: st.fixed_dictionaries({name: given[name] for name in names}))
    return drawn.map(lambda found: tuple((name, value) for name, values in found.items() for value in values))


def _preferences(targets: tuple[str, ...]) -> st.SearchStrategy[Json]:
    level = st.sampled_from(("standard", "high", "max"))
    forced = st.sampled_from((*targets, *targets, "ollama"))
    asked: st.SearchStrategy[Json] = st.fixed_dictionaries(
        {}, optional={"privacy_level": level, "force_provider": forced, "other": st.just(1)}
    )
    return st.one_of(st.just({}), st.just({}), st.just({}), asked)


def models(targets: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Draw a model as a client may name it: plain, an alias, or at a target or a kind."""
    plain = st.sampled_from((*MODELS, *ALIASES))
    prefix = st.sampled_from((*targets, "ollama", "openai"))
    named = st.tuples(prefix, st.one_of(plain, st.just("*"))).map(":".join)
    return st.one_of(plain, plain, plain, named)


@st.composite
def sequences(draw: st.DrawFn, targets: tuple[str, ...], *, with_openai: bool) -> tuple[Request, ...]:
    """Draw one to four requests, some of them sent at the same time."""
    hiding = st.sampled_from(sorted(HIDING.keys() - (() if with_openai else {IN_HEADER})))
    talk = draw(st.booleans())  # a labelled turn, and one that quotes it without a word of the label
    count = draw(st.integers(2 if talk else 1, 4))
    labelled = st.sampled_from((*LABELS, "blue, red")).map(lambda label: (("x-wye-label", label),))
    requests: list[Request] = []
    for number in range(count):
        wave = requests[-1].wave + (1 if talk else draw(st.sampled_from((0, 1, 1)))) if requests else 0
        # A turn with a secret is not quoted: what of it the quote holds, and a detector finds anew, is not for certain.
        before = [one.number for one in requests if one.wave < wave and one.quotes is None and one.secret is None]
        quotes = draw(st.sampled_from(before if talk else (None, *before))) if before else None
        bare = quotes is not None and (talk or draw(st.booleans()))
        requests.append(
            Request(
                number=number,
                wave=wave,
                model=draw(st.one_of(st.none(), models(targets), models(targets), models(targets))),
                stream=draw(st.booleans()),
                headers=() if bare else draw(labelled if talk else _header_lists(targets)),
                preferences={} if bare else draw(_preferences(targets)),
                extras=draw(st.one_of(st.just({}), st.fixed_dictionaries({}, optional=EXTRAS))),
                secret=None if bare or (talk and not before) else draw(st.one_of(st.none(), hiding)),
                quotes=quotes,
            )
        )
    return tuple(requests)
