from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from random import Random

import pytest

from tests.corpora import national_ids as ids
from tests.corpora.identities import make_ip4, make_ip6, make_wrong
from tests.corpora.payments import ACCOUNTS, ISSUERS, group_digits, iban_digits, luhn_digit, make_card, make_iban

# Numbers that authorities, standards and test suites publish as examples.
EXAMPLES: list[tuple[Callable[[str], str | None], str, str]] = [
    (luhn_digit, "7992739871", "3"),
    (ids.check_aadhaar, "236", "3"),
    (ids.check_ahv, "756123456789", "7"),
    (ids.check_bsn, "11122233", "3"),
    (ids.check_codice_fiscale, "RSSMRA80A01H501", "U"),
    (ids.check_cpf, "111444777", "35"),
    (ids.check_dni, "12345678", "Z"),
    (ids.check_hetu, "131052308", "T"),
    (ids.check_nhs, "943476591", "9"),
    (ids.check_nif, "12345678", "9"),
    (ids.check_nir, "2550814168025", "38"),
    (ids.check_pesel, "4405140135", "9"),
    (ids.check_ric, "11010519491231002", "X"),
    (ids.check_rijksregister, "930518223", "61"),
    (ids.check_steuer_id, "8609574271", "9"),
    (ids.check_tckn, "100000001", "46"),
    (luhn_digit, "811228987", "4"),
]


@pytest.mark.parametrize(("check", "body", "digits"), EXAMPLES)
def test_a_check_agrees_with_a_published_number(check: Callable[[str], str], body: str, digits: str) -> None:
    assert check(body) == digits


@pytest.mark.parametrize(
    "iban", ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NL91ABNA0417164300"]
)
def test_check_digits_of_an_iban_agree_with_the_registry(iban: str) -> None:
    assert iban_digits(iban[:2], iban[4:]) == iban[2:4]


@pytest.mark.parametrize("country", ACCOUNTS)
def test_an_iban_leaves_one_by_97(country: str) -> None:
    iban = make_iban(Random(1), country)
    assert int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 == 1


@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_card_passes_luhn_and_has_its_issuers_length(issuer: str) -> None:
    card = make_card(Random(1), issuer)
    assert (len(card), luhn_digit(card[:-1])) == (ISSUERS[issuer][1], card[-1])


def test_digits_are_grouped_as_they_are_printed() -> None:
    assert group_digits("4111111111111111", "spaced") == "4111 1111 1111 1111"
    assert group_digits("378282246310005", "dashed") == "3782-822463-10005"
    assert group_digits("NL91ABNA0417164300", "spaced") == "NL91 ABNA 0417 1643 00"


@pytest.mark.parametrize("issue", ids.ISSUES)
def test_a_national_number_is_made_the_same_each_time(issue: str) -> None:
    assert ids.make_id(Random(1), issue) == ids.make_id(Random(1), issue) != ids.make_id(Random(2), issue)


def test_a_wrong_number_differs_in_its_check_only() -> None:
    right, wrong = make_card(Random(1), "visa"), make_wrong(Random(1), "card:visa")
    assert right[:-1] == wrong[:-1]
    assert luhn_digit(wrong[:-1]) != wrong[-1]


def test_addresses_are_of_the_public_internet() -> None:
    random = Random(1)
    made = [make(random, "") for make in (make_ip4, make_ip6) for _ in range(100)]
    assert [address for address in made if not ip_address(address).is_global] == []
