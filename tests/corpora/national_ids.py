"""Makers of national identity numbers; each `check_…` gives what the country's own rule adds to the rest."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from random import Random

from tests.corpora.payments import luhn_digit

VERHOEFF_PERMUTATIONS = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
CF_ODD = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
         10, 22, 25, 24, 23], strict=True)
)  # fmt: skip


def weigh(body: str, weights: Sequence[int]) -> int:
    """Sum the digits of a number, each times its weight."""
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


def check_dni(body: str) -> str:
    """Spain, DNI: a letter by the rest of the number by 23."""
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]


def check_codice_fiscale(body: str) -> str:
    """Italy, codice fiscale: a letter by the rest by 26 (D.M. 23 December 1976)."""
    odd = sum(CF_ODD[character] for character in body[::2])
    even = sum(int(one) if one.isdigit() else ord(one) - ord("A") for one in body[1::2])
    return string.ascii_uppercase[(odd + even) % 26]


def check_nir(body: str) -> str:
    """France, NIR: 97 minus the rest by 97, two digits."""
    return f"{97 - int(body) % 97:02}"


def check_bsn(body: str) -> str | None:
    """Give the last digit of a Dutch BSN (the test of eleven), or None where a body allows none."""
    digit = weigh(body, range(9, 1, -1)) % 11
    return str(digit) if digit < 10 else None


def check_pesel(body: str) -> str:
    """Poland, PESEL: weights 1, 3, 7, 9."""
    return str(-weigh(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)


def check_cpf(body: str) -> str:
    """Brazil, CPF: two digits by eleven."""
    first = weigh(body, range(10, 1, -1)) * 10 % 11 % 10
    return f"{first}{weigh(f'{body}{first}', range(11, 1, -1)) * 10 % 11 % 10}"


def check_aadhaar(body: str) -> str:
    """India, Aadhaar: Verhoeff's scheme, in the dihedral group of ten."""
    state = 0
    for at, digit in enumerate(reversed(body), start=1):
        state = _dihedral(state, int(VERHOEFF_PERMUTATIONS[at % 8][int(digit)]))
    return str(state if state > 4 else -state % 5)


def _dihedral(left: int, right: int) -> int:
    turned = left > 4
    step = (left - right if turned else left + right) % 5
    return step + 5 if turned != (right > 4) else step


def check_steuer_id(body: str) -> str:
    """Germany, Steuer-ID: ISO 7064 MOD 11,10."""
    product = 10
    for digit in body:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def check_rijksregister(body: str) -> str:
    """Belgium, national number of those born before 2000: 97 minus the rest by 97."""
    return f"{97 - int(body) % 97:02}"


def check_hetu(body: str) -> str:
    """Finland, HETU: a character by the rest of date and number by 31."""
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body) % 31]


def check_ahv(body: str) -> str:
    """Switzerland, AHV number: the check digit of EAN-13."""
    return str(-weigh(body, [1, 3] * 6) % 10)


def check_tckn(body: str) -> str:
    """Türkiye, TCKN: two digits."""
    digits = [int(digit) for digit in body]
    tenth = (sum(digits[::2]) * 7 - sum(digits[1::2])) % 10
    return f"{tenth}{(sum(digits) + tenth) % 10}"


def check_ric(body: str) -> str:
    """China, resident identity number: ISO 7064 MOD 11-2 (GB 11643-1999)."""
    return "10X98765432"[weigh(body, [2 ** (17 - at) % 11 for at in range(17)]) % 11]


def check_nif(body: str) -> str:
    """Portugal, NIF: by eleven, ten and eleven read as 0."""
    return str((11 - weigh(body, range(9, 1, -1)) % 11) % 11 % 10)


def check_nhs(body: str) -> str | None:
    """Give the last digit of an NHS number of the United Kingdom, or None where a body allows none."""
    digit = -weigh(body, range(10, 1, -1)) % 11
    return str(digit) if digit < 10 else None


def _digits(random: Random, length: int) -> str:
    return "".join(random.choices(string.digits, k=length))


def _birth(random: Random, pattern: str = "{year:02}{month:02}{day:02}") -> str:
    year, month, day = random.randrange(40, 99), random.randrange(1, 13), random.randrange(1, 29)
    return pattern.format(year=year, month=month, day=day)


def _checked(random: Random, check: Callable[[str], str | None], length: int, first: str = "") -> str:
    while True:
        body = first + _digits(random, length - len(first))
        if digit := check(body):
            return body + digit


def _codice_fiscale(random: Random) -> str:
    letters = "".join(random.choices("BCDFGLMNPRSTVZ", k=6))
    month, day = random.choice("ABCDEHLMPRST"), random.choice([0, 40]) + random.randrange(1, 29)
    body = f"{letters}{random.randrange(40, 99)}{month}{day:02}{random.choice('ABCDEFGHL')}{random.randrange(100, 999)}"
    return body + check_codice_fiscale(body)


def _nir(random: Random) -> str:
    month, department = random.randrange(1, 13), random.randrange(1, 95)
    body = f"{random.choice('12')}{random.randrange(40, 99)}{month:02}{department:02}{_digits(random, 6)}"
    return body + check_nir(body)


def _personnummer(random: Random) -> str:
    birth, number = _birth(random), _digits(random, 3)
    return f"{birth}-{number}{luhn_digit(birth + number)}"


def _rijksregister(random: Random) -> str:
    birth, number = _birth(random), f"{random.randrange(1, 998):03}"
    check = check_rijksregister(birth + number)
    return f"{birth[:2]}.{birth[2:4]}.{birth[4:]}-{number}.{check}"


def _hetu(random: Random) -> str:
    birth, number = _birth(random, "{day:02}{month:02}{year:02}"), f"{random.randrange(2, 899):03}"
    return f"{birth}-{number}{check_hetu(birth + number)}"


def _ric(random: Random) -> str:
    return (
        body := f"{random.choice(['110105', '310104', '440305'])}19{_birth(random)}{_digits(random, 3)}"
    ) + check_ric(body)


def _ahv(random: Random) -> str:
    body = "756" + _digits(random, 9)
    return f"756.{body[3:7]}.{body[7:11]}.{body[11:]}{check_ahv(body)}"


def _cpf(random: Random) -> str:
    body = _digits(random, 9)
    return f"{body[:3]}.{body[3:6]}.{body[6:]}-{check_cpf(body)}"


def _aadhaar(random: Random) -> str:
    body = random.choice("23456789") + _digits(random, 10)
    number = body + check_aadhaar(body)
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def _steuer_id(random: Random) -> str:
    # Of the first ten digits exactly one comes twice, and the first is not 0.
    digits = random.sample(string.digits, 9)
    digits.insert(random.randrange(1, 9), random.choice(digits))
    body = "".join(digits)
    return body + check_steuer_id(body) if body[0] != "0" else _steuer_id(random)


def _sin(random: Random) -> str:
    body = random.choice("1234567") + _digits(random, 7)
    return f"{body[:3]} {body[3:6]} {body[6:]}{luhn_digit(body)}"


def _ssn(random: Random) -> str:
    area = random.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{random.randrange(1, 100):02}-{random.randrange(1, 10000):04}"


def _nino(random: Random) -> str:
    digits = _digits(random, 6)
    pairs = " ".join(digits[at : at + 2] for at in range(0, 6, 2))
    return f"{random.choice(['AB', 'CE', 'JG', 'PX', 'SR'])} {pairs} {random.choice('ABCD')}"


ISSUES: dict[str, Callable[[Random], str]] = {
    "be_rijksregister": _rijksregister,
    "br_cpf": _cpf,
    "ca_sin": _sin,
    "ch_ahv": _ahv,
    "cn_ric": _ric,
    "de_steuer_id": _steuer_id,
    "es_dni": lambda random: _checked(random, check_dni, 8),
    "fi_hetu": _hetu,
    "fr_nir": _nir,
    "gb_nhs": lambda random: _checked(random, check_nhs, 9, "4"),
    "gb_nino": _nino,
    "in_aadhaar": _aadhaar,
    "it_cf": _codice_fiscale,
    "nl_bsn": lambda random: _checked(random, check_bsn, 8, "1"),
    "pl_pesel": lambda random: (body := _birth(random) + _digits(random, 4)) + check_pesel(body),
    "pt_nif": lambda random: _checked(random, check_nif, 8, "2"),
    "se_personnummer": _personnummer,
    "tr_tckn": lambda random: _checked(random, check_tckn, 9, "1"),
    "us_ssn": _ssn,
}


def make_id(random: Random, issue: str) -> str:
    """Make an identity number; `issue` is its country and its name there."""
    return ISSUES[issue](random)


MAKERS = {"id": make_id}
