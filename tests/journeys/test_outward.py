"""What an upstream would fetch or run itself: refused for a labelled request, handed on for any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import Raw, chats
from tests.wye_process import RULES, Wye, two_targets

Json = dict[str, Any]
PRIVATE = {"x-wye-label": "private"}
ADDRESS = "https://files.example/x.png"
PIXEL = "data:image/png;base64,iVBORw0KGgo="
SETS_A_SEARCH = """
[[rule]]
name = "sets a search"
when = { model = "searching" }
use = ["cloud", "local"]
set = { web_search_options = {} }
"""


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    # This cloud may be given the label: what it would fetch for such a request is refused all the same.
    text = two_targets(local.base_url, cloud.base_url, rules=SETS_A_SEARCH + RULES)
    accepting = text.replace('model = "gpt-4o-mini"', 'model = "gpt-4o-mini"\naccepts = ["private"]')
    with Wye(accepting) as server:
        yield server


@pytest.fixture(scope="module")
def fresh(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    """One that has never been told anything in private: there, labels would stick to the same pictures."""
    with Wye(two_targets(local.base_url, cloud.base_url)) as server:
        yield server


def with_part(part: Json) -> Json:
    text = {"type": "text", "text": f"what is at {ADDRESS}?"}
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": [text, part]}]}


def with_field(**more: object) -> Json:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], **more}


REACHING = [
    (with_part({"type": "image_url", "image_url": {"url": ADDRESS}}), "messages[0].content[1].image_url"),
    (with_part({"type": "image_url", "image_url": {"url": "hTtPs:\\/\\/x"}}), "messages[0].content[1].image_url"),
    (with_part({"type": "input_image", "image_url": ADDRESS}), "messages[0].content[1].image_url"),
    (with_part({"type": "file", "file": {"file_url": ADDRESS}}), "messages[0].content[1].file.file_url"),
    (with_part({"type": "audio_url", "audio_url": {"url": ADDRESS}}), "messages[0].content[1].audio_url"),
    (with_field(tools=[{"type": "web_search"}]), "tools[0]"),
    (with_field(tools=[{"type": "mcp", "server_url": ADDRESS}]), "tools[0]"),
    (with_field(web_search_options={}), "web_search_options"),
    (with_field(tool_choice={"type": "file_search"}), "tool_choice"),
]


@pytest.mark.parametrize("target", ["", "local:", "cloud:"])
@pytest.mark.parametrize(("body", "place"), REACHING)
def test_a_labelled_request_that_reaches_out_is_refused_whoever_is_to_answer(
    wye: Wye, local: FakeOllama, cloud: FakeOpenAI, body: Json, place: str, target: str
) -> None:
    sent = len(chats(local)) + len(chats(cloud))
    for stream in (False, True):
        asked = {**body, "model": target + body["model"], "stream": stream}
        with Raw(wye, asked, headers=PRIVATE) as raw:
            assert raw.answer.status == 400
            assert raw.headers["x-wye-labels"] == "private"
            error = raw.error()
        assert (error["type"], error["code"]) == ("invalid_request_error", "unsupported_value")
        assert error["param"] == place
        assert "files.example" not in error["message"]
    assert len(chats(local)) + len(chats(cloud)) == sent


@pytest.mark.parametrize(("body", "place"), REACHING[:-1])
def test_without_a_label_it_goes_where_it_always_went(fresh: Wye, cloud: FakeOpenAI, body: Json, place: str) -> None:
    with Raw(fresh, body) as raw:
        assert (raw.answer.status, raw.headers["x-wye-target"]) == (200, "cloud:gpt-4o"), place
    sent = chats(cloud)[-1].json()
    assert {name: sent[name] for name in body} == body


@pytest.mark.parametrize(
    "body",
    [
        with_part({"type": "image_url", "image_url": {"url": PIXEL}}),
        with_part({"type": "file", "file": {"file_id": "file-1"}}),
        with_field(tools=[{"type": "function", "function": {"name": "f"}}], tool_choice="auto"),
    ],
)
def test_a_labelled_request_that_stays_inside_is_answered(wye: Wye, body: Json) -> None:
    with Raw(wye, body, headers=PRIVATE) as raw:
        assert (raw.answer.status, raw.headers["x-wye-labels"]) == (200, "private")


def test_a_label_that_is_found_in_the_text_binds_as_one_that_is_brought(wye: Wye, cloud: FakeOpenAI) -> None:
    sent = len(chats(cloud))
    body = with_field(tools=[{"type": "web_search"}])
    body["messages"] = [{"role": "user", "content": "look up my password is hunter2-Blue42"}]
    with Raw(wye, body) as raw:
        assert (raw.answer.status, raw.error()["param"]) == (400, "tools[0]")
    assert len(chats(cloud)) == sent


def test_a_rule_cannot_add_what_the_client_may_not_ask_for(wye: Wye, cloud: FakeOpenAI) -> None:
    sent = len(chats(cloud))
    body = with_field() | {"model": "searching"}
    with Raw(wye, body, headers=PRIVATE) as raw:
        assert raw.answer.status == 400
        assert raw.error()["param"] == "web_search_options"
    assert len(chats(cloud)) == sent
    with Raw(wye, body) as raw:
        assert raw.answer.status == 200
    assert chats(cloud)[-1].json()["web_search_options"] == {}
