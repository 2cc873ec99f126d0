import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.errors import Path
from routing_rules.locate import Locator

TEXT = '''\
# a comment with [brackets] and key = "value"
[server]
port = 8000 # trailing

[target.local]
kind = "ollama"
timeouts = { connect = "5s", idle = "1s" }
timeouts2.connect = "5s"
models = [
  "a", # ]
  "b",
]

[target."with.dot"]
'quoted key' = 1

[[rule]]
name = """
[not.a.header]
port = 1
"""
use = ["local"]

[[rule]]
name = 'second'
  [rule.when]
  model = "gpt-*"
  header."x-team" = "a"

[[rule]]
when = {
  model = "x",
  modle = "y",
}

[target.local.queue]
size = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("server",), 2),
        (("server", "port"), 3),
        (("target",), 5),
        (("target", "local"), 5),
        (("target", "local", "timeouts", "idle"), 7),
        (("target", "local", "timeouts2", "connect"), 8),
        (("target", "local", "models"), 9),
        (("target", "local", "models", 1), 11),
        (("target", "with.dot"), 14),
        (("target", "with.dot", "quoted key"), 15),
        (("rule",), 17),
        (("rule", 0, "name"), 18),
        (("rule", 0, "use"), 22),
        (("rule", 1), 24),
        (("rule", 1, "when"), 26),
        (("rule", 1, "when", "model"), 27),
        (("rule", 1, "when", "header", "x-team"), 28),
        (("rule", 2, "when"), 31),
        (("rule", 2, "when", "modle"), 33),
        (("target", "local", "queue", "size"), 37),
    ],
)
def test_a_key_has_the_line_on_which_it_is_written(path: Path, line: int) -> None:
    assert Locator(TEXT).line(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("target", "local", "url"), 5),
        (("rule", 1, "when", "nowhere", "at", "all"), 26),
        (("rule", 9), 17),
        (("nothing", "here"), 0),
        ((), 0),
    ],
)
def test_a_key_that_is_not_there_has_the_line_of_the_table_around_it(path: Path, line: int) -> None:
    assert Locator(TEXT).line(path) == line


def test_nested_arrays_of_tables_count_within_their_parent() -> None:
    text = "[[a]]\n[[a.b]]\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\nx = 2\n[a.b.c]\ny = 1\n"
    locator = Locator(text)
    assert [locator.line(("a", 0, "b", 1, "x")), locator.line(("a", 1, "b", 0, "x"))] == [4, 7]
    assert locator.line(("a", 1, "b", 0, "c", "y")) == 9


@pytest.mark.parametrize(
    "value",
    [
        '"a \\" # ] }"',
        "'\\'",
        '"""a "quoted" \\""" word"""',
        '"""ends in quotes"""""',
        "'''it's'''",
        "1979-05-27 07:32:00",
        "[[1, [2]], { a = 1, b = [ 2 ] }, '}']",
        "{ }",
        "[]",
        "+inf",
    ],
)
def test_whatever_the_value_the_next_key_is_found(value: str) -> None:
    text = f"first = {value}\r\n\r\nnext = 1 # end"
    tomllib.loads(text)
    assert Locator(text).line(("next",)) == 3


def test_inline_arrays_of_tables_are_found_too() -> None:
    assert Locator('rule = [\n  { name = "a" },\n  { name = "b" },\n]').line(("rule", 1, "name")) == 3


def test_lines_before_a_fault_still_serve() -> None:
    assert Locator("a = 1\nb = 2\n= 3\nc = 4").line(("b",)) == 2


@given(st.text(alphabet="ab.=[]{}\"'#\\,\n 1"))
def test_no_text_makes_it_fail_or_hang(text: str) -> None:
    Locator(text)
