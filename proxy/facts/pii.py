"""Personal data that is known by its form: checksums where they exist, context where they don't.

Detected, not guaranteed: it binds what it finds and proves nothing about what it does not. Each detector takes a text
view and says whether one such thing is in it; RE2 finds candidates in linear time, Python decides on each.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

import re2

Detector = Callable[[str], bool]

_WORD = r"[^\s@<>()\[\]{},;:\"|=/?&\\]"
_EMAIL = re2.compile(rf"{_WORD}+@(?:{_WORD[:-1]}.]+\.)+\pL\pL")
_PHONE = re2.compile(
    # +49 30 1234567, 0049 …; (212) 555-0187, 212-555-0187; 030/1234567, 0171 2345678
    r"(?:^|[^\w+.,/-])("
    r"(?:\+|00)[1-9][0-9]{0,2}[ ./-]?(?:\(0?\)[ ]?)?\(?[0-9]{1,5}\)?(?:[ ./-]?[0-9]{2,8}){1,5}"
    r"|(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}"
    r"|0[1-9][0-9]{1,4}(?: ?/ ?|[ -])[0-9]{3,8}(?:[ -][0-9]{2,8}){0,3}"
    r")(?:$|[^\w-])"
)
_PHONE_SAID = re2.compile(
    r"(?i)(?:\b(?:tele?(?:ph|f)one?|tel|phone|mobile|mobil|handy|cell|fax|call me|ruf mich|whatsapp|rufnummer)\b)"
    r"[^0-9\n]{0,30}?(\+?[0-9][0-9 ()./-]{5,20}[0-9])"
)
_DIGIT_GROUPS = re2.compile(r"(?:^|[^0-9.])([0-9](?:[ -]?[0-9]){12,})")
_IBAN_START = re2.compile(r"(?i)(?:^|[^\pL\pN])([A-Z]{2}[0-9]{2})")
_SSN = re2.compile(r"(?:^|[^0-9-])([0-9]{3})[ -]([0-9]{2})[ -]([0-9]{4})\b")
_SSN_SAID = re2.compile(r"(?i)\b(?:ssn|social security)\b[^0-9\n]{0,30}?([0-9]{3})[ .-]?([0-9]{2})[ .-]?([0-9]{4})\b")
_IPV4 = re2.compile(r"(?:^|[^0-9A-Za-z_.])((?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:\.[0-9]+)*)\b")
_IPV6 = re2.compile(r"(?:^|[^0-9A-Za-z_:.])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,})")

# Length of an IBAN by country (SWIFT IBAN registry, release 99).
_IBAN_REGISTRY = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18
FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20
LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24
SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_REGISTRY.split()}
_DIGITS_OF_PHONE = (7, 15)  # E.164 has 15 at most
_DIGITS_OF_CARD = (13, 19)  # ISO/IEC 7812
_CARD_GROUPS = range(3, 7)  # digits that stand together on a card
_LONGEST_IBAN = 34 + 11  # letters, and a space after each four and some


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def has_email(text: str) -> bool:
    """Find an e-mail address, also one with letters beyond ASCII."""
    return "@" in text and _EMAIL.search(text) is not None


def has_phone(text: str) -> bool:
    """Find a telephone number that is written as one, or said to be one."""
    least, most = _DIGITS_OF_PHONE
    return any(
        least <= len(_digits(found[1])) <= most for kind in (_PHONE, _PHONE_SAID) for found in kind.finditer(text)
    )


def has_card(text: str) -> bool:
    """Find a payment card's number, in one run, in groups of 3 to 6 digits, or digit by digit: Luhn must agree."""
    return any(_is_card(digits) for found in _DIGIT_GROUPS.finditer(text) for digits in _card_numbers(found[1]))


def _card_numbers(written: str) -> Iterator[str]:
    """Give what could be a card's number among groups of digits; a year may stand before it, and a date behind it."""
    least, most = _DIGITS_OF_CARD
    groups = written.replace("-", " ").split(" ")
    if len(groups) <= most and all(len(group) == 1 for group in groups):
        groups = ["".join(groups)]
    for start, group in enumerate(groups):
        digits = ""
        for next_group in groups[start : start + most // min(_CARD_GROUPS) + 1]:
            digits += next_group
            if len(digits) > most or (len(group) < least and len(next_group) not in _CARD_GROUPS):
                break
            if len(digits) >= least:
                yield digits


def _is_card(digits: str) -> bool:
    if digits[0] not in "23456" or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def has_iban(text: str) -> bool:
    """Find an IBAN: its country's length, and a remainder of 1 (ISO 13616, mod 97)."""
    starts = (found.start(1) for found in _IBAN_START.finditer(text))
    return any(_is_iban(text[start : start + _LONGEST_IBAN]) for start in starts)


def _is_iban(written: str) -> bool:
    letters = written.replace(" ", "").replace("-", "").upper()
    length = _IBAN_LENGTHS.get(letters[:2])
    if length is None:
        return False
    turned = letters[4:length] + letters[:4]
    if len(turned) < length or not (turned.isascii() and turned.isalnum()):
        return False
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def has_ssn(text: str) -> bool:
    """Find a US social security number that could have been given out (SSA: no 000, 666, 9xx, 00, 0000)."""
    return any(_is_ssn(*found.groups()) for kind in (_SSN, _SSN_SAID) for found in kind.finditer(text))


def _is_ssn(area: str, group: str, serial: str) -> bool:
    return area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def has_ip(text: str) -> bool:
    """Find an IP address of somebody: version 4 or 6, neither loopback nor the unspecified one."""
    return any(
        not text[found.end(1) : found.end(1) + 1].isalnum() and _is_address(found[1])
        for kind in (_IPV4, _IPV6)
        for found in kind.finditer(text)
    )


def _is_address(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    # `::` and `a::b` stand in programs; an address of version 6 that means anything has a digit and some length.
    meant = address.version == 4 or (len(written) > 5 and any(letter.isdigit() for letter in written))  # noqa: PLR2004
    return meant and not address.is_loopback and not address.is_unspecified


PII: dict[str, Detector] = {
    "email": has_email,
    "phone": has_phone,
    "card": has_card,
    "iban": has_iban,
    "ssn": has_ssn,
    "ip": has_ip,
}
