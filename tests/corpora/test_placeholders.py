from __future__ import annotations

import re
from random import Random

import pytest

from tests.corpora.credentials import checksum62, make_pem
from tests.corpora.placeholders import expand


def test_the_same_seed_gives_the_same_text() -> None:
    assert expand("{{base62:12}} {{pw}} {{uuid}}", "one") == expand("{{base62:12}} {{pw}} {{uuid}}", "one")
    assert expand("{{base62:12}}", "one") != expand("{{base62:12}}", "two")


def test_two_placeholders_of_a_text_differ() -> None:
    first, second = expand("{{hex:32}} {{hex:32}}", "one").split()
    assert first != second


@pytest.mark.parametrize("text", ["{{ .Values.token }}", "${{ secrets.KEY }}", "{{ vault_pass }}", "{{}}"])
def test_a_template_of_another_language_stays_as_it_is(text: str) -> None:
    assert expand(text, "one") == text


def test_a_name_in_braces_can_be_written() -> None:
    assert expand("{{braces:token}}", "one") == "{{token}}"


def test_a_placeholder_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="no placeholder is called 'nobody'"):
        expand("{{nobody:3}}", "one")


# The CRC-32 of "a" is 0xE8B7BE43, that of nothing is 0.
@pytest.mark.parametrize(("body", "checksum"), [("a", "4GEHKN"), ("", "000000")])
def test_a_checksum_is_six_digits_of_base_62(body: str, checksum: str) -> None:
    assert checksum62(body) == checksum


@pytest.mark.parametrize("placeholder", ["{{github:ghp}}", "{{npm}}"])
def test_a_token_ends_with_the_checksum_of_its_body(placeholder: str) -> None:
    token = expand(placeholder, "one")
    assert re.fullmatch(r"(ghp|npm)_[0-9A-Za-z]{36}", token)
    assert checksum62(token[4:34]) == token[34:]


def test_a_pem_block_has_lines_of_64() -> None:
    begin, *lines, end = make_pem(Random(1), "EC PRIVATE KEY").splitlines()
    assert (begin, end) == ("-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----")
    assert {len(line) for line in lines} == {64}


def test_a_json_web_token_has_three_parts() -> None:
    assert re.fullmatch(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}", expand("{{jwt}}", "one"))
