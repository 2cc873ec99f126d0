from __future__ import annotations

import tomllib
from pathlib import Path

from proxy.demo.config import config_text, first_choices, has_key, write


def test_without_a_key_the_cloud_is_the_stand_in() -> None:
    config = tomllib.loads(config_text(8000, 8001, 8002))
    assert list(config["target"]) == ["local", "cloud_standin"]
    assert config["target"]["cloud_standin"]["url"] == "http://127.0.0.1:8002/v1"
    assert "accepts" not in config["target"]["cloud_standin"]


def test_with_a_key_it_is_openai_and_the_key_stays_where_it_is() -> None:
    config = tomllib.loads(config_text(8000, 8001, None))
    assert list(config["target"]) == ["local", "cloud"]
    assert config["target"]["cloud"] == {
        "kind": "openai",
        "url": "https://api.openai.com/v1",
        "key": "env:OPENAI_API_KEY",
        "model": "gpt-4o-mini",
    }


def test_every_rule_tells_whom_it_asks_first() -> None:
    assert first_choices(config_text(8000, 8001, 8002)) == {
        "small models are answered here": "local",
        "big models go to the cloud": "cloud_standin",
        "everything else stays here": "local",
    }


def test_an_empty_key_is_no_key() -> None:
    assert not has_key({})
    assert not has_key({"OPENAI_API_KEY": " "})
    assert has_key({"OPENAI_API_KEY": "sk-something"})


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = write("x = 1\n", tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == "x = 1\n"
