"""Makers of payment card numbers and bank accounts, with their check digits."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from random import Random

Maker = Callable[[Random, str], str]

# Issuer: first digits and length, after ISO/IEC 7812 and the issuers' published ranges.
ISSUERS = {
    "amex": ("37", 15),
    "diners": ("36", 14),
    "discover": ("6011", 16),
    "jcb": ("3530", 16),
    "maestro": ("6759", 16),
    "mastercard": ("5425", 16),
    "mastercard2": ("2223", 16),
    "unionpay": ("6221", 16),
    "visa": ("4", 16),
}
# Country: the account behind the check digits, `n` digits, `a` letters, `c` either (SWIFT IBAN registry).
ACCOUNTS = {
    "AE": "19n", "AT": "16n", "BE": "12n", "CH": "5n12c", "CZ": "20n", "DE": "18n", "DK": "14n", "ES": "20n",
    "FI": "14n", "FR": "10n11c2n", "GB": "4a14n", "GR": "7n16c", "HU": "24n", "IE": "4a14n", "IT": "1a10n12c",
    "LU": "3n13c", "MT": "4a5n18c", "NL": "4a10n", "NO": "11n", "PL": "24n", "PT": "21n", "RO": "4a16c", "SA": "2n18c",
    "SE": "20n", "TR": "6n16c",
}  # fmt: skip
KINDS = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}


def luhn_digit(body: str) -> str:
    """Give the digit that makes a number pass Luhn's check (ISO/IEC 7812-1)."""
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def iban_digits(country: str, account: str) -> str:
    """Give the two check digits of an IBAN: 98 minus the rest by 97 (ISO 7064 MOD 97-10)."""
    number = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{98 - int(number) % 97:02}"


def make_card(random: Random, wanted: str) -> str:
    """Make a card number; `wanted` is an issuer, then perhaps `spaced` or `dashed`."""
    issuer, _, style = wanted.partition(" ")
    start, length = ISSUERS[issuer]
    body = start + "".join(random.choices(string.digits, k=length - len(start) - 1))
    return group_digits(body + luhn_digit(body), style)


def make_iban(random: Random, wanted: str) -> str:
    """Make an IBAN; `wanted` is a country, then perhaps `spaced`. Checks inside of the account number are not kept."""
    country, _, style = wanted.partition(" ")
    parts = re.findall(r"(\d+)([nac])", ACCOUNTS[country])
    account = "".join("".join(random.choices(KINDS[kind], k=int(length))) for length, kind in parts)
    return group_digits(country + iban_digits(country, account) + account, style)


def group_digits(number: str, style: str) -> str:
    """Write a number in groups as it is printed: of four, on American Express cards four, six and five."""
    separator = {"": "", "spaced": " ", "dashed": "-"}[style]
    sizes = (4, 6, 5) if len(number) == ISSUERS["amex"][1] and number.isdigit() else (4,) * 9
    groups, rest = [], number
    for size in sizes:
        groups.append(rest[:size])
        rest = rest[size:]
    return separator.join(group for group in groups if group)


MAKERS: dict[str, Maker] = {"card": make_card, "iban": make_iban}
