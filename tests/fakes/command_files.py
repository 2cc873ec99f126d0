"""A rule file that shows every kind of table, for tests of the commands that look at rules."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from proxy.cli import main

RULES = """\
[target.local]
kind = "ollama"
url = "http://127.0.0.1:11434/v1"
accepts = ["*"]
model = "llama3.2"
[target.cloud]
kind = "openai"
url = "https://api.openai.com/v1"
models = ["gpt-*"]
[target.gpu]
kind = "compatible"
url = "http://gpu.internal:8000/v1"
accepts = ["private"]
model = "mistral"
[alias]
fast = "local:llama3.2"
[fact.secret]
any = [{ secrets = true }, { matches = ['(?i)\\bpassport\\b'] }]
[template]
polite = "Answer politely."
[[label]]
add = "private"
when = "secret"
why = "it holds a secret"
[[label]]
add = "hr"
when = { header.x-team = "hr" }
[boundary]
private = ["127.0.0.0/8", "*.internal"]
[[rule]]
name = "long ones wait for the cloud"
when = { prompt_tokens = ">= 4000", healthy.cloud = true }
use = ["cloud"]
[[rule]]
name = "streams are shared out"
when = { model = "gpt-*", stream = true }
use = ["cloud", "gpu"]
order = "weighted"
weights = { cloud = 3, gpu = 1 }
[[rule]]
name = "big models go out"
when = { model = "gpt-*" }
use = ["cloud", "local"]
set = { temperature = 0.2 }
drop = ["seed"]
hash = ["user"]
prompt = { prepend = { template = "polite" } }
[[rule]]
name = "the rest stays"
use = ["local"]
"""
GREEN = """\
[[test]]
name = "a password stays here"
given = { prompt = "my password is hunter2", model = "gpt-4o", down = ["local"] }
expect = { label = "private", status = 503, never = ["cloud"] }
"""
RED = """\
[[test]]
name = "big ones stay"
given = { prompt = "hello", model = "gpt-4o" }

[test.expect]
target = "local"
body = { temperature = 0.3 }
"""


def write(name: str, text: str) -> str:
    """Write a file into the working folder, and return its name."""
    Path(name).write_text(text, encoding="utf-8")
    return name


def run(*arguments: str, said: bytes | str | None = None) -> Result:
    """Run `wye` with these arguments; `said` is its standard input."""
    return CliRunner().invoke(main, arguments, env={"WYE_CONFIG": ""}, input=said)
