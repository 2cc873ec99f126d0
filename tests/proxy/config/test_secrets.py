from pathlib import Path

import pytest

from proxy.config.secrets import SecretMissing, is_reference, resolve


def test_a_secret_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("hunter2\r\n")
    assert resolve("env:KEY", {"KEY": "hunter2\n"}) == "hunter2"
    assert resolve(f"file:{file}", {}) == "hunter2"


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "env:KEY: is not set"),
        ({"KEY": ""}, "env:KEY: is empty"),
        ({"KEY": " \n"}, "env:KEY: is empty"),
        ({"KEY": "hunter2\r\nx-evil: 1"}, "env:KEY: holds a line break"),
        ({"KEY": "hunter2\0"}, "env:KEY: holds a line break"),
        ({"KEY": "hünter2"}, "env:KEY: holds a line break, or a letter"),
    ],
)
def test_what_is_wrong_names_the_reference_and_never_the_secret(environ: dict[str, str], why: str) -> None:
    with pytest.raises(SecretMissing) as raised:
        resolve("env:KEY", environ)
    assert str(raised.value).startswith(why)
    assert "nter2" not in str(raised.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SecretMissing, match="file:/nowhere/key: cannot be read"):
        resolve("file:/nowhere/key", {})


def test_a_file_that_is_not_text_leaves_no_trace_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"hunter2\xff")
    with pytest.raises(SecretMissing, match="is not text") as raised:
        resolve(f"file:{file}", {})
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("text", ["env:OPENAI_API_KEY", "env:_a1", "file:/run/secrets/key"])
def test_references_are_known(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text", ["hunter2", "env:", "env:a-b", "env:1a", "file:relative", "ENV:A", "env:A\n", "file:/a\nb"]
)
def test_a_literal_is_no_reference_and_is_not_repeated(text: str) -> None:
    assert not is_reference(text)
    with pytest.raises(SecretMissing) as raised:
        resolve(text, {})
    assert "hunter2" not in str(raised.value)
