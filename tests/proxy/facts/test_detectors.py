from __future__ import annotations

import pytest

from proxy.facts.detectors import Detectors
from routing_rules import Secrets
from routing_rules.patterns import fault


def matches(pattern: str, text: str) -> bool:
    return Detectors([f"matches:{pattern}"]).search("matches", pattern, text)


def contains(words: str, text: str) -> bool:
    return Detectors([f"contains@user:{words}"]).search("contains", words, text)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing ): ("),
        ("(?=a)", "invalid perl operator: (?="),
        (r"(a)\1", "invalid escape sequence: \\1"),
        ("a{2000}", "invalid repetition size: {2000}"),
        (r"\pL{100}", "pattern too large"),
        ("(?:[a-z]{0,900}[0-9]){6}", "invalid repetition size"),
        ("a)(b", "unexpected )"),
        ("\ud800", "half of a letter"),
    ],
)
def test_a_pattern_that_the_engine_refuses_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    assert reason in (fault(pattern) or "")
    with pytest.raises(ValueError, match=r"\w"):
        Detectors([f"matches:{pattern}"])


@pytest.mark.parametrize("pattern", ["", "a", r"(?i)\bpassport\b", r"\p{Cyrillic}+", r"\pL+ \pL+", "(a*)*b"])
def test_a_pattern_that_it_takes_has_no_reason(pattern: str) -> None:
    assert fault(pattern) is None


def test_nothing_is_written_to_the_terminal_about_a_bad_pattern(capfd: pytest.CaptureFixture[str]) -> None:
    fault("secret(")
    assert "secret" not in "".join(capfd.readouterr())


def test_names_that_bring_no_search_are_none_of_its_business() -> None:
    detectors = Detectors(["model", "secrets", "header.x", "complexity"])
    with pytest.raises(KeyError):
        detectors.search("matches", "x", "x")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^b", "a\nb", True),
        ("a$", "a\nb", True),
        ("b", "B", False),
        ("(?i)b", "B", True),
        ("(?i)ЖУК", "жук", True),
        ("caf\u00e9", "caf\u00e9", True),
        ("cafe\u0301", "caf\u00e9", True),
        ("\uff41\uff42", "ab", True),
        ("a\u200bb", "ab", True),
        ("\uff0a", "\uff0a", True),
        ("x\u2026", "xy", False),
        ("a.b", "a\nb", False),
        ("(?s)a.b", "a\nb", True),
    ],
)
def test_a_pattern_is_spelled_as_the_view_is(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("passport", "my Passport, please"),
        ("passport", "passport"),
        ("passport", "x\npassport\ny"),
        ("top secret", "TOP   secret"),
        ("top secret", "top\nsecret"),
        ("änderung", "Die ÄNDERUNG!"),
        ("straße", "STRASSE"),
        ("c++", "I like C++."),
        ("$100", "for $100 each"),
        ("a.b", "see a.b"),
        ("πι", "το ΠΙ είναι"),
        ("password", "我的password是"),
        ("密码", "我的密码是"),
        ("비밀번호", "비밀번호는"),
        ("รหัสผ่าน", "ใส่รหัสผ่านที่นี่"),
        ("don't", "Don't"),
        ("\uff46ull", "full"),
    ],
)
def test_whole_words_are_found_whatever_their_case_and_script(words: str, text: str) -> None:
    assert contains(words, text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("passport", "passports"),
        ("passport", "my_passport"),
        ("port", "passport"),
        ("port", "éport"),
        ("port", "\u0436port"),
        ("top secret", "topsecret"),
        ("a.b", "axb"),
        ("pass", "pass1"),
        ("cafe", "cafe\u0301s"),
        ("пар", "пароль"),
    ],
)
def test_a_part_of_a_word_is_none(words: str, text: str) -> None:
    assert not contains(words, text)


@pytest.mark.parametrize("words", [" ", "\u200b", "\n"])
def test_words_without_a_letter_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="no words"):
        Detectors([f"contains:{words}"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my badge is ACME-123456.", True),
        ("my badge is ACME-12345.", False),
        ("password = changeme", False),
        ('{"password": "changeme"}', False),
        ("its password is change_me1, sorry", False),
        ("my password is sunshine", False),
        ("password = changeme and then password = " + "hunter2", True),
        ("password = changeme-not", True),
        ("postgres://user:pass@localhost/db", False),
        ("postgres://user:pass@otherhost/db", True),
        ("my password AKIA" + "IOSFODNN7EXAMPLE is change_me1", True),
    ],
)
def test_a_file_adds_secrets_of_its_own_and_says_which_are_none(text: str, found: bool) -> None:
    settings = Secrets(
        patterns={"badge": r"ACME-\d{6}"},
        ignore=("changeme", r"change_me\d", "sunshine", "postgres://user:pass@l"),
    )
    assert Detectors((), settings).own["secrets"](text) is found


def test_without_settings_of_its_own_a_file_has_the_detector_that_comes_with_wye() -> None:
    assert Detectors(["secrets"]).own == {}
