import pytest

from proxy.cli.starter import starter_text
from proxy.config.load import decode_config

URL = "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize("models", [None, [], ["llama3.2:latest"], ['odd "name"']])
@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("has_key", [True, False])
def test_whatever_was_found_the_file_loads(models: list[str] | None, accepts: bool, has_key: bool) -> None:
    config = decode_config(starter_text(URL, models, accepts=accepts, has_key=has_key), "config.toml")
    found = {"local"} if models is not None else set()
    found |= {"cloud"} if has_key else set()
    assert set(config.target) == (found or {"local", "cloud"})


def test_with_one_target_found_the_other_is_there_to_be_switched_on() -> None:
    text = starter_text(URL, None, accepts=True, has_key=True)
    assert "# [target.local]" in text
    assert [rule.use for rule in decode_config(text, "").rule] == [("cloud",)]


def test_with_none_or_both_the_private_first_rules_are_in_force() -> None:
    for models, has_key in ((None, False), (["llama3.2"], True)):
        config = decode_config(starter_text(URL, models, accepts=True, has_key=has_key), "")
        assert {label.add for label in config.label} == {"private"}
        assert len(config.rule) == 5


def test_the_model_that_was_found_is_written_down() -> None:
    config = decode_config(starter_text(URL, ["qwen3:4b"], accepts=False, has_key=False), "")
    assert (config.target["local"].model, config.target["local"].accepts) == ("qwen3:4b", ())


def test_it_teaches() -> None:
    text = starter_text(URL, None, accepts=True, has_key=False)
    assert text.count("#") > 15
    for command in ("wye check", "wye doctor", "wye serve"):
        assert command in text
