from __future__ import annotations

import pytest

from proxy.facts.names import PII_KINDS
from proxy.facts.pii import PII

FOUND = {
    "email": [
        "anna@example.com",
        "Mail: <anna.b+c@mail.example.co.uk>",
        "user: anna@example.com",
        "mailto:a@b.de",
        "jörg@müller.de",
        "почта@пример.рф",
        "a_b@x-y.info.",
        "(anna@example.com)",
    ],
    "phone": [
        "+49 30 1234567",
        "call +1-212-555-0187",
        "+442079460958",
        "0049 (0) 171 2345678",
        "(212) 555-0187",
        "212-555-0187",
        "212.555.0187",
        "1-800-555-0199",
        "030/1234567",
        "0171 2345678",
        "Tel.: 1234567",
        "my phone is 5550187",
        "WhatsApp 491712345678",
        "phone: +41 44 668 18 00",
    ],
    "card": [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "378282246310005",
        "card: 6011111111111117",
        "3530111333300000.",
        "4222222222222",
        "2024 4111 1111 1111 1111 12/26",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
    "iban": [
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "gb82 west 1234 5698 7654 32",
        "(FR1420041010050500013M02606)",
        "IBAN:CH9300762011623852957",
        "NO9386011117947",
        "BE68-5390-0754-7034",
        "de12 my iban is DE89 3704 0044 0532 0130 00",
        "DE89 3704 0044 0532 0130 00 is mine",
    ],
    "ssn": ["123-45-6789", "ssn: 123456789", "Social Security number is 123 45 6789", "078-05-1120."],
    "ip": [
        "192.168.1.17",
        "from 8.8.8.8.",
        "http://203.0.113.7:80/",
        "2001:db8::1",
        "[fe80::1ff:fe23:4567:890a]",
        "(10.0.0.1)",
    ],
}
NOT_FOUND = {
    "email": [
        "anna at example.com",
        "@anna",
        "anna@localhost",
        "a@b.c",
        "foo@1.2.3",
        "decorator @app.get",
        "git@host:x",
    ],
    "phone": [
        "1234567",
        "12:30:45",
        "2024-01-15",
        "3.14159265",
        "1.2.3.4",
        "0.5 1.5",
        "room 030",
        "+1",
        "price 1 234 567",
        "550e8400-e29b-41d4-a716-446655440000",
        "the years 1999 2000 2001",
        "id 123-456",
    ],
    "card": [
        "4111111111111112",
        "1234567890123456",
        "0000000000000000",
        "4444444444444444",
        "411111111111",
        "x" * 16,
        "0.4111111111111111",
        "2024-01-15 10:30",
    ],
    "iban": ["DE88370400440532013000", "DE8937040044053201300", "XX89370400440532013000", "AB12 CDEF", "GB82"],
    "ssn": [
        "000-12-3456",
        "666-12-3456",
        "912-12-3456",
        "123-00-4567",
        "123-45-0000",
        "1123-45-6789",
        "123456789",
        "123-456-789",
    ],
    "ip": [
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "1.2.3",
        "256.1.1.1",
        "v1.2.3.4.5",
        "std::vector",
        "a::b",
        "12:30:45",
        "::",
        "1.2.3.4.5",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_it_is_known_by_its_form(kind: str, text: str) -> None:
    assert PII[kind](text)
    assert PII[kind](f"first\n{text}\nlast")


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NOT_FOUND.items() for text in texts])
def test_what_only_looks_like_it_is_none(kind: str, text: str) -> None:
    assert not PII[kind](text)


def test_every_kind_has_its_detector_and_its_examples() -> None:
    assert set(PII_KINDS) == PII.keys() == FOUND.keys() == NOT_FOUND.keys()


@pytest.mark.parametrize("kind", PII_KINDS)
def test_one_that_fails_its_checksum_hides_no_other(kind: str) -> None:
    assert PII[kind](" ".join([*NOT_FOUND[kind], FOUND[kind][0]]))
