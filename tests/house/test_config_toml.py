"""`config.toml` is the reference of every key, so it must have every key, and every default in it must be true."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.config.fileless import from_environment
from proxy.config.load import decode_config, read_config
from proxy.config.schema import Config, FactsLog, Log, Server
from routing_rules import Complexity, Expect, Given, Label, Queue, Rule, Secrets, Target, Timeouts, Trial
from routing_rules.advice import advise
from routing_rules.scores import DEFAULT_WEIGHTS

FILE = Path(__file__).parents[2] / "config.toml"
TEXT = FILE.read_text(encoding="utf-8")
SWITCHED_OFF = re.compile(r"^# (?=[\w.]+ = )", re.MULTILINE)


def switched_on() -> Config:
    return decode_config(SWITCHED_OFF.sub("", TEXT), str(FILE))


def names(table: type[msgspec.Struct]) -> set[str]:
    return set(table.__struct_fields__)


def written(tables: list[dict[str, Any]]) -> set[str]:
    return {name for table in tables for name in table}


def test_it_loads() -> None:
    config = decode_config(TEXT, str(FILE))
    assert list(config.target) == ["local", "cloud"]
    assert {label.add for label in config.label} == {"private"}
    assert list(config.fact) == ["big"]
    assert len(config.test) == 3


@pytest.mark.parametrize("file", ["config.toml", "deploy/wye.toml"])
def test_no_file_of_ours_is_one_that_wye_warns_of(file: str) -> None:
    assert read_config(FILE.parent / file).warnings == ()


def test_the_rules_that_need_no_file_are_not_warned_of_either() -> None:
    assert advise(from_environment({"OPENAI_API_KEY": "x"}, ["llama3.2"]).rules) == []


def test_it_loads_with_every_line_switched_on() -> None:
    assert switched_on().alias == {"fast": "local:llama3.2"}


def test_the_defaults_that_it_shows_are_the_defaults() -> None:
    config = switched_on()
    shown: dict[str, Any] = {
        "include": ("rules/*.toml",),
        "hash_key": "env:WYE_HASH_KEY",
    }  # they say that the default is another
    assert config.server == Server(**shown)
    assert config.facts_log == FactsLog(path="facts.jsonl", fields=("model",))
    assert config.log == Log()
    assert config.complexity == Complexity(weights={"reasoning": DEFAULT_WEIGHTS["reasoning"]})
    local, cloud = config.target["local"], config.target["cloud"]
    assert (local.timeouts, local.queue) == (Timeouts(), Queue())
    assert (local.strict, cloud.auth) == (False, "bearer")


@pytest.mark.parametrize(
    "table",
    [
        *("", "server", "log", "target", "timeouts", "queue", "label", "rule", "test", "given", "expect", "facts_log"),
        *("complexity", "secrets"),
    ],
)
def test_it_shows_every_key(table: str) -> None:
    raw = tomllib.loads(SWITCHED_OFF.sub("", TEXT))
    targets = list(raw["target"].values())
    shown: dict[str, tuple[type[msgspec.Struct], list[dict[str, Any]]]] = {
        "": (Config, [raw]),
        "server": (Server, [raw["server"]]),
        "log": (Log, [raw["log"]]),
        "target": (Target, targets),
        "timeouts": (Timeouts, [target.get("timeouts", {}) for target in targets]),
        "queue": (Queue, [target.get("queue", {}) for target in targets]),
        "label": (Label, raw["label"]),
        "rule": (Rule, raw["rule"]),
        "test": (Trial, raw["test"]),
        "given": (Given, [test["given"] for test in raw["test"]]),
        "expect": (Expect, [test["expect"] for test in raw["test"]]),
        "facts_log": (FactsLog, [raw["facts_log"]]),
        "complexity": (Complexity, [raw["complexity"]]),
        "secrets": (Secrets, [raw["secrets"]]),
    }
    struct, tables = shown[table]
    assert written(tables) == names(struct)


def test_its_example_is_the_shipped_pack() -> None:
    pack = tomllib.loads((FILE.parent / "routing_rules/packs/private_first.toml").read_text(encoding="utf-8"))
    example = tomllib.loads(TEXT)
    assert [example[table] for table in ("fact", "label", "rule")] == [
        pack[table] for table in ("fact", "label", "rule")
    ]


def test_its_lines_fit_a_page() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 120] == []
