from __future__ import annotations

import unicodedata

from proxy.facts.confusables import _LOOKS, CONFUSABLES


def test_it_folds_to_ascii_only_and_never_from_it() -> None:
    assert all(latin.isascii() and latin for latin in CONFUSABLES.values())
    assert min(CONFUSABLES) > 127


def test_what_it_folds_is_what_nfkc_leaves() -> None:
    assert {chr(code) for code in CONFUSABLES if unicodedata.normalize("NFKC", chr(code)).isascii()} <= set(
        map(chr, range(0x1D7CE, 0x1D800))
    ) | {letter for letter in map(chr, CONFUSABLES) if unicodedata.category(letter) == "Nd"}


def test_no_letter_is_listed_for_two() -> None:
    listed = [letter for letters in _LOOKS.values() for letter in letters]
    assert sorted(listed) == sorted(set(listed))


def test_the_letters_of_a_password_are_covered_in_cyrillic_and_greek() -> None:
    cyrillic = "\u0440\u0430\u0455\u0455\u0461\u043e\u0433\u0501"
    assert "".join(CONFUSABLES[ord(letter)] for letter in cyrillic) == "password"
    assert [CONFUSABLES[ord(letter)] for letter in "ραοικ"] == list("paoik")


def test_every_script_has_its_digits() -> None:
    assert [CONFUSABLES[ord(letter)] for letter in "٠۹०৩๔"] == list("09034")
