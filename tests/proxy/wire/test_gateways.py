import pytest

from proxy.wire.gateways import asks, holds_fields, looks_up, sends_on


@pytest.mark.parametrize("name", ["models", "contextwindowfallbacks", "websearchoptions", "apibase", "bootstraphost"])
def test_what_sends_a_request_on_is_known_by_its_name_or_a_word_in_it(name: str) -> None:
    assert sends_on(name)


@pytest.mark.parametrize("name", ["model", "temperature", "disablefallbacks", "seed", "providerless", "storeys"])
def test_anything_else_is_not(name: str) -> None:
    assert not sends_on(name)


@pytest.mark.parametrize(
    ("value", "on"), [(None, False), (False, False), ([], False), (0, False), ({}, True), ("", True)]
)
def test_an_empty_table_asks_and_a_switch_that_is_off_does_not(value: object, on: bool) -> None:
    assert asks(value) is on


def test_options_hold_fields_and_metadata_holds_words() -> None:
    assert holds_fields("extrabody")
    assert not holds_fields("metadata")


@pytest.mark.parametrize(
    ("model", "searches"), [("a/b:online", True), ("sonar-online", True), ("online", False), (5, False)]
)
def test_some_models_search_by_themselves(model: object, searches: bool) -> None:
    assert looks_up(model) is searches
