import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proxy.config.json_schema import FILE, schema, text

ROOT = Path(__file__).parents[3]
CHECKER = jsonschema.Draft202012Validator(schema())
TARGET = '[target.a]\nkind = "ollama"\nurl = "http://a/v1"\n'


def faults(toml: str) -> list[jsonschema.ValidationError]:
    return list(CHECKER.iter_errors(tomllib.loads(toml)))


def test_the_shipped_schema_is_the_one_that_the_structs_make() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run `python -m proxy.config.json_schema` to write it anew"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", ["config.toml", "deploy/wye.toml", "routing_rules/packs/private_first.toml"])
def test_our_own_files_are_valid(file: str) -> None:
    assert faults((ROOT / file).read_text(encoding="utf-8")) == []


def test_config_toml_is_valid_with_every_line_switched_on_and_names_the_schema() -> None:
    shown = (ROOT / "config.toml").read_text(encoding="utf-8")
    assert shown.startswith(f"#:schema ./{FILE.relative_to(ROOT)}\n")
    assert faults(re.sub(r"^# (?=[\w.]+ = )", "", shown, flags=re.MULTILINE)) == []


@pytest.mark.parametrize(
    "when",
    [
        '"secret"',
        '["a", "b"]',
        "{}",
        '{ model = "gpt-*", prompt_tokens = ">= 4_000", turns = 4, stream = true }',
        '{ hour = "9-17", weekday = ["mon-fri"] }',
        '{ header = { x-team = "a" }, "header.x" = ["a"], busy = { a = "< 80%" }, healthy = { a = true } }',
        '{ any = ["a", { secrets = true, scope = "user" }], none = [{ matches = "a" }, { pii = ["email"] }] }',
    ],
)
def test_conditions_that_load_are_valid(when: str) -> None:
    assert faults(f'{TARGET}[[rule]]\nname = "x"\nuse = ["a"]\nwhen = {when}\n') == []


@pytest.mark.parametrize(
    "when",
    [
        '""',
        "[]",
        "5",
        "[5]",
        "{ modle = 'a' }",
        "{ model = 5 }",
        "{ model = [] }",
        "{ stream = 'yes' }",
        "{ prompt_tokens = '>= many' }",
        "{ prompt_tokens = true }",
        "{ busy = { a = 80 } }",
        "{ busy = '< 80%' }",
        "{ hour = 25 }",
        "{ header = {} }",
        "{ scope = 'users', secrets = true }",
        "{ pii = ['emial'] }",
        "{ complexity = 0.5 }",
        "{ any = [] }",
        "{ any = 'a' }",
        "{ any = [{}] }",
        "{ any = [{ all = ['a'] }] }",
    ],
)
def test_conditions_that_do_not_load_are_not(when: str) -> None:
    assert faults(f'{TARGET}[[rule]]\nname = "x"\nuse = ["a"]\nwhen = {when}\n')


@pytest.mark.parametrize(
    "toml",
    [
        "[servr]",
        "[server]\nport = 'x'",
        "[server]\ngrace = 'soon'",
        "[server]\nmax_body = '5 parsecs'",
        "[log]\nlevel = 'warn'",
        "[target.a]\nkind = 'ollama'",
        "[target.a]\nkind = 'olama'\nurl = 'x'",
        "[target.a]\nkind = 'ollama'\nurl = 'x'\ntimeouts = { conect = '5s' }",
        "[[rule]]\nname = 'x'",
        "[[rule]]\nname = 'x'\nuse = ['a']\norder = 'cheapest'",
        "[[rule]]\nname = 'x'\nuse = ['a']\nprompt = { append = { temlate = 'x' } }",
        "[[label]]\nwhen = 'x'",
        "[[test]]\ngiven = {}",
        "[fact.x]",
        "fact.x.modle = 'a'",
        "[template]\nx = 5",
        "[facts_log]\nfields = 'model'",
        "[complexity]\nscorer = 'artcle'",
        "[complexity]\nweights = { terms = '1' }",
        "[secrets]\npatterns = ['x']",
        "[secrets]\nignore = 'x'",
    ],
)
def test_files_that_do_not_load_are_not_valid(toml: str) -> None:
    assert faults(toml)


def test_each_table_says_what_it_is_for() -> None:
    tables: dict[str, Any] = schema()["$defs"]
    assert [name for name, table in tables.items() if not table.get("description")] == []
