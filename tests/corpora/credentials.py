"""Makers of credentials: runs over an alphabet, and the formats that have more to them."""

from __future__ import annotations

import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from random import Random
from uuid import UUID
from zlib import crc32

Maker = Callable[[Random, str], str]

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
ALPHABETS = {
    "BECH32": BECH32.upper(),
    "HEX": "0123456789ABCDEF",
    "alnum": string.ascii_lowercase + string.digits,
    "base32": string.ascii_uppercase + "234567",
    "base58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "base62": BASE62,
    "base64": BASE62 + "+/",
    "base64url": BASE62 + "-_",
    "bcrypt": "./" + BASE62,
    "bech32": BECH32,
    "digits": string.digits,
    "hex": "0123456789abcdef",
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "urlpw": BASE62,
}
WORDS = (
    "kelp",
    "Otter",
    "maple",
    "Comet",
    "walnut",
    "Tundra",
    "pepper",
    "Lagoon",
    "copper",
    "Velvet",
    "thistle",
    "Quartz",
)


def run(random: Random, alphabet: str, length: int) -> str:
    """Draw so many characters of an alphabet."""
    return "".join(random.choices(alphabet, k=length))


def checksum62(text: str) -> str:
    """Give the six characters that end tokens of GitHub and npm: CRC-32 in base 62, most significant digit first.

    Source: "Behind GitHub's new authentication token formats", github.blog, 2021-04-05.
    """
    rest, digits = crc32(text.encode()), ""
    while rest:
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(6, "0")


def make_checked(random: Random, prefix: str) -> str:
    """Make a token of GitHub (`ghp`, `gho`, `ghu`, `ghs`, `ghr`) or npm."""
    body = run(random, BASE62, 30)
    return f"{prefix}_{body}{checksum62(body)}"


def make_password(random: Random, _: str) -> str:
    """Make a password as people make them; it needs no escape in a URL, in quotes or in a shell."""
    first, second = random.sample(WORDS, 2)
    styles = (
        f"{first}-{second}{random.randrange(10, 99)}",
        f"{first}{random.randrange(1000, 9999)}!",
        f"{first.replace('e', '3').replace('o', '0')}_{second}.{random.randrange(9)}",
        run(random, BASE62 + "-_.", random.randrange(10, 18)) + random.choice(string.digits),
    )
    return random.choice(styles)


def make_basic(random: Random, _: str) -> str:
    """Make the credentials of HTTP Basic: user and password in base64 (RFC 7617)."""
    return b64encode(f"deploy:{make_password(random, '')}".encode()).decode()


def make_jwt(random: Random, _: str) -> str:
    """Make a signed JSON Web Token (RFC 7519); the signature is drawn."""
    subject, issued = random.randrange(10**6), 1_700_000_000 + random.randrange(10**7)
    parts = ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"u{subject}","iat":{issued},"exp":{issued + 3600}}}')
    return ".".join((*(_base64url(part.encode()) for part in parts), _base64url(random.randbytes(32))))


def make_pem(random: Random, label: str) -> str:
    """Make an armoured block (RFC 7468); its bytes are drawn."""
    body = b64encode(random.randbytes(12 * 48)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _run_of(alphabet: str, random: Random, length: str) -> str:
    return run(random, alphabet, int(length))


MAKERS: dict[str, Maker] = {
    **{name: partial(_run_of, alphabet) for name, alphabet in ALPHABETS.items()},
    "b64pw": lambda random, _: b64encode(make_password(random, "").encode()).decode(),
    "basic": make_basic,
    "github": make_checked,
    "jwt": make_jwt,
    "npm": lambda random, _: make_checked(random, "npm"),
    "pem": make_pem,
    "pemline": lambda random, label: make_pem(random, label).replace("\n", "\\n") + "\\n",
    "pw": make_password,
    "uuid": lambda random, _: str(UUID(bytes=random.randbytes(16), version=4)),
}
