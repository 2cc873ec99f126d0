from __future__ import annotations

from typing import Any

import msgspec
import pytest

from routing_rules import Label, Queue, Rule, RuleFile, Target, Timeouts
from tests.fakes.rule_files import target

TABLES = [RuleFile, Target, Timeouts, Queue, Label, Rule]
REQUIRED: dict[type[msgspec.Struct], dict[str, Any]] = {
    Target: {"kind": "ollama", "url": "http://localhost/v1"},
    Label: {"add": "private"},
    Rule: {"name": "all", "use": ["local"]},
}


@pytest.mark.parametrize("table", TABLES)
def test_a_key_that_no_table_has_is_refused(table: type[msgspec.Struct]) -> None:
    good = REQUIRED.get(table, {})
    assert isinstance(msgspec.convert(good, table), table)
    with pytest.raises(msgspec.ValidationError, match="unknown field `misspelt`"):
        msgspec.convert({**good, "misspelt": 1}, table)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_never_changed_once_read(table: type[msgspec.Struct]) -> None:
    read = msgspec.convert(REQUIRED.get(table, {}), table)
    with pytest.raises(AttributeError):
        setattr(read, table.__struct_fields__[0], None)


@pytest.mark.parametrize(
    ("accepts", "labels", "admitted"),
    [
        ((), (), True),
        ((), ("private",), False),
        (("*",), ("private", "legal"), True),
        (("private",), ("private",), True),
        (("private",), ("private", "legal"), False),
        (("private", "legal"), ("private", "legal"), True),
        (("priv*",), ("private",), False),
        (("Private",), ("private",), False),
    ],
)
def test_a_target_is_given_a_request_only_if_it_accepts_every_label(
    accepts: tuple[str, ...], labels: tuple[str, ...], admitted: bool
) -> None:
    assert target(accepts=accepts).admits(frozenset(labels)) is admitted


def test_a_target_accepts_no_label_unless_its_file_says_so() -> None:
    assert target().accepts == ()


@pytest.mark.parametrize("kind", ["anthropic", "OpenAI", ""])
def test_a_kind_that_nobody_knows_is_refused(kind: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="kind"):
        target(kind)
