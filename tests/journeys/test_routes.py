"""Where a request goes: by rule, by label, by name, and what the client sees of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.wye_process import Wye, two_targets


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    aliases = '[alias]\nfast = "local:llama3"\nbig = "gpt-4o"'
    with Wye(two_targets(local.base_url, cloud.base_url, extra=aliases)) as server:
        yield server


def ask(wye: Wye, model: str, text: str = "hello", **more: Any) -> tuple[str, dict[str, str]]:
    create = wye.client().chat.completions.with_raw_response.create
    raw = create(model=model, messages=[{"role": "user", "content": text}], **more)
    return raw.parse().choices[0].message.content or "", dict(raw.headers)


def chats(server: FakeOpenAI) -> int:
    return sum(request.method == "POST" for request in server.requests)


@pytest.mark.parametrize(
    ("model", "target"),
    [
        ("gpt-4o", "cloud:gpt-4o"),
        ("gpt-4o-mini", "local:llama3"),
        ("llama3", "local:llama3"),
        ("llama3:latest", "local:llama3:latest"),
        ("cloud:gpt-4o-mini", "cloud:gpt-4o-mini"),
        ("openai:gpt-4o-mini", "cloud:gpt-4o-mini"),
        ("local:llama3", "local:llama3"),
        ("fast", "local:llama3"),
        ("nobody-has-this", "local:llama3"),
    ],
)
def test_a_model_name_leads_where_the_rules_say(wye: Wye, model: str, target: str) -> None:
    content, headers = ask(wye, model)
    assert headers["x-wye-target"] == target
    assert content == f"{'ollama' if target.startswith('local') else 'openai'}:{target.partition(':')[2]}: hello"


def test_the_answer_names_its_rule_and_the_exchange_is_settled(wye: Wye) -> None:
    _, headers = ask(wye, "gpt-4o")
    assert headers["x-wye-rule"] == "big models go to the cloud"
    settled = wye.settled(headers["x-wye-id"])
    assert (settled["target"], settled["status"], settled["attempts"]) == ("cloud", 200, 1)
    assert settled["tokens_in"] > 0


def test_a_secret_stays_local_although_the_rule_prefers_the_cloud(wye: Wye, cloud: FakeOpenAI) -> None:
    before = chats(cloud)
    content, headers = ask(wye, "gpt-4o", "my password is hunter2-Blue42")
    assert headers["x-wye-target"] == "local:llama3"
    assert headers["x-wye-labels"] == "private"
    assert content.startswith("ollama:")
    assert chats(cloud) == before


@pytest.mark.parametrize("model", ["cloud:gpt-4o", "openai:gpt-4o"])
def test_naming_the_cloud_outright_lifts_no_label(wye: Wye, cloud: FakeOpenAI, model: str) -> None:
    before = chats(cloud)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        ask(wye, model, "my password is hunter2-Blue42")
    assert refused.value.code == "egress_refused"
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert "hunter2" not in refused.value.response.text
    assert chats(cloud) == before


def test_any_caller_may_add_a_label(wye: Wye) -> None:
    _, headers = ask(wye, "gpt-4o", extra_headers={"x-wye-label": "legal"})
    assert (headers["x-wye-labels"], headers["x-wye-target"]) == ("legal", "local:llama3")


def test_the_privacy_level_adds_a_label_and_does_not_travel(wye: Wye, local: FakeOllama) -> None:
    _, headers = ask(wye, "gpt-4o", extra_body={"routing_preferences": {"privacy_level": "high"}})
    assert headers["x-wye-labels"] == "private"
    assert "routing_preferences" not in local.requests[-1].json()


def test_a_forced_provider_skips_the_rules(wye: Wye) -> None:
    _, headers = ask(wye, "gpt-4o-mini", extra_headers={"x-wye-force-provider": "cloud"})
    assert (headers["x-wye-target"], headers["x-wye-rule"]) == ("cloud:gpt-4o-mini", "named by the client")
