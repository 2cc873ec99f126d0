from __future__ import annotations

import pytest
import re2

from proxy.facts.secrets import PATTERNS, has_secret

# Each is put together here, so that no scanner takes this file for a leak.
KEY = "A1b2C3d4E5f6G7h8"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"

EXAMPLES: dict[str, list[str]] = {
    "openai or anthropic key": [
        "sk-" + KEY * 3,
        "sk-proj-" + KEY * 2 + "_" + KEY,
        "key: sk-ant-api03-" + KEY * 2,
        "(sk-svcacct-" + KEY * 2 + ")",
    ],
    "aws access key": ["AKIA" + "IOSFODNN7EXAMPLE", "id=ASIA" + "IOSFODNN7EXAMPLE;"],
    "github token": ["ghp_" + KEY * 3, "gho_" + KEY * 3, "github_pat_" + KEY * 3],
    "gitlab token": ["glpat-" + KEY + "wxyz"],
    "slack token": ["xoxb-1234567890-" + KEY],
    "google api key": ["AIza" + KEY * 2 + "xyz"],
    "stripe key": ["sk_live_" + KEY, "rk_test_" + KEY],
    "hugging face token": ["hf_" + KEY * 2],
    "private key": [
        "-----BEGIN " + "PRIVATE KEY-----",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----",
    ],
    "json web token": [JWT, f"token={JWT}"],
    "connection string": [
        "postgres://admin:hunter2@db.internal/app",
        "redis://:hunter2@cache:6379/0",
        "mongodb+srv://u:p@cluster0.example.net",
        "see https://user:pass@example.com/x",
        "amqp://guest:gu@est@mq",
    ],
    "bearer token": ["Authorization: Bearer abcdef123456", "-H 'authorization: basic dXNlcjpwYXNz'"],
    "assignment": [
        "password=hunter2",
        "password: hunter2",
        'PASSWORD = "correct horse"',
        "db_passwd := s3cret",
        "'api_key': 'abcd1234'",
        "api-key=abcd1234",
        "ACCESS_TOKEN=abcd1234",
        "client_secret=abcd1234",
        "$config['password'] => 'abcd'",
        '{"passphrase":"open sesame"}',
    ],
    "sentence": [
        "my password is hunter2",
        "The password for the server is tr0ub4dor",
        "password is still p@ssword",
        "das Passwort lautet Geheim1",
        "mein Kennwort ist geheim_1",
        "the api key of prod is now abc_def",
        "my new secret is 12345678",
    ],
    "quoted sentence": ["the passphrase is: 'sunshine'", 'password was "letmein"'],
}
PLAIN_SENTENCES = [
    "My password is sunshine",
    "our passcode is swordfish",
    "the secret key was rosebud",
    "Her password is: monkey",
]

HARMLESS = [
    "",
    "hello",
    # Words that hold a word.
    "monkey",
    "monkey: banana",
    "keyboard: qwerty",
    "turkey = 12 pounds",
    "secretary: Anna",
    "compass: north",
    "passport: X1234567",
    "bypass: enabled",
    "passing score: 85%",
    "tokens: 4096",
    "max_tokens=256",
    "tokenizer: cl100k_base",
    "the keynote is at 10:30",
    "disk-encryption-configuration",
    "risk-adjusted-returns-are-good",
    "ask-me-anything-about-this",
    # Keys that are no secrets.
    "primary key: id",
    "PRIMARY KEY (id)",
    "foreign key: user_id",
    "press any key: space",
    "public key: see the docs",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "ssh-rsa is a key type",
    "the key is under the mat",
    # Talk about secrets.
    "How do I reset my password?",
    "Enter your password",
    "password reset link: https://example.com/reset",
    "I forgot my password",
    "My password is wrong",
    "The password is wrong!",
    "my api key is invalid!",
    "Your password is too short",
    "the password is required.",
    "our passwords are stored safely",
    "What is an access token?",
    "private keys are asymmetric",
    "kubectl get secret -n prod",
    "the secret sauce",
    "Basic English skills",
    "cd $PWD",
    "password_hash: bcrypt",
    "password field: <input>",
    # What looks random and is not.
    "550e8400-e29b-41d4-a716-446655440000",
    "request id 7f3c9a52-0d1e-4b7a-9c55-5a2d1f0e8b11",
    "commit 9b3c0cf0f2a1e4d5c6b7a8990123456789abcdef",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "AKIA is how AWS key ids begin",
    "sk-learn",
    "sk-SK",
    "hf_transfer",
    "eyJ is how a JWT begins",
    # Addresses.
    "http://localhost:11434/v1",
    "https://example.com:8080/path@x",
    "user@example.com",
    "ssh://git@github.com/x/y",
    "mysql://root@localhost/db",
    "time 12:30:45",
]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in EXAMPLES.items() for text in texts])
def test_a_secret_is_known_by_its_look(name: str, text: str) -> None:
    assert re2.search(PATTERNS[name], text)
    assert has_secret(text)
    assert has_secret(f"please look at this:\n{text}\nwhat is wrong with it?")


def test_every_pattern_has_its_examples() -> None:
    assert EXAMPLES.keys() == PATTERNS.keys()


@pytest.mark.parametrize("text", PLAIN_SENTENCES)
def test_a_password_that_is_a_plain_word_is_one_all_the_same(text: str) -> None:
    assert has_secret(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_or_sounds_like_one_is_none(text: str) -> None:
    assert not has_secret(text)


def test_one_harmless_sentence_hides_no_other() -> None:
    assert has_secret("My password is wrong. Well, my password is sunshine.")


@pytest.mark.parametrize(
    "text", ["my password " * 20_000, "password is " * 20_000, "a" * 500_000, "://a:" * 50_000, "sk- " * 100_000]
)
def test_a_long_text_without_a_secret_is_read_to_its_end(text: str) -> None:
    assert not has_secret(text)
    assert has_secret(text + " AKIA" + "IOSFODNN7EXAMPLE")


@pytest.mark.parametrize("kind", sorted(PATTERNS))
def test_what_was_found_is_named_by_its_kind_and_never_repeated(kind: str) -> None:
    for text in EXAMPLES[kind]:
        assert kind in has_secret.kinds(text)
        assert set(has_secret.kinds(text)) <= {*PATTERNS, "told in words"}
