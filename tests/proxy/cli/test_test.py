import json

import pytest

from tests.fakes.command_files import GREEN, RED, RULES, run, write

pytestmark = pytest.mark.usefixtures("folder")


def test_green_tests_are_counted_and_the_exit_code_is_0() -> None:
    write("wye.toml", RULES + GREEN)
    result = run("test", "wye.toml")
    assert (result.exit_code, result.output) == (0, "green  a password stays here\nwye.toml: 1 test, 0 red\n")


def test_a_red_one_says_file_and_line_of_each_expectation_and_what_was_found() -> None:
    write("wye.toml", RULES + GREEN + RED)
    result = run("test", "wye.toml")
    lines = (RULES + GREEN + RED).splitlines()
    target, body = (lines.index(line) + 1 for line in ('target = "local"', "body = { temperature = 0.3 }"))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "green  a password stays here",
        "red    big ones stay",
        f"       wye.toml:{target}: target: expected local, found cloud:gpt-4o",
        f"       wye.toml:{body}: body.temperature: expected 0.3, found 0.2",
        "wye.toml: 2 tests, 1 red",
    ]


def test_programs_read_the_same() -> None:
    write("wye.toml", RULES + RED)
    result = run("test", "wye.toml", "--json")
    data = json.loads(result.output)
    assert (result.exit_code, data["file"], data["ok"]) == (1, "wye.toml", False)
    (test,) = data["tests"]
    assert (test["name"], test["ok"]) == ("big ones stay", False)
    assert test["line"] == RULES.count("\n") + 1
    assert test["mismatches"][0] == {
        "key": "target",
        "expected": "local",
        "found": "cloud:gpt-4o",
        "line": RULES.count("\n") + 6,
    }


def test_a_request_that_cannot_be_read_is_a_400_and_no_crash() -> None:
    write(
        "wye.toml", RULES + '[[test]]\nname = "bad"\ngiven = { body = { messages = 5 } }\nexpect = { status = 400 }\n'
    )
    assert run("test", "wye.toml").exit_code == 0


def test_a_red_test_of_an_included_file_is_named_with_that_file_and_its_line() -> None:
    write("team.toml", "\n" + RED)
    write("wye.toml", 'server.include = ["team.toml"]\n' + RULES + GREEN)
    result = run("test", "wye.toml")
    assert result.exit_code == 1
    assert "       team.toml:7: target: expected local, found cloud:gpt-4o\n" in result.output
    tests = json.loads(run("test", "wye.toml", "--json").output)["tests"]
    assert [(one["file"], one["line"]) for one in tests] == [("team.toml", 2), ("wye.toml", RULES.count("\n") + 2)]


def test_a_file_without_tests_says_so() -> None:
    write("wye.toml", RULES)
    result = run("test", "wye.toml")
    assert (result.exit_code, result.output) == (0, "wye.toml: no [[test]] in it\n")


@pytest.mark.parametrize(
    ("expect", "line"),
    [
        ('rule = "big models go out"', "rule: expected big models go out, found the rest stays"),
        ("body.seed = 2", "body.seed: expected 2, found 1"),
        ("body.top_p = 1", "body.top_p: expected 1, found no such field"),
        ('label = "hr"', "label: expected hr, found no label"),
        ("status = 503", "status: expected 503, found 200"),
    ],
)
def test_what_is_expected_and_found_is_said_in_words(expect: str, line: str) -> None:
    write("wye.toml", RULES + f'[[test]]\nname = "t"\ngiven = {{ body = {{ seed = 1 }} }}\nexpect.{expect}\n')
    assert f": {line}\n" in run("test", "wye.toml").output


def test_a_file_that_does_not_load_has_its_problems_printed() -> None:
    write("wye.toml", RULES.replace('use = ["local"]', 'use = ["locl"]'))
    result = run("test", "wye.toml")
    assert result.exit_code == 1
    assert "did you mean 'local'?" in result.output


def test_a_file_with_a_byte_order_mark_has_its_lines_too() -> None:
    write("wye.toml", "\ufeff" + RULES + RED)
    assert f"wye.toml:{RULES.count(chr(10)) + 6}: target" in run("test", "wye.toml").output
