from __future__ import annotations

import ast
import io
import json

from rich.console import Console

from proxy.demo import show
from proxy.demo.samples import SAMPLES, Outcome, reason

SECRET = Outcome(
    SAMPLES[1],
    "local:smollm2",
    "big models go to the cloud",
    ("private",),
    reason("local:smollm2", ("private",), "cloud_standin"),
    "Dear Anna, " + "and so on " * 40,
    1.25,
)


def told(width: int = 120) -> list[str]:
    page = Console(file=io.StringIO(), width=min(width, show.WIDTH))
    show.story(page, 2, SECRET)
    assert isinstance(page.file, io.StringIO)
    return page.file.getvalue().splitlines()


def test_a_story_is_plain_and_narrow_when_nobody_sees_colours() -> None:
    lines = told()
    assert all(len(line) <= 100 and line == line.rstrip() and "\x1b" not in line for line in lines)
    assert len(lines) < 10


def test_a_story_tells_who_answered_by_which_rule_and_why() -> None:
    text = " ".join(" ".join(told()).split())
    assert "→ local:smollm2 by the rule “big models go to the cloud”" in text
    assert "Labelled private: a password, key or token was found in the text." in text
    assert "Its rule asks cloud_standin first, which may not see that, so local answered." in text


def test_the_reason_is_made_of_what_was_seen() -> None:
    assert reason("local:smollm2", (), "local") == "Nothing private was found, and the rule asks local first."
    assert "which did not answer, so local did" in reason("local:smollm2", (), "cloud")
    assert "may not see" not in reason("cloud:gpt-4o", ("private",), "cloud")
    assert reason("local", ("house-word",), None) == "Labelled house-word: house-word."


def test_a_long_answer_is_cut_between_words() -> None:
    short = show.shortened("one two\n\nthree " * 40)
    assert short.endswith(" …")
    assert len(short) <= 203
    assert show.shortened("brief\nand whole") == "brief and whole"


def test_the_lines_to_copy_are_valid_python_and_json() -> None:
    lines = show.lines_to_copy("http://127.0.0.1:9/v1")
    ast.parse(lines[lines.index("from openai") :])
    body = lines[lines.index("-d '") + 4 :].split("'\n", 1)[0]
    assert json.loads(body)["model"] == "gpt-4o"


def test_the_json_document_is_flat() -> None:
    document = json.loads(show.as_json("http://127.0.0.1:9/v1", [SECRET]))
    assert document["results"][0]["prompt"] == SAMPLES[1].prompt
    assert document["results"][0]["labels"] == ["private"]
    assert "sample" not in document["results"][0]
