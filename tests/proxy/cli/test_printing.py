import json

import pytest

from proxy.cli.printing import count, print_json, print_problems
from routing_rules import Problem

PROBLEM = Problem(path=("server", "port"), found="5", expected="6", file="a.toml", line=3)


@pytest.mark.parametrize(("number", "text"), [(0, "0 rules"), (1, "1 rule"), (2, "2 rules")])
def test_things_are_counted_as_people_do(number: int, text: str) -> None:
    assert count(number, "rule") == text


def test_problems_are_lines_for_people_and_a_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_problems([PROBLEM], as_json=False)
    assert capsys.readouterr().out == f"{PROBLEM}\n"
    print_problems([PROBLEM], as_json=True, file="a.toml")
    data = json.loads(capsys.readouterr().out)
    assert (data["ok"], data["problems"][0]["where"], data["problems"][0]["path"]) == (
        False,
        "[server] port",
        ["server", "port"],
    )


def test_data_is_printed_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "ü"})
    assert capsys.readouterr().out == '{\n  "a": "ü"\n}\n'
