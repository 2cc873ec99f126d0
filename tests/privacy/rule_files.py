"""Random rule files, as text: the real loader reads them. What the oracle must know of one is kept beside the text.

A new key of a target or a rule is one line in `TARGET_KEYS` or `RULE_KEYS`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.privacy.conditions import Clause, rule_tables, tables
from tests.privacy.requests import ALIASES, CLOUD_MODELS, LABELS, MODELS, models
from tests.privacy.sinks import DEAD, PUBLIC, SINKS
from tests.privacy.watch import Script

PORT = "{port}"
KINDS = ("openai", "ollama", "compatible")
# Hosts as a file may write them, and the address that each is; a name has a script instead.
NUMBERS = {**{address: address for address in (*SINKS, DEAD)}, "0": PUBLIC, "127.7.1": "127.7.0.1"}
NAMES = ("near.internal", "moving.internal", "far.example", "Moving.Example")
FENCES = (
    *("127.0.0.0/8", "127.0.0.0/24", "127.0.0.2", "127.7.0.0/16", "127.9.0.1/32", "10.0.0.0/8", "0.0.0.0/0", "::1"),
    *("*.internal", "moving.*", "far.example", "NEAR.internal"),
)

_words = st.lists(st.sampled_from(MODELS), min_size=1, max_size=3, unique=True)
TARGET_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from(MODELS),
    "models": st.one_of(
        _words, st.just(["gpt-*", "ll*"]), st.just(["*"]), _words.map(lambda w: dict.fromkeys(w, w[0]))
    ),
    "strict": st.booleans(),
    "max_in_flight": st.just(1),
    "pass_headers": st.just(["x-team"]),
    "headers": st.just({"x-from": "wye"}),
}
_fields = st.dictionaries(
    st.sampled_from(("temperature", "MODEL", "mOdel", "metadata", "user", "tools", "note")),
    st.sampled_from((0, "a word", CLOUD_MODELS[0], ["x"])),
    max_size=2,
)
RULE_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "set": _fields,
    "default": _fields,
    "drop": st.lists(st.sampled_from(("temperature", "metadata", "note", "MODEL")), max_size=2, unique=True),
    "why": st.just("somebody said so"),
    "hash": st.sampled_from((["user"], ["metadata", "note"])),
    "prompt": st.sampled_from(({"prepend": "Be brief."}, {"append": {"template": "end"}})),
    "order": st.sampled_from(("least busy", "fastest", "warm first")),
}


@dataclass(frozen=True)
class Target:
    """What the oracle knows of a target. Its URL's path begins with its name, so every arrival says whom it was for."""

    name: str
    kind: str
    host: str
    accepts: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where its URL's path begins."""
        return f"/{self.name}/"


@dataclass(frozen=True)
class RuleFile:
    """A rule file: its text, but for the port of the sinks, and what the oracle knows of it."""

    text: str
    targets: tuple[Target, ...]
    labels: tuple[tuple[str, Clause], ...]
    boundary: Mapping[str, Sequence[str]]
    uses: Mapping[str, Sequence[str]]  # the candidates of each rule, by its name


def toml(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _section(head: str, table: Mapping[str, Any]) -> str:
    return "\n".join(
        [head, *(f"{json.dumps(key, ensure_ascii=False)} = {toml(value)}" for key, value in table.items())]
    )


def some(keys: dict[str, st.SearchStrategy[Any]], most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a table that has a few of the keys."""
    names = st.lists(st.sampled_from(sorted(keys)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: keys[name] for name in chosen}))


def _accepted() -> st.SearchStrategy[tuple[str, ...]]:
    named = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True).map(tuple)
    return st.one_of(st.just(()), st.just(("*",)), named, named)


@st.composite
def _targets(draw: st.DrawFn) -> tuple[tuple[Target, ...], str]:
    found, texts = [], []
    for at in range(draw(st.integers(1, 5))):
        host = draw(st.one_of(st.sampled_from(SINKS), st.sampled_from(sorted(NUMBERS)), st.sampled_from(NAMES)))
        target = Target(f"t{at}", draw(st.sampled_from(KINDS)), host, draw(_accepted()))
        table = {
            "kind": target.kind,
            "url": f"http://{host}:{PORT}{target.path}v1",
            "accepts": target.accepts,
            "timeouts": {"connect": "2s", "first_token": "3s", "idle": "3s", "total": "5s"},
            "model": MODELS[at % 2],
            **draw(some(TARGET_KEYS)),
        }
        found.append(target)
        texts.append(_section(f"[target.{target.name}]", table))
    return tuple(found), "\n\n".join(texts)


def _candidates(targets: tuple[Target, ...]) -> st.SearchStrategy[list[str]]:
    names = tuple(target.name for target in targets)
    kinds = [target.kind for target in targets]
    prefixes = (*names, *(kind for kind in KINDS[:2] if kinds.count(kind) == 1))
    model = st.sampled_from((*MODELS, "*"))
    one = st.one_of(st.sampled_from(names), st.tuples(st.sampled_from(prefixes), model).map(":".join))
    return st.one_of(
        *(st.lists(one, min_size=least, max_size=4, unique=True) for least in (1, *(min(3, len(names)),) * 2))
    )


@st.composite
def _rules(draw: st.DrawFn, targets: tuple[Target, ...]) -> tuple[dict[str, list[str]], str]:
    whens = draw(st.lists(rule_tables(), max_size=5, unique_by=repr))
    uses, texts = {}, []
    for at, when in enumerate([*whens, None]):
        uses[f"r{at}"] = use = draw(_candidates(targets))
        head = {"name": f"r{at}", "use": use, **({"when": when} if when is not None else {})}
        texts.append(_section("[[rule]]", {**head, **draw(some(RULE_KEYS, 2))}))
    return uses, "\n\n".join(texts)


def _server() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(("allow", "allow", "allow", "deny")).map(lambda direct: {"direct": direct, "grace": "20ms"})


@st.composite
def rule_files(draw: st.DrawFn) -> RuleFile:
    """Draw a rule file."""
    targets, targets_text = draw(_targets())
    label = st.tuples(st.sampled_from(LABELS), tables())
    labels = draw(st.one_of(*(st.lists(label, min_size=least, max_size=3) for least in (0, 1, 1))))
    known = {"private", *(add for add, _ in labels), *(label for one in targets for label in one.accepts)} - {"*"}
    fences = st.lists(st.sampled_from((FENCES[0], *FENCES)), max_size=4, unique=True)
    boundary = draw(st.one_of(st.just({}), st.dictionaries(st.sampled_from(sorted(known)), fences)))
    names = tuple(target.name for target in targets)
    aliases = draw(st.dictionaries(st.sampled_from(ALIASES), models(names).filter(lambda name: name not in ALIASES)))
    uses, rules_text = draw(_rules(targets))
    texts = [
        _section("[server]", draw(_server())),
        targets_text,
        _section("[alias]", aliases),
        _section("[template]", {"end": "Say it kindly."}),
        *(_section("[[label]]", {"add": add, "when": when.value}) for add, when in labels),
        _section("[boundary]", boundary),
        rules_text,
    ]
    return RuleFile("\n\n".join(texts), targets, tuple(labels), boundary, uses)


def scripts() -> st.SearchStrategy[dict[str, Script]]:
    """Draw what each name resolves to, the first time and later."""
    address = st.sampled_from((*SINKS, DEAD))
    answer = st.one_of(st.lists(address, min_size=1, max_size=2, unique=True), st.lists(address, max_size=1))
    script = st.lists(answer, min_size=1, max_size=4)
    return st.fixed_dictionaries({name.lower(): script for name in NAMES})
