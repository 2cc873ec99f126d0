"""The configuration file of the demo: short enough to read, real enough to start from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from proxy.demo.local_model import MODEL

KEY_NAME = "OPENAI_API_KEY"
REAL_CLOUD = "cloud"
STAND_IN = "cloud_standin"
LABEL_REASONS = {"private": "a password, key or token was found in the text"}

_TEXT = """\
# Written by `wye demo`. Each target says what it may see, and the first rule that fits decides.
[server]
port = {port}

[target.local]
kind = "compatible"
url = "http://127.0.0.1:{local_port}/v1"
accepts = ["*"]
model = "{local_model}"

{cloud_table}

[[label]]
add = "private"
when = {{ secrets = true }}
why = "{private_reason}"

[[rule]]
name = "small models are answered here"
when = {{ model = ["*-mini*", "*-nano*"] }}
use = ["local", "{cloud}"]

[[rule]]
name = "big models go to the cloud"
when = {{ model = ["gpt-*", "chatgpt-*", "o1*", "o3*", "o4*"] }}
use = ["{cloud}", "local"]

[[rule]]
name = "everything else stays here"
use = ["local", "{cloud}"]
"""

_REAL_TABLE = f"""\
[target.{REAL_CLOUD}]
kind = "openai"
url = "https://api.openai.com/v1"
key = "env:{KEY_NAME}"
model = "gpt-4o-mini\""""

_STAND_IN_TABLE = f"""\
# Not OpenAI: canned words, because no {KEY_NAME} is set. It accepts no label, as the real one would not.
[target.{STAND_IN}]
kind = "compatible"
url = "http://127.0.0.1:{{port}}/v1"
model = "gpt-4o-mini\""""


def has_key(env: Mapping[str, str] = os.environ) -> bool:
    """Whether the real cloud can be asked."""
    return bool(env.get(KEY_NAME, "").strip())


def config_text(port: int, local_port: int, standin_port: int | None) -> str:
    """Give the whole file; without a port for the stand-in, the cloud is the real one."""
    real = standin_port is None
    return _TEXT.format(
        port=port,
        local_port=local_port,
        local_model=MODEL,
        cloud=REAL_CLOUD if real else STAND_IN,
        cloud_table=_REAL_TABLE if real else _STAND_IN_TABLE.format(port=standin_port),
        private_reason=LABEL_REASONS["private"],
    )


def write(text: str, folder: Path) -> Path:
    """Put the file where only its owner can read it."""
    path = folder / "wye-demo.toml"
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
    return path


def first_choices(text: str) -> dict[str, str]:
    """For each rule's name, the target that it asks first."""
    return {rule["name"]: rule["use"][0] for rule in tomllib.loads(text)["rule"]}
