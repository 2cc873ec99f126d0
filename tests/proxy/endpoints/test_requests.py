from __future__ import annotations

import pytest

from proxy.endpoints.requests import read_context, refuse_other_methods
from proxy.errors import MethodNotAllowed
from proxy.pipeline.preferences import brought_labels
from tests.fakes.asgi import scope


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_any_method_but_post_is_refused_and_the_answer_says_which_is_not(method: str) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        refuse_other_methods(scope(method))
    assert caught.value.headers["allow"] == "POST"


def test_post_is_let_in() -> None:
    refuse_other_methods(given := scope())
    assert given["method"] == "POST"


def test_header_names_and_values_are_read_as_they_came() -> None:
    given = scope(headers=[("x-team", "caf\u00e9"), ("x-wye-label", "legal")], query="a=b&c")
    context = read_context(given, b"{}")
    assert (context.id, context.endpoint, context.body) == ("wye-1", "chat", b"{}")
    assert context.headers["x-team"] == "caf\u00e9"
    assert context.address == "/v1/chat/completions?a=b&c"


def test_a_label_in_the_first_of_two_headers_is_not_lost_to_the_second() -> None:
    context = read_context(scope(headers=[("x-wye-label", "private"), ("x-wye-label", "legal")]), b"")
    assert brought_labels(context.headers, {}).labels == {"private", "legal"}


def test_a_query_is_read_as_its_sender_wrote_it_and_spaces_around_a_value_are_none() -> None:
    given = scope(headers=[("x-team", " \tlegal ")], query="q=my+password%20is%3Dx")
    context = read_context(given, b"")
    assert context.address == "/v1/chat/completions?q=my password is=x"
    assert context.headers["x-team"] == "legal"
