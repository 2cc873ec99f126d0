"""The set is what its README says: large, varied, balanced, and not to be told apart by length."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tests.corpora.prompts.records import FILES, FOLDER, Prompt, Task, dev, held_out, load, read

PROMPTS = load()
LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "zh", "ja", "tr", "ar", "hi", "ko"}


def share(prompts: list[Prompt]) -> float:
    return sum(prompt.hard for prompt in prompts) / len(prompts)


def test_there_are_at_least_six_hundred_of_which_a_bit_less_than_half_are_hard() -> None:
    assert len(PROMPTS) >= 600
    assert 0.42 <= share(PROMPTS) <= 0.48


def test_no_id_and_no_conversation_comes_twice() -> None:
    assert len({prompt.id for prompt in PROMPTS}) == len(PROMPTS)
    assert len({prompt.messages for prompt in PROMPTS}) == len(PROMPTS)


def test_at_least_a_hundred_have_several_messages_and_some_have_tools() -> None:
    assert sum(len(prompt.messages) > 1 for prompt in PROMPTS) >= 100
    with_tools = [prompt for prompt in PROMPTS if prompt.tools]
    assert len(with_tools) >= 20
    assert 0.3 <= share(with_tools) <= 0.7


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_easy_and_hard_ones(language: str) -> None:
    inside = [prompt for prompt in PROMPTS if prompt.language == language]
    assert len(inside) >= 15
    assert 0.3 <= share(inside) <= 0.6


@pytest.mark.parametrize("task", get_args(Task))
def test_every_task_has_easy_and_hard_ones(task: str) -> None:
    labels = Counter(prompt.hard for prompt in PROMPTS if prompt.task == task)
    assert min(labels[True], labels[False]) >= 5


def test_three_in_five_are_english_and_no_language_is_unlisted() -> None:
    counts = Counter(prompt.language for prompt in PROMPTS)
    assert set(counts) == LANGUAGES
    assert 0.55 <= counts["en"] / len(PROMPTS) <= 0.65


def test_a_third_is_held_out_by_the_id_alone() -> None:
    assert len(dev()) + len(held_out()) == len(PROMPTS)
    assert 0.30 <= len(held_out()) / len(PROMPTS) <= 0.37
    twin = msgspec.structs.replace(PROMPTS[0], hard=not PROMPTS[0].hard, messages=PROMPTS[1].messages)
    assert twin.held_out == PROMPTS[0].held_out


@pytest.mark.parametrize(
    ("prompt_id", "held"),
    [("en-chat-01", False), ("en-chat-02", True), ("en-math-03", True), ("ja-math-01", False)],
)
def test_the_hold_out_stays_as_it_was_drawn(prompt_id: str, held: bool) -> None:
    assert next(prompt for prompt in PROMPTS if prompt.id == prompt_id).held_out == held


def test_easy_and_hard_ones_are_found_from_a_word_to_five_kilobytes() -> None:
    for hard in (True, False):
        sizes = sorted(len(prompt.text) for prompt in PROMPTS if prompt.hard == hard)
        assert sizes[0] <= 40
        assert sizes[-1] >= 5000
        assert sum(size >= 1000 for size in sizes) >= 30


def test_every_conversation_ends_with_the_user_and_no_message_is_empty() -> None:
    assert all(prompt.messages[-1].role == "user" for prompt in PROMPTS)
    assert all(message.content.strip() for prompt in PROMPTS for message in prompt.messages)


def test_every_file_of_the_folder_is_read() -> None:
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(FILES)


def test_the_readme_counts_right() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.jsonl` \|.*\| (\d+) \|$", told, re.MULTILINE)
    assert {name: int(count) for name, count in rows} == {name: len(read(FOLDER / f"{name}.jsonl")) for name in FILES}
    several = sum(len(prompt.messages) > 1 for prompt in PROMPTS)
    with_tools = sum(bool(prompt.tools) for prompt in PROMPTS)
    assert f"\n{len(PROMPTS)} conversations" in told
    assert f"{several} have several messages, {with_tools} have tools" in told
    assert f"{len(held_out())} of {len(PROMPTS)}" in told


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"id": "a", "language": "en", "task": "cooking", "hard": false, "messages": []}', "cooking"),
        ('{"id": "a", "language": "en", "task": "chat", "hard": false, "messages": [], "tool": []}', "tool"),
        ('{"id": "a", "language": "en", "task": "chat", "hard": 1, "messages": []}', "hard"),
        ('{"id": "a", "language": "en", "task": "chat", "hard": true, "messages": [{"role": "bot"}]}', "bot"),
    ],
)
def test_a_line_that_is_not_a_prompt_is_refused_and_says_why(tmp_path: Path, line: str, named: str) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match=named):
        read(path)
