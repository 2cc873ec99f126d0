from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import UNKNOWN, Bounds, FactValue, values
from routing_rules.conditions import ALWAYS, All, Any, Check, Condition, Named, Not, Trace, shown
from routing_rules.values import Truth
from tests.fakes.rule_files import KnownFacts

NAMES = "abc"


def asks(name: str) -> Check:
    return Check(name, f"{name} true", values.flag(True).holds)


A, B = asks("a"), asks("b")
KLEENE: list[tuple[FactValue, FactValue, Truth, Truth]] = [
    (True, True, True, True),
    (True, False, False, True),
    (True, UNKNOWN, None, True),
    (False, False, False, False),
    (False, UNKNOWN, False, None),
    (UNKNOWN, UNKNOWN, None, None),
]


@pytest.mark.parametrize(("one", "other", "both", "either"), KLEENE)
def test_no_outweighs_unknown_in_a_conjunction_and_yes_in_a_disjunction(
    one: FactValue, other: FactValue, both: Truth, either: Truth
) -> None:
    for a, b in ((one, other), (other, one)):
        facts = KnownFacts({"a": a, "b": b})
        assert All((A, B)).decide(facts) is both
        assert Any((A, B)).decide(facts) is either


@pytest.mark.parametrize(("value", "expected"), [(True, False), (False, True), (UNKNOWN, None)])
def test_not_turns_yes_and_no_round_and_leaves_unknown_unknown(value: FactValue, expected: Truth) -> None:
    assert Not(A).decide(KnownFacts({"a": value})) is expected
    assert Named("fact", Not(A)).decide(KnownFacts({"a": value})) is expected


def test_no_part_always_holds_and_asks_for_nothing() -> None:
    facts = KnownFacts()
    assert ALWAYS.decide(facts) is True
    assert (facts.asked, list(ALWAYS.names())) == ([], [])


@pytest.mark.parametrize(("condition", "asked"), [(All((A, B)), ["a"]), (Any((Not(A), B)), ["a"])])
def test_facts_are_asked_for_in_order_and_no_further_than_is_needed(condition: Condition, asked: list[str]) -> None:
    facts = KnownFacts({"a": False})
    condition.decide(facts)
    assert facts.asked == asked
    assert list(condition.names()) == ["a", "b"]


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.sampled_from([asks(name) for name in NAMES]),
    lambda inner: (
        inner.map(Not)
        | inner.map(lambda part: Named("named", part))
        | st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts)))
        | st.lists(inner, max_size=3).map(lambda parts: Any(tuple(parts)))
    ),
    max_leaves=8,
)
KNOWN = st.fixed_dictionaries({name: st.sampled_from([True, False, UNKNOWN]) for name in NAMES})


@given(CONDITIONS, KNOWN)
def test_what_is_decided_while_facts_are_unknown_stays_so_whatever_they_turn_out_to_be(
    condition: Condition, known: dict[str, FactValue]
) -> None:
    decided = condition.decide(KnownFacts(known))
    unknown = [name for name in NAMES if known[name] is UNKNOWN]
    completions = [
        {**known, **dict(zip(unknown, values, strict=True))} for values in product([True, False], repeat=len(unknown))
    ]
    outcomes = {condition.decide(KnownFacts(completion)) for completion in completions}
    assert None not in outcomes
    if decided is not None:
        assert outcomes == {decided}
    if not unknown:
        assert decided is not None


@given(CONDITIONS, KNOWN)
def test_an_explanation_comes_to_the_same_outcome(condition: Condition, known: dict[str, FactValue]) -> None:
    facts = KnownFacts(known)
    assert condition.trace(facts).outcome is condition.decide(facts)


AT_LEAST = values.number(">= 4000")
LONG = Check("prompt_tokens", 'prompt_tokens ">= 4000"', AT_LEAST.holds, AT_LEAST.gap)


@pytest.mark.parametrize(
    ("value", "says", "outcome"),
    [
        (5000, 'prompt_tokens ">= 4000": 5,000', True),
        (3900, 'prompt_tokens ">= 4000": 3,900, 100 short of it', False),
        (Bounds(10, 1000), 'prompt_tokens ">= 4000": between 10 and 1,000, at least 3,000 short of it', False),
        (Bounds(10, 5000), 'prompt_tokens ">= 4000": between 10 and 5,000', None),
        (None, 'prompt_tokens ">= 4000": there is none', False),
        (UNKNOWN, 'prompt_tokens ">= 4000": unknown', None),
        (True, 'prompt_tokens ">= 4000": yes', False),
    ],
)
def test_a_check_says_what_was_found_and_how_far_it_is_off(value: FactValue, says: str, outcome: Truth) -> None:
    assert LONG.trace(KnownFacts({"prompt_tokens": value})) == Trace(says, outcome)


YES, NO = Trace("a true: yes", outcome=True), Trace("b true: no", outcome=False)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (All((A, B)), Trace("all of", outcome=False, parts=(YES, NO))),
        (Any((A, B)), Trace("any of", outcome=True, parts=(YES, NO))),
        (Not(Any((A, B))), Trace("none of", outcome=False, parts=(YES, NO))),
        (Not(All((A, B))), Trace("none of", outcome=True, parts=(Trace("all of", outcome=False, parts=(YES, NO)),))),
        (Not(A), Trace("none of", outcome=False, parts=(YES,))),
        (Named("x", A), Trace("x", outcome=True, parts=(YES,))),
        (Named("x", All((A, B))), Trace("x", outcome=False, parts=(YES, NO))),
        (Named("x", Any((A, B))), Trace("x", outcome=True, parts=(Trace("any of", outcome=True, parts=(YES, NO)),))),
        (Named("x", Not(B)), Trace("x", outcome=True, parts=(Trace("none of", outcome=True, parts=(NO,)),))),
    ],
)
def test_an_explanation_shows_every_part_and_how_they_are_joined(condition: Condition, expected: Trace) -> None:
    assert condition.trace(KnownFacts({"a": True, "b": False})) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1, "1"),
        (0, "0"),
        (True, "yes"),
        (False, "no"),
        (12345, "12,345"),
        (0.654321, "0.6543"),
        ("gpt-4o", "'gpt-4o'"),
        ("", "''"),
        (("a", "b"), "a, b"),
        ((), "none"),
        (None, "there is none"),
        (UNKNOWN, "unknown"),
    ],
)
def test_what_was_found_is_put_in_words(value: FactValue, words: str) -> None:
    assert shown(value) == words


SOON = Check("first_token.local", 'first_token.local "< 800ms"', values.duration("< 800ms").holds)


@pytest.mark.parametrize(
    ("value", "says", "outcome"),
    [
        (1.2, "first_token.local: measured 1.2 s, wanted < 800ms", False),
        (0.25, "first_token.local: measured 250 ms, wanted < 800ms", True),
        (UNKNOWN, "first_token.local: not measured yet, wanted < 800ms", None),
    ],
)
def test_of_what_is_measured_a_check_says_what_was_measured_and_what_was_wanted(
    value: FactValue, says: str, outcome: Truth
) -> None:
    assert SOON.trace(KnownFacts({"first_token.local": value})) == Trace(says, outcome)
