import json

import pytest

from proxy.cli import prove
from tests.fakes.command_files import RULES, run, write

pytestmark = pytest.mark.usefixtures("folder")
LEAKY = RULES.replace('models = ["gpt-*"]', 'models = ["gpt-*"]\naccepts = ["private"]')


def said(text: str = RULES, *arguments: str) -> list[str]:
    write("wye.toml", text)
    return run("prove", "wye.toml", "--offline", *arguments).output.splitlines()


def test_what_is_promised_and_what_is_only_detected_is_told_apart() -> None:
    lines = said()
    assert lines[0] == "hr"
    private = lines[lines.index("private") :]
    assert private[1:6] == [
        "  Promised: what bears this label stays inside the boundary, whatever rule, alias or client is used.",
        "  Guaranteed to bear it: a request that says so itself (the x-wye-label header, or a high privacy level)",
        "  Detected, not guaranteed (a detector may miss; what it misses bears no label):",
        "      where secret   [it holds a secret]",
        "  Boundary: 127.0.0.0/8, *.internal",
    ]
    assert '      or where header.x-team "hr"' in lines
    assert lines[-1] == "wye.toml: proved. No request labelled hr or private can get outside its boundary"


def test_every_place_stands_under_what_keeps_it() -> None:
    lines = said()
    private = "\n".join(lines[lines.index("private") :])
    inside, _, rest = private.partition("  Its requests can reach, and each time the address is checked")
    checked, _, closed = rest.partition("  Closed: its requests never reach:")
    assert "local (127.0.0.1): its address lies inside" in inside
    assert "by rule 'big models go out', rule 'the rest stays', alias 'fast', named by a client" in inside
    assert "gpu (gpu.internal)" in checked
    assert "cloud (api.openai.com): does not accept it" in closed
    assert "local: Ollama's own cloud (ollama.com)" in closed
    assert "the log (standard error): no line of it holds the text of any request" in closed
    assert "what is remembered (the memory of wye): keyed hashes" in closed


def test_a_facts_log_is_a_closed_sink() -> None:
    assert "the facts log (facts.jsonl): of a labelled request" in "\n".join(
        said(RULES + '[facts_log]\npath = "facts.jsonl"\n')
    )


def test_a_sink_outside_is_red_and_no_promise_is_made() -> None:
    write("wye.toml", LEAKY)
    result = run("prove", "wye.toml", "--offline")
    assert result.exit_code == 1
    assert "  NOT promised: what bears this label can get outside" in result.output
    assert "  OUTSIDE the boundary, and its requests could reach it:\n    cloud (api.openai.com)" in result.output
    assert result.output.endswith("wye.toml: 1 sink outside a boundary: private → cloud\n")


def test_a_label_that_nobody_takes_is_said_to_be_refused() -> None:
    lines = said(RULES.replace('accepts = ["*"]', 'accepts = ["private"]'))
    assert "  Its requests can reach no place at all: they are refused." in lines[: lines.index("private")]


def test_an_empty_boundary_holds_nothing() -> None:
    text = RULES.replace('["127.0.0.0/8", "*.internal"]', "[]")
    assert "  Boundary: empty, so nothing lies inside" in said(text)


def test_a_default_boundary_is_named() -> None:
    assert any(line.startswith("  Boundary: loopback and private networks (127.0.0.0/8") for line in said())


def test_names_are_looked_up_unless_it_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    write("wye.toml", RULES)
    monkeypatch.setattr(prove, "addresses", lambda _: ("8.8.8.8",))
    assert run("prove", "wye.toml").exit_code == 1
    assert run("prove", "wye.toml", "--offline").exit_code == 0


@pytest.mark.parametrize(("text", "holds"), [(RULES, True), (LEAKY, False)])
def test_programs_read_the_same(text: str, holds: bool) -> None:
    write("wye.toml", text)
    result = run("prove", "wye.toml", "--offline", "--json")
    data = json.loads(result.output)
    assert (data["file"], data["ok"], result.exit_code) == ("wye.toml", holds, 0 if holds else 1)
    private = data["labels"][1]
    assert private["label"] == "private"
    assert private["promise"] == "detected, not guaranteed"
    assert private["adding"] == [{"when": "secret", "why": "it holds a secret", "detected": True}]
    verdicts = {sink["name"]: sink["verdict"] for sink in private["sinks"]}
    assert verdicts["local: Ollama's own cloud"] == "closed"
    assert verdicts.get("cloud") == (None if holds else "outside")
    assert ("cloud" in {sink["name"] for sink in private["closed"]}) is holds
