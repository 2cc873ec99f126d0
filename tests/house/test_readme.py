"""The README is true: each command in it is run, each block of code works, each path exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config.load import decode_config
from proxy.demo.children import free_port
from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.wye_process import Wye, clean_environment, two_targets

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BOOTSTRAP = "python3 -m pip install -qqt .uv uv && .uv/bin/uv run "
IN_CLONE = ".uv/bin/uv run wye "


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language; every second fence closes one."""
    pieces = README.split("```")[1::2]
    return [piece.partition("\n")[2] for piece in pieces if piece.partition("\n")[0] == language]


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line]


def a_command(start: str) -> str:
    (found,) = [command for command in commands() if command.startswith(start)]
    return found


@pytest.fixture(scope="module")
def local() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        yield server


@pytest.fixture(scope="module")
def wye(local: FakeOllama) -> Iterator[Wye]:
    with FakeOpenAI() as cloud, Wye(two_targets(local.base_url, cloud.base_url)) as server:
        yield server


def test_every_command_is_one_that_a_test_here_runs() -> None:
    known = (BOOTSTRAP, "curl http://localhost:8000/", IN_CLONE, "export OPENAI_BASE_URL=")
    assert [command for command in commands() if not command.startswith(known)] == []
    assert len(commands()) == 12


def test_the_demo_command_works_on_a_fresh_clone(tmp_path: Path) -> None:
    clone = copy_of_what_git_knows(tmp_path / "wye")
    command = a_command(BOOTSTRAP + "wye demo")
    environ = a_new_shell()
    done = subprocess.run(
        ["bash", "-c", f"{command} --once --port {free_port()}"],
        cwd=clone,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "smollm2" in done.stdout
    installed = {path.name.lower() for path in (clone / ".venv").glob("lib/python3*/site-packages/*")}
    assert "pytest" not in installed


def a_new_shell() -> dict[str, str]:
    """Return the environment of someone who has not entered this environment: python3 is the machine's own."""
    environ = {
        name: value for name, value in clean_environment().items() if not name.startswith(("VIRTUAL_ENV", "UV_"))
    }
    environ["PATH"] = os.pathsep.join(
        folder for folder in environ["PATH"].split(os.pathsep) if not Path(folder).is_relative_to(sys.prefix)
    )
    return environ


def copy_of_what_git_knows(target: Path) -> Path:
    """Copy the tree as a clone of the next commit would have it: no environment, no caches."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    command = a_command(BOOTSTRAP + "--group dev python -m tests")
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    taken = subprocess.run(
        ["bash", "-c", line_that_takes_it(script)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert taken.stdout.strip() == command
    assert 'eval "$command"' in script


def line_that_takes_it(script: str) -> str:
    (line,) = [line for line in script.splitlines() if line.startswith("command=")]
    return f'{line}; echo "$command"'


def test_the_request_is_answered(wye: Wye) -> None:
    command = a_command("curl ").replace("http://localhost:8000", wye.url)
    done = subprocess.run([*shlex.split(command), "-s"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("HTTP/1.1 200")
    assert "x-wye-target: local:llama3" in done.stdout


def test_a_file_is_written_checked_examined_and_served(local: FakeOllama, tmp_path: Path) -> None:
    environ = {**clean_environment(), "OLLAMA_HOST": local.url, "OPENAI_API_KEY": ""}
    steps = [command.removeprefix(IN_CLONE) for command in commands() if command.startswith(IN_CLONE)]
    named = {step.split()[0]: step for step in steps}
    assert list(named) == ["init", "check", "doctor", "serve", "explain", "test", "prove", "diff"]
    (tmp_path / "facts.jsonl").write_text('{"id": "wye-1", "facts": {"model": "gpt-4o"}}\n', encoding="utf-8")
    shutil.copy(ROOT / "config.toml", tmp_path)
    for step in (step for name, step in named.items() if name != "serve"):
        done = subprocess.run(program(step), cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (step, done.stdout, done.stderr)
    served = subprocess.Popen(
        [*program(named["serve"]), "--port", "0"], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True
    )
    with served:
        assert served.stderr is not None
        assert "server.started" in served.stderr.readline()
        served.send_signal(signal.SIGINT)
        assert served.wait(15) == 0


def program(step: str) -> list[str]:
    return [sys.executable, "-m", "proxy", *shlex.split(step)]


@pytest.mark.parametrize("code", blocks("python"), ids=["sdk", "langchain", "agents"])
def test_the_code_works_with_nothing_but_the_variable_set(code: str, wye: Wye) -> None:
    variable = a_command("export ").removeprefix("export ").partition("=")[0]
    environ = {**clean_environment(), variable: wye.base_url, "OPENAI_API_KEY": "sk-app"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Say hello." in done.stdout


def test_the_rules_load() -> None:
    (rules,) = blocks("toml")
    assert len(decode_config(rules, "README.md").rule) == 2


def test_the_map_shows_the_tree_as_it_is_on_disk() -> None:
    (tree,) = [block for block in blocks("") if block.startswith("routing_rules/")]
    shown = set()
    folder = ""
    for line in tree.splitlines():
        name = line.split()[0]
        folder = "" if not line.startswith(" ") else folder
        shown.add(folder + name)
        folder = name if not line.startswith(" ") else folder
    assert [name for name in shown if not (ROOT / name).exists()] == []
    packages = {f"proxy/{path.parent.name}/" for path in (ROOT / "proxy").glob("*/__init__.py")}
    assert packages <= shown


def test_links_lead_to_files() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert os.access(ROOT / ".ci/run", os.X_OK)
