from __future__ import annotations

import pytest

from proxy.facts.names import PLAIN, Name, is_known, parse


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("model", Name("model")),
        ("header.x-team", Name("header", "all", "x-team")),
        ("metadata.a.b:c@d", Name("metadata", "all", "a.b:c@d")),
        ("secrets", Name("secrets")),
        ("secrets@last_user", Name("secrets", "last_user")),
        ("pii.email", Name("pii", "all", "email")),
        ("pii.iban@system", Name("pii", "system", "iban")),
        ("matches:a:b@user", Name("matches", "all", "a:b@user")),
        ("matches@user:.", Name("matches", "user", ".")),
        ("matches:header.x", Name("matches", "all", "header.x")),
        ("contains@system:two words", Name("contains", "system", "two words")),
    ],
)
def test_a_name_says_what_it_asks_for(name: str, parsed: Name) -> None:
    assert parse(name) == parsed


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_every_plain_name_is_known(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "complexity", "task", "language", "key", "group", "budget_used", "cost", "warm.local", "first_token.x"),
        *("labels", "healthy.local", "busy.local", "tokens_per_second.x", "modle", "Model", "model@user", "tools.x"),
        *("pii", "pii.", "pii.address", "pii.email@all", "pii.email@", "pii.email@nobody", "secrets@all", "secrets@"),
        *(
            "secrets.x",
            "matches",
            "matches:",
            "matches@user",
            "matches@nobody:x",
            "contains@all:x",
            "header",
            "header.",
        ),
    ],
)
def test_a_name_that_no_request_answers_is_not(name: str) -> None:
    assert not is_known(name)
