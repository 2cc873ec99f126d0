from __future__ import annotations

import re
from collections import Counter
from typing import get_args

import pytest

from tests.corpora.payments import luhn_digit
from tests.corpora.placeholders import PLACEHOLDER
from tests.corpora.records import Corpus, Record, held_out, read_lines, read_passages, read_records

LONG = 400  # characters
KINDS: dict[Corpus, set[str]] = {
    "pii": {
        "address", "card", "date_of_birth", "email", "iban", "ip", "name", "national_id", "phone", "ssn",
    },
    "secrets": {
        "api_key", "connection_string", "password", "password_hash", "pin", "private_key", "seed_phrase", "token",
    },
}  # fmt: skip
every_corpus = pytest.mark.parametrize("corpus", get_args(Corpus))
both_signs = pytest.mark.parametrize("positive", [True, False], ids=["positives", "negatives"])


def select(corpus: Corpus, *, positive: bool) -> list[Record]:
    return [record for record in read_records(corpus) if bool(record.kinds) == positive]


@every_corpus
@both_signs
def test_a_corpus_has_five_hundred_texts_of_each_sign_and_sixty_of_them_are_long(
    corpus: Corpus, positive: bool
) -> None:
    texts = [record.text for record in select(corpus, positive=positive)]
    assert len(texts) >= 500
    assert sum(len(text) > LONG for text in texts) >= 60


@every_corpus
@both_signs
def test_about_a_third_is_held_out(corpus: Corpus, positive: bool) -> None:
    records = select(corpus, positive=positive)
    assert 0.30 <= sum(record.held_out for record in records) / len(records) <= 0.37


def test_the_hold_out_never_moves() -> None:
    assert [held_out(f"secrets-aws-{number:03}") for number in range(1, 7)] == [
        False, False, True, True, False, True,
    ]  # fmt: skip


@every_corpus
def test_ids_and_texts_are_unique(corpus: Corpus) -> None:
    records = read_records(corpus)
    for values in (Counter(record.id for record in records), Counter(record.text for record in records)):
        assert [value for value, count in values.items() if count > 1] == []


@every_corpus
def test_an_id_names_its_corpus_and_its_family(corpus: Corpus) -> None:
    for line in read_lines(corpus):
        sign = "" if line.kinds else "not-"
        assert line.id[:-4] == f"{corpus}-{sign}{line.family.replace('_', '-')}"


@every_corpus
def test_every_kind_is_known_and_has_texts(corpus: Corpus) -> None:
    found = Counter(kind for record in read_records(corpus) for kind in record.kinds)
    assert set(found) == KINDS[corpus]
    assert min(found.values()) >= 10


@every_corpus
@both_signs
def test_a_dozen_languages_are_spoken(corpus: Corpus, positive: bool) -> None:
    assert len({record.language for record in select(corpus, positive=positive)}) >= 12


@every_corpus
def test_every_placeholder_is_filled_in(corpus: Corpus) -> None:
    lines = {line.id: line.text for line in read_lines(corpus)}
    left = [one.id for one in read_records(corpus) if PLACEHOLDER.search(one.text) and "{{braces:" not in lines[one.id]]
    assert left == []


@every_corpus
def test_no_two_long_texts_of_a_sign_share_their_surroundings(corpus: Corpus) -> None:
    surroundings = Counter((line.between, bool(line.kinds)) for line in read_lines(corpus) if line.between)
    assert max(surroundings.values()) == 1


def test_no_negative_holds_an_issuers_number_that_passes_luhn() -> None:
    numbers = re.compile(r"(?<![\dA-Za-z])[3-6]\d{3}(?:[ -]?\d{4}){3}(?!\d)")
    found = [
        (record.id, number)
        for record in select("pii", positive=False)
        for number in numbers.findall(record.text)
        if luhn_digit((digits := re.sub(r"\D", "", number))[:-1]) == digits[-1]
    ]
    assert found == []


def test_a_passage_is_written_out() -> None:
    assert [name for name, text in read_passages().items() if PLACEHOLDER.search(text)] == []
