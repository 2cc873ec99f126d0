"""Makers of what identifies a person or a line, and of what only looks like it: `{{wrong:card:visa}}`."""

from __future__ import annotations

import string
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from random import Random

from tests.corpora import national_ids, payments

Maker = Callable[[Random, str], str]

CHECKED: dict[str, Maker] = {**payments.MAKERS, **national_ids.MAKERS}


def make_wrong(random: Random, wanted: str) -> str:
    """Make a number whose check fails: a right one with another last character."""
    name, _, argument = wanted.partition(":")
    number = CHECKED[name](random, argument)
    alphabet = string.digits if number[-1].isdigit() else string.ascii_uppercase
    return number[:-1] + alphabet[(alphabet.index(number[-1]) + 1) % len(alphabet)]


def make_ip4(random: Random, _: str) -> str:
    """Make an IPv4 address of the public internet."""
    while True:
        address = IPv4Address(random.randrange(1 << 24, 223 << 24))
        if address.is_global:
            return str(address)


def make_ip6(random: Random, _: str) -> str:
    """Make an IPv6 address of the public internet, in 2a00::/12."""
    return str(IPv6Address((0x2A0 << 116) | random.getrandbits(116)))


MAKERS: dict[str, Maker] = {**CHECKED, "wrong": make_wrong, "ip4": make_ip4, "ip6": make_ip6}
