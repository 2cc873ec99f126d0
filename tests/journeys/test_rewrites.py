"""What a rule writes into a request, seen where it arrives: at the upstream, to the byte."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.server import Request
from tests.fakes.upstream import FakeOpenAI, sse
from tests.journeys.raw import Raw, chats, ready
from tests.wye_process import Wye, clean_environment, one_target

ID = "ann.raw-id@example.org"
RULES = """
[template]
house = "Answer in English."
[[rule]]
name = "fields"
when = { header = { x-rule = "fields" } }
use = ["cloud"]
set = { seed = 7, metadata = { "team" = "blue" } }
default = { temperature = 0.3, top_p = 0.8 }
drop = ["logit_bias"]
[[rule]]
name = "hash"
when = { header = { x-rule = "hash" } }
use = ["trusted", "cloud"]
hash = ["user"]
[[rule]]
name = "hash far"
when = { header = { x-rule = "hash far" } }
use = ["cloud"]
hash = ["user", "metadata"]
[[rule]]
name = "prompt"
when = { header = { x-rule = "prompt" } }
use = ["cloud"]
prompt = { prepend = { template = "house" }, append = "Be brief." }
[[rule]]
name = "prompt here"
when = { header = { x-rule = "prompt here" } }
use = ["local"]
prompt = { prepend = { template = "house" }, append = "Be brief." }
set = { temperature = 0.1 }
default = { top_p = 0.8 }
[[rule]]
name = "busy"
when = { header = { x-rule = "busy" } }
use = ["narrow", "other"]
order = "least busy"
[[rule]]
name = "all"
use = ["cloud"]
"""


def configuration(local: str, cloud: str, server: str = "") -> str:
    return f"""
[server]
{server}
[[label]]
add = "whose"
when = {{ user = "labelled*" }}
[target.local]
kind = "ollama"
url = "{local}"
accepts = ["*"]
model = "llama3"
[target.cloud]
kind = "openai"
url = "{cloud}"
model = "gpt-4o-mini"
[target.trusted]
kind = "compatible"
url = "{cloud}"
accepts = ["whose"]
model = "gpt-4o-mini"
[target.narrow]
kind = "compatible"
url = "{cloud}"
model = "gpt-4o-mini"
max_in_flight = 1
[target.other]
kind = "compatible"
url = "{cloud}"
model = "gpt-4o"
max_in_flight = 1
{RULES}
"""


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(configuration(local.base_url, cloud.base_url)) as server:
        yield ready(server)


def arrived(server: FakeOllama | FakeOpenAI, wye: Wye, rule: str, body: bytes | dict[str, Any]) -> Request:
    """Send a request by a rule; return how it came to the upstream."""
    with Raw(wye, body, headers={"x-rule": rule}) as raw:
        raw.rest()
        assert raw.answer.status == 200, raw.seen
        assert raw.headers["x-wye-rule"] == rule
    return chats(server)[-1]


def asking(content: object = "hello", **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": content}], **more}


# --- fields ---

ODD = (
    b'{ "model" : "gpt-4o-mini",\t"messages":[{"role":"user","content":"h\\u00e9 \\/ \xc3\xa9"}],\n'
    b'  "temperature": 1.50, "logit_bias": {"1": 1e2}, "n":1, "seed" : 123 }'
)


def test_a_body_that_nothing_rewrites_arrives_as_it_was_sent(wye: Wye, cloud: FakeOpenAI) -> None:
    assert arrived(cloud, wye, "all", ODD).body == ODD


def test_fields_are_set_defaulted_and_dropped_and_the_rest_stays_as_it_was_written(wye: Wye, cloud: FakeOpenAI) -> None:
    body = arrived(cloud, wye, "fields", ODD).body
    assert json.loads(body) == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "hé / é"}],
        "temperature": 1.5,
        "n": 1,
        "seed": 7,
        "metadata": {"team": "blue"},
        "top_p": 0.8,
    }
    for kept in (b'[{"role":"user","content":"h\\u00e9 \\/ \xc3\xa9"}]', b"1.50"):
        assert kept in body


def test_a_field_is_known_however_its_name_is_written(wye: Wye, cloud: FakeOpenAI) -> None:
    body = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"logit\\u005fbias":{},"\\u0073eed":1}'
    sent = arrived(cloud, wye, "fields", body).body
    assert json.loads(sent)["seed"] == 7
    assert "logit_bias" not in json.loads(sent)
    assert sent.count(b"eed") == 1


# --- hashes ---


def hashed(request: Request) -> str:
    found = request.json()["user"]
    assert re.fullmatch(r"[0-9a-f]{32}", found)
    return str(found)


def test_the_same_value_has_the_same_hash_and_itself_never_arrives(
    wye: Wye, local: FakeOllama, cloud: FakeOpenAI
) -> None:
    once = hashed(arrived(cloud, wye, "hash far", asking(user=ID)))
    again = hashed(arrived(cloud, wye, "hash far", asking("another question", user=ID, stream=True)))
    other = hashed(arrived(cloud, wye, "hash far", asking(user=ID + "x")))
    assert once == again != other
    table = arrived(cloud, wye, "hash far", asking(metadata={"id": ID})).json()["metadata"]
    assert re.fullmatch(r"[0-9a-f]{32}", table)
    assert not [seen for server in (local, cloud) for seen in server.requests if ID.encode() in seen.body]


def test_without_the_field_none_is_made_up(wye: Wye, cloud: FakeOpenAI) -> None:
    assert "user" not in arrived(cloud, wye, "hash far", asking()).json()
    assert arrived(cloud, wye, "hash far", asking(user=None)).json()["user"] is None


def test_a_value_that_labels_the_request_is_hashed_too(wye: Wye, cloud: FakeOpenAI) -> None:
    labelled, plain = (arrived(cloud, wye, "hash", asking(user=user)) for user in ("labelled-" + ID, ID))
    assert hashed(labelled) != hashed(plain)
    with Raw(wye, asking(user="labelled-" + ID), headers={"x-rule": "hash far"}) as raw:
        assert ID.encode() not in raw.rest()
        assert (raw.answer.status, raw.headers["x-wye-labels"]) == (403, "whose")
    assert not [seen for seen in cloud.requests if ID.encode() in seen.body]
    assert not [line for line in wye.lines if ID in line]


def test_a_key_of_ones_own_gives_the_same_hash_after_a_restart_and_in_every_worker(
    local: FakeOllama, cloud: FakeOpenAI
) -> None:
    keyed = configuration(local.base_url, cloud.base_url, 'hash_key = "env:HASH_KEY"')
    plain = configuration(local.base_url, cloud.base_url)
    hashes = []
    for config, key, workers, times in ((keyed, "a", "1", 1), (keyed, "a", "2", 6), (keyed, "b", "1", 1)):
        with Wye(config, "--workers", workers, environ={"HASH_KEY": key}) as wye:
            hashes.append({hashed(arrived(cloud, wye, "hash far", asking(user=ID))) for _ in range(times)})
    with Wye(plain, "--workers", "2") as wye:
        hashes.append({hashed(arrived(cloud, wye, "hash far", asking(user=ID))) for _ in range(6)})
    assert [len(one) for one in hashes] == [1, 1, 1, 1]
    assert hashes[0] == hashes[1]
    assert len(set.union(*hashes)) == 3


def test_a_key_that_is_missing_is_one_clear_sentence(tmp_path: Path) -> None:
    file = tmp_path / "wye.toml"
    file.write_text(one_target("http://localhost:1/v1", server='hash_key = "env:HASH_KEY"'), encoding="utf-8")
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(file), "--port", "0"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: {file}: [server] hash_key: env:HASH_KEY: is not set: set it, or take hash_key out\n",
    )


# --- prompts ---

PARTS = [{"type": "text", "text": "hello"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
TURNS = [
    {"role": "system", "content": "s"},
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "a"},
    {"role": "user", "content": "last"},
    {"role": "assistant", "content": "b"},
]
AROUND = "Answer in English.\n\n{}\n\nBe brief."


def test_text_is_written_around_the_last_words_of_the_user(wye: Wye, cloud: FakeOpenAI) -> None:
    sent = arrived(cloud, wye, "prompt", asking() | {"messages": TURNS}).json()["messages"]
    assert sent == [*TURNS[:3], {"role": "user", "content": AROUND.format("last")}, TURNS[4]]


def test_among_parts_it_is_a_part_of_its_own(wye: Wye, cloud: FakeOpenAI) -> None:
    (sent,) = arrived(cloud, wye, "prompt", asking(PARTS)).json()["messages"]
    before, behind = ({"type": "text", "text": text} for text in ("Answer in English.", "Be brief."))
    assert sent == {"role": "user", "content": [before, *PARTS, behind]}


def test_everything_beside_the_messages_stays_as_it_was_written(wye: Wye, cloud: FakeOpenAI) -> None:
    body = arrived(cloud, wye, "prompt", ODD).body
    assert json.loads(body)["messages"] == [{"role": "user", "content": AROUND.format("hé / é")}]
    for kept in (b"1.50", b'{"1": 1e2}', b"123"):
        assert kept in body


def test_without_a_user_nothing_is_written(wye: Wye, cloud: FakeOpenAI) -> None:
    messages = [{"role": "system", "content": "s"}]
    assert arrived(cloud, wye, "prompt", asking() | {"messages": messages}).json()["messages"] == messages


@pytest.mark.parametrize("content", ["hello", PARTS[:1]])
def test_a_local_model_is_given_the_same(wye: Wye, local: FakeOllama, content: object) -> None:
    request = arrived(local, wye, "prompt here", asking(content))
    (message,) = local.seen[-1]["messages"]
    assert message["role"] == "user"
    assert [text for text in re.split(r"\n+", message["content"]) if text] == [
        "Answer in English.",
        "hello",
        "Be brief.",
    ]
    assert (request.json()["temperature"], request.json()["top_p"]) == (0.1, 0.8)


# --- order ---


def test_whoever_has_no_slot_free_is_passed_over_and_then_is_first_again(wye: Wye, cloud: FakeOpenAI) -> None:
    gate = threading.Event()
    begun = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
    try:
        cloud.script = sse(begun, begun, gate=gate)
        with Raw(wye, asking(stream=True), headers={"x-rule": "busy"}) as held:
            held.until(b'"a"')
            cloud.script = None
            assert held.headers["x-wye-target"] == "narrow:gpt-4o-mini"
            assert target_of(wye) == "other:gpt-4o-mini"
            gate.set()
            held.rest()
            wye.settled(held.headers["x-wye-id"])
        assert target_of(wye) == "narrow:gpt-4o-mini"
    finally:
        gate.set()
        cloud.script = None


def target_of(wye: Wye) -> str:
    with Raw(wye, asking(), headers={"x-rule": "busy"}) as raw:
        raw.rest()
        return raw.headers["x-wye-target"]
