from __future__ import annotations

import pytest

from proxy.errors import Unsupported
from proxy.pipeline.labelled import outward, refuse_outward
from routing_rules.trials import Posed
from tests.fakes.rule_files import NOTHING_KNOWN

SEARCH = {"messages": [], "tools": [{"type": "web_search"}]}


def posed(place: str | None) -> Posed:
    return Posed(facts=NOTHING_KNOWN, document={}, look_outward=lambda _: place)


def test_a_labelled_request_that_reaches_out_is_refused_and_told_where_and_what_to_do() -> None:
    with pytest.raises(Unsupported) as caught:
        refuse_outward(posed(outward(SEARCH)), frozenset({"private", "legal"}))
    error = caught.value
    assert (error.status, error.code, error.param) == (400, "unsupported_value", "tools[0]")
    for words in ("legal, private", "tools[0]", "data: URL", "Nothing was sent"):
        assert words in error.message


def test_without_a_label_or_without_such_a_thing_nothing_is_refused() -> None:
    refuse_outward(posed(outward(SEARCH)), frozenset())
    refuse_outward(posed(None), frozenset({"private"}))
