"""The baselines are fair ones, and none of them is good: neither length nor words give the labels away."""

from __future__ import annotations

import pytest

from tests.corpora.prompts import baselines
from tests.corpora.prompts.records import Message, Prompt, dev

DEV = dev()
HARD = baselines.LABELS["hard"]


def prompt(text: str, *, hard: bool) -> Prompt:
    return Prompt(id=text, language="en", task="chat", hard=hard, messages=(Message(role="user", content=text),))


TOY = [prompt("prove it", hard=True), prompt("prove that", hard=True), prompt("hi", hard=False)]


def test_length_does_not_give_the_label_away_even_to_a_baseline_that_is_measured_where_it_was_fitted() -> None:
    fitted = baselines.BASELINES["length only"](DEV, HARD)
    assert baselines.accuracy(fitted, DEV, HARD) < 0.70


@pytest.mark.parametrize("name", sorted(baselines.BASELINES))
def test_no_trivial_scorer_comes_near_the_labels(name: str) -> None:
    assert 0.45 <= baselines.cross_validated(baselines.BASELINES[name], DEV, HARD) < 0.80


def test_the_majority_is_what_is_most_frequent() -> None:
    assert baselines.majority(TOY, HARD)(prompt("anything", hard=False)) is True


def test_a_bucket_that_was_never_seen_gets_the_majority() -> None:
    fitted = baselines.by_bucket(baselines.length)(TOY, HARD)
    assert fitted(prompt("hi", hard=False)) is False
    assert fitted(prompt("a" * 500, hard=False)) is True


def test_the_bag_of_words_learns_which_words_are_hard() -> None:
    fitted = baselines.bag_of_words(TOY, HARD)
    assert fitted(prompt("Prove this", hard=True)) is True
    assert fitted(prompt("hi hi hi you", hard=False)) is False


def test_words_of_a_script_without_spaces_are_its_characters() -> None:
    assert baselines.words_of(prompt("Python 怎么", hard=False)) == {"python", "怎", "么"}


def test_the_article_counts_substrings_of_the_last_message() -> None:
    assert baselines.article_hits(prompt("Redesign the algorithms", hard=True)) == 2


def test_no_prompt_is_measured_by_what_it_was_fitted_to() -> None:
    measured = []
    for inside, outside in baselines.folds(DEV):
        assert not {one.id for one in inside} & {one.id for one in outside}
        measured += [one.id for one in outside]
    assert sorted(measured) == sorted(one.id for one in DEV)


def test_the_held_out_third_is_looked_at_only_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked() -> list[Prompt]:
        raise AssertionError("looked at the held-out prompts")

    monkeypatch.setattr(baselines, "held_out", looked)
    baselines.main([])
    assert "dev prompts" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="looked"):
        baselines.main(["--held-out"])
