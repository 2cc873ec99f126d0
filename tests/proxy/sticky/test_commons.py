from __future__ import annotations

import pytest

from proxy.sticky.commons import is_greeting, is_licence, is_phrase, without_code


@pytest.mark.parametrize(
    "line",
    [
        "from __future__ import annotations",
        "    from a.very.long.package.name import one, two as three, four",
        "import static org.junit.jupiter.api.assertions.assertequals;",
        "import numpy as np",
        "import { one, two } from '@some/where-else';",
        "+#include <boost/asio/ip/tcp.hpp>",
        "using namespace std;",
        "use std::collections::{hashmap, hashset};",
        "package com.example.application.services;",
        "#!/usr/bin/env python3",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
    ],
)
def test_import_lines_are_as_if_they_were_not_there(line: str) -> None:
    assert without_code(f"before\n{line}\nafter") == "before\nafter"


@pytest.mark.parametrize(
    "line",
    [
        "import the customer file of anna berg, who was born in graz",
        "from anna we import nothing; she lives in graz since 1983",
        "use the password hunter2 for anna berg at the bank of graz;",
        "using her card, anna paid;",
        "package for anna berg, 8010 graz",
        "key = 'import secrets'",
    ],
)
def test_sentences_that_begin_like_code_stay(line: str) -> None:
    assert without_code(line) == line


def test_a_licence_is_everybodys() -> None:
    assert is_licence(b"licensedundertheapachelicenseversion20thelicense")
    assert not is_licence(b"annahasadrivinglicence")


def test_a_phrase_of_models_is_everybodys_unless_it_goes_on() -> None:
    phrase = b"letmeknowifyouhaveanyquestions"
    assert is_phrase(phrase)
    assert not is_phrase(phrase + b"a" * 90)
    assert not is_phrase(b"annahasquestions")


@pytest.mark.parametrize(("text", "greets"), [("hi there!", True), ("thanks, go on", True), ("hi anna", False)])
def test_a_greeting_only_greets(text: str, greets: bool) -> None:
    assert is_greeting(text) == greets


def test_a_long_text_that_is_nearly_a_greeting_is_read_at_once() -> None:
    assert not is_greeting("hi " * 20_000 + "anna")
