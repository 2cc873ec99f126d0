from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import UNKNOWN, FactValue, Path, Problem, grammar
from routing_rules.conditions import Condition
from routing_rules.grammar import Grammar, is_detected, is_fact
from routing_rules.values import Truth
from tests.fakes.rule_files import KnownFacts

AT: Path = ("rule", 0, "when")
FACTS: dict[str, Any] = {
    "secret": {"any": [{"secrets": True}, {"matches": ["(?i)\\bpassport\\b"]}]},
    "hard": {"any": [{"complexity": ">= 0.65"}, {"prompt_tokens": ">= 4000"}]},
    "both": {"all": ["secret", "hard"]},
    "live": {"healthy": {"local": True}},
}
VALUES = st.sampled_from(["gpt-4o", "llama3.2", None, UNKNOWN])


def compiled(when: object, facts: dict[str, Any] | None = None, kind: str = "rule") -> tuple[Condition, list[Problem]]:
    problems: list[Problem] = []
    made = Grammar(FACTS if facts is None else facts, ("local", "cloud"), problems, lambda _: True)
    made.facts()
    return (made.rule if kind == "rule" else made.label)(when, AT), problems


def decided(when: object, known: dict[str, FactValue]) -> Truth:
    condition, problems = compiled(when)
    assert problems == []
    return condition.decide(KnownFacts(known))


def problems(when: object, **more: Any) -> list[Problem]:
    return compiled(when, **more)[1]


@pytest.mark.parametrize("when", [None, {}])
def test_no_condition_always_holds(when: object) -> None:
    assert decided(when, {}) is True


@pytest.mark.parametrize("when", [[], (), "", 5, True])
def test_an_empty_list_or_name_is_not_taken_for_no_condition(when: object) -> None:
    (problem,) = problems(when)
    assert problem.path == AT


@pytest.mark.parametrize(
    ("when", "asked"),
    [
        ({"model": "a"}, ["model"]),
        ({"secrets": True}, ["secrets"]),
        ({"secrets": True, "scope": "user"}, ["secrets@user"]),
        ({"matches": "a.c"}, ["matches:a.c"]),
        ({"matches": ["a", "b"], "scope": "system"}, ["matches@system:a", "matches@system:b"]),
        ({"contains": "merger: now"}, ["contains:merger: now"]),
        ({"pii": ["email", "iban"]}, ["pii.email", "pii.iban"]),
        ({"pii": "card", "scope": "last_user"}, ["pii.card@last_user"]),
        ({"header": {"X-Team": "legal"}}, ["header.x-team"]),
        ({"header.X-Team": "legal"}, ["header.x-team"]),
        ({"metadata": {"Case": "1"}}, ["metadata.Case"]),
        ({"preference.privacy_level": "high"}, ["preference.privacy_level"]),
        ({"busy": {"local": "< 80%", "cloud": "< 50%"}}, ["busy.local", "busy.cloud"]),
        ({"first_token.local": "< 500ms"}, ["first_token.local"]),
        ({"hour": "9-17", "weekday": "mon-fri"}, ["hour", "weekday"]),
        ("secret", ["secrets", "matches:(?i)\\bpassport\\b"]),
        (["hard", "live"], ["complexity", "prompt_tokens", "healthy.local"]),
        (("hard", "live"), ["complexity", "prompt_tokens", "healthy.local"]),
        ({"all": ["hard"], "budget_used": "< 80%"}, ["complexity", "prompt_tokens", "budget_used"]),
        ({"none": [{"model": "a"}, "live"]}, ["model", "healthy.local"]),
    ],
)
def test_each_condition_asks_for_the_facts_that_it_names(when: object, asked: list[str]) -> None:
    condition, wrong = compiled(when)
    assert wrong == []
    assert list(condition.names()) == asked


@pytest.mark.parametrize(
    ("when", "known", "expected"),
    [
        ({"model": "a", "stream": True}, {"model": "a", "stream": True}, True),
        ({"model": "a", "stream": True}, {"model": "a", "stream": UNKNOWN}, None),
        ({"model": "a", "stream": True}, {"model": "b", "stream": UNKNOWN}, False),
        ({"matches": ["a", "b"]}, {"matches:a": False, "matches:b": True}, True),
        ({"pii": ["email", "iban"]}, {"pii.email": False, "pii.iban": UNKNOWN}, None),
        ({"header": {"a": "1", "b": "2"}}, {"header.a": "1", "header.b": "2"}, True),
        ({"header": {"a": "1", "b": "2"}}, {"header.a": "1"}, False),
        ({"any": [{"model": "a"}, {"stream": True}]}, {"model": "b", "stream": True}, True),
        ({"all": [{"model": "a"}, {"stream": True}]}, {"model": "b", "stream": True}, False),
        ({"none": [{"model": "a"}, {"stream": True}]}, {"model": "b", "stream": False}, True),
        ({"none": [{"model": "a"}, {"stream": True}]}, {"model": "b", "stream": UNKNOWN}, None),
        ({"none": [{"model": "a"}, {"stream": True}]}, {"model": "a", "stream": UNKNOWN}, False),
        ({"none": [{"model": "a", "stream": True}]}, {"model": "a", "stream": False}, True),
        (["secret", "live"], {"secrets": False, "healthy.local": True}, True),
        ("both", {"secrets": True, "complexity": 0.7}, True),
        ("both", {"secrets": True, "complexity": 0.1, "prompt_tokens": UNKNOWN}, None),
        ({"labels": ["private", "legal"]}, {"labels": ("legal",)}, True),
        ({"labels": "!= private"}, {"labels": ("legal",)}, True),
        ({"labels": "!= private"}, {"labels": ()}, True),
    ],
)
def test_tables_join_with_and_lists_with_or_and_unknown_stays_unknown(
    when: object, known: dict[str, FactValue], expected: Truth
) -> None:
    assert decided(when, known) is expected


@given(st.tuples(VALUES, VALUES, VALUES))
def test_the_order_of_the_lines_changes_no_outcome(values: tuple[FactValue, ...]) -> None:
    names = ("model", "endpoint", "header.a")
    known = dict(zip(names, values, strict=True))
    when = dict.fromkeys(names, "gpt-*")
    assert decided(when, known) is decided(dict(reversed(when.items())), known)


def test_a_check_spells_what_it_wants_as_the_file_does() -> None:
    condition, _ = compiled({"model": ["gpt-4o", "o?"], "contains": "merger", "scope": "user"})
    assert [part.says for part in condition.trace(KnownFacts()).parts] == [
        'model ["gpt-4o", "o?"]: there is none',
        'contains (user) "merger": there is none',
    ]


def test_a_fact_is_compiled_once_and_shown_by_its_name() -> None:
    condition, _ = compiled({"all": ["secret", "secret"]})
    assert [part.says for part in condition.trace(KnownFacts()).parts] == ["secret", "secret"]


@pytest.mark.parametrize(
    ("when", "path", "found", "expected", "nearest"),
    [
        ({"modle": "a"}, ("modle",), "the condition 'modle'", "one of model, endpoint", "model"),
        ({"xyzzy": "a"}, ("xyzzy",), "the condition 'xyzzy'", "one of model, endpoint", None),
        ({"headr": {"a": "b"}}, ("headr",), "the condition 'headr'", "header.NAME", "header"),
        ({"model.x": "a"}, ("model.x",), "the condition 'model.x'", "one of model", "model"),
        ({"model": 5}, ("model",), "5", "a string, a glob", None),
        ({"model": []}, ("model",), "[]", "a string, a glob", None),
        ({"model": ["a", 5]}, ("model",), '["a", 5]', "a string, a glob", None),
        ({"key": ["Bearer abc", 5]}, ("key",), "a list", "a string, a glob", None),
        ({"stream": "yes"}, ("stream",), '"yes"', "true or false", None),
        ({"turns": float("nan")}, ("turns",), "nan", "a number", None),
        ({"turns": 16**9_999}, ("turns",), "a whole number", "a number", None),
        ({"header": "x"}, ("header",), '"x"', "header.NAME", None),
        ({"header": {}}, ("header",), "{}", "header.NAME", None),
        ({"header.": "x"}, ("header.",), '"x"', "header.NAME", None),
        ({"header": {"x": 1}}, ("header", "x"), "1", "a string, a glob", None),
        ({"header": {"x": {"y": "z"}}}, ("header", "x"), '{ y = "z" }', "a string, a glob", None),
        ({"busy": {"locl": "< 80%"}}, ("busy", "locl"), "the target 'locl'", "local, cloud", "local"),
        ({"healthy.clod": True}, ("healthy.clod",), "the target 'clod'", "local, cloud", "cloud"),
        ({"matches": "("}, ("matches",), 'the pattern "("', "RE2, which says: missing )", None),
        ({"matches": [""]}, ("matches",), '[""]', "a string, or a list", None),
        ({"contains": 5}, ("contains",), "5", "a string, or a list", None),
        ({"pii": True}, ("pii",), "true", "email, phone", None),
        ({"pii": ["emial"]}, ("pii",), '"emial"', "email, phone", "email"),
        ({"secrets": "yes"}, ("secrets",), '"yes"', "true or false", None),
        ({"secrets": True, "scope": "usr"}, ("scope",), '"usr"', "all, user", "user"),
        ({"secrets": True, "scope": ["user"]}, ("scope",), '["user"]', "all, user", None),
        ({"model": "a", "scope": "user"}, ("scope",), "a scope alone", "matches, contains", None),
        ("secrt", (), 'the fact "secrt"', "a [fact.NAME] of this file: secret", "secret"),
        (["hard", "x"], (1,), 'the fact "x"', "a [fact.NAME]", None),
        ({"all": "hard"}, ("all",), '"hard"', "a list of fact names", None),
        ({"any": []}, ("any",), "[]", "a list of fact names", None),
        ({"none": [5]}, ("none", 0), "5", "the name of a fact, or a table", None),
        ({"none": [{}]}, ("none", 0), "{}", "the name of a fact, or a table", None),
        ({"any": [["hard"]]}, ("any", 0), '["hard"]', "the name of a fact, or a table", None),
        ({"any": [{"modle": "a"}]}, ("any", 0, "modle"), "the condition 'modle'", "one of", "model"),
        ({"any": [{"all": ["hard"]}]}, ("any", 0, "all"), "`all` inside another group", "one level", None),
    ],
)
def test_what_is_no_condition_says_where_it_is_and_what_was_expected(
    when: object, path: Path, found: str, expected: str, nearest: str | None
) -> None:
    (problem,) = problems(when)
    assert (problem.path, problem.found, problem.nearest) == ((*AT, *path), found, nearest)
    assert expected in problem.expected


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_compiled() -> None:
    condition, wrong = compiled({"modle": "a", "stream": "yes", "model": "b", "any": ["x", {"turns": "y"}]})
    assert len(wrong) == 4
    assert "model" in list(condition.names())


def test_a_condition_that_is_not_built_is_refused_as_such() -> None:
    wrong: list[Problem] = []
    Grammar({}, (), wrong, lambda name: name != "pii.name@user").rule({"pii": ["email", "name"], "scope": "user"}, AT)
    assert [problem.found for problem in wrong] == ["the condition 'pii.name'"]
    assert "not yet here" in wrong[0].expected


# --- facts ---


@pytest.mark.parametrize(
    "facts",
    [
        {"a": {"any": ["a"]}},
        {"a": {"all": ["b"]}, "b": {"none": ["a"]}},
        {"a": {"any": [{"model": "x"}, "b"]}, "b": {"any": ["c"]}, "c": {"all": ["b"]}},
    ],
)
def test_a_fact_that_refers_to_itself_is_told_once_with_the_way_that_leads_back(facts: dict[str, Any]) -> None:
    (problem,) = problems(["a", "a"], facts=facts)
    assert "a fact that refers to itself" in problem.found
    assert problem.path[0] == "fact"
    assert "→" in problem.found


def chain(length: int) -> dict[str, Any]:
    return {f"f{at}": {"any": [f"f{at + 1}"]} for at in range(length - 1)} | {f"f{length - 1}": {"model": "a"}}


def test_facts_may_stand_inside_each_other_and_not_without_end() -> None:
    for facts in (chain(16), dict(reversed(chain(16).items()))):
        assert problems("f0", facts=facts) == []
    for facts in (chain(17), dict(reversed(chain(17).items()))):
        (problem,) = problems("f0", facts=facts)
        assert "at most 16" in problem.expected
    for facts in (chain(2_000), dict(reversed(chain(2_000).items()))):
        assert problems("f0", facts=facts)


@pytest.mark.parametrize("written", [{}, {"modle": "a"}, {"any": ["nobody"]}])
def test_a_fact_that_nobody_uses_is_checked_too(written: dict[str, Any]) -> None:
    (problem,) = problems(None, facts={"unused": written})
    assert problem.path[:2] == ("fact", "unused")


def test_an_empty_fact_would_always_hold_and_is_refused() -> None:
    (problem,) = problems("x", facts={"x": {}})
    assert problem.found == "no condition"


# --- labels ---


@pytest.mark.parametrize(
    ("when", "names"),
    [
        ({"healthy": {"local": True}}, ["healthy.local"]),
        ({"labels": "private", "cost": "< 1"}, ["cost", "labels"]),
        ("live", ["healthy.local"]),
        ({"none": ["live", {"busy.cloud": "< 50%"}]}, ["busy.cloud", "healthy.local"]),
        ({"budget_used": "< 80%"}, ["budget_used"]),
    ],
)
def test_a_label_must_not_look_at_what_only_rules_may_see_not_even_through_a_fact(
    when: object, names: list[str]
) -> None:
    found = problems(when, kind="label")
    assert [problem.found for problem in found] == [f"the condition {name!r} in a label" for name in names]
    assert problems(when) == []


# --- what there is ---


@pytest.mark.parametrize(
    "name", ["model", "hour", "secrets", "secrets@user", "pii.email", "pii.card@system", "header.a"]
)
def test_names_of_facts_are_known(name: str) -> None:
    assert is_fact(name)


@pytest.mark.parametrize(
    "name", ["", "modle", "all", "scope", "secrets@", "secrets@all", "pii", "pii.x", "header", "header.", "matches:a"]
)
def test_other_names_are_none(name: str) -> None:
    assert not is_fact(name)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        *[(fact, True) for fact in ("secrets", "secrets@user", "pii.email", "matches:a.b", "contains@user:x", "task")],
        *[(fact, False) for fact in ("model", "header.task", "key", "hour", "opaque", "prompt_tokens")],
    ],
)
def test_what_a_detector_finds_is_told_from_what_the_request_says(fact: str, expected: bool) -> None:
    assert is_detected(fact) is expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a", "hard", ">= 4", "(", "", "user"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*grammar.KEYS, "busy.local", "header", "pii", "typo", ""]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(
    ANYTHING,
    st.dictionaries(st.sampled_from(["a", "hard", "b"]), st.dictionaries(st.sampled_from(grammar.KEYS), ANYTHING)),
)
def test_whatever_a_file_says_it_compiles_or_it_is_refused_with_its_place(
    when: object, facts: dict[str, dict[str, Any]]
) -> None:
    condition, wrong = compiled(when, facts=facts)
    assert all(problem.path[0] in {"rule", "fact"} and problem.expected for problem in wrong)
    if not wrong:
        assert condition.decide(KnownFacts()) in (True, False, None)
