from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.config.schema import Config
from proxy.reload import reloader as reloader_module
from proxy.reload.loaded import VALIDATORS, Given, Loaded, Refusal, Verdict, complete, read
from proxy.reload.reloader import NO_FILE, Origin, Reloader
from proxy.telemetry.events import Event, ReloadRefused, RestartNeeded
from routing_rules import Problem


def text(rule: str, server: str = "", more: str = "") -> str:
    return f"""
[server]
{server}
[target.up]
kind = "openai"
url = "http://localhost:1/v1"
{more}
[[rule]]
name = "{rule}"
use = ["up"]
"""


class World:
    """A file, who decides about it, and what it said. `meanwhile` happens while it waits for the file to be still."""

    def __init__(self, folder: Path, first: str = text("one"), **more: Any) -> None:
        self.file = folder / "wye.toml"
        self.file.write_text(first, encoding="utf-8")
        self.events: list[Event] = []
        self.environ: dict[str, str] = {}
        self.meanwhile: Callable[[], object] = lambda: None
        start = complete(read(self.file, Given(), self.environ).config, str(self.file), self.environ)
        self.reloader = Reloader(
            Origin(str(self.file), self.file),
            start,
            self.environ,
            self.events.append,
            pause=self.pause,
            **more,
        )

    def pause(self, _: float) -> None:
        self.meanwhile()

    def write(self, new: str) -> None:
        other = self.file.with_name("new")
        other.write_text(new, encoding="utf-8")
        other.rename(self.file)

    def look(self) -> Verdict | None:
        return self.reloader.judge() if self.reloader.stirred() else None

    def refused(self) -> list[tuple[str, ...]]:
        return [event.problems for event in self.events if isinstance(event, ReloadRefused)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    assert made.look() is None
    return made


def rule_of(verdict: Verdict | None) -> str:
    assert verdict is not None
    assert verdict.loaded is not None
    assert verdict.refused is None
    return verdict.loaded.config.rule[0].name


def test_a_file_that_stays_as_it_is_is_looked_at_once_and_says_nothing(world: World) -> None:
    assert not world.reloader.stirred()
    assert world.events == []


def test_a_change_between_the_start_and_the_first_look_is_seen(tmp_path: Path) -> None:
    made = World(tmp_path)
    made.write(text("two"))
    assert rule_of(made.look()) == "two"


def test_a_good_file_is_a_verdict_once(world: World) -> None:
    world.write(text("two"))
    assert rule_of(world.look()) == "two"
    assert world.look() is None


def test_a_wrong_file_is_refused_once_and_the_next_good_one_clears_it(world: World) -> None:
    world.write(text("two", more="modle = 1"))
    verdict = world.look()
    assert verdict is not None
    assert verdict.loaded is None
    assert verdict.refused == Refusal(str(world.file), world.refused()[0])
    os.utime(world.file, (5, 5))
    assert world.look() is None
    assert len(world.refused()) == 1
    world.write(text("two"))
    assert rule_of(world.look()) == "two"


def test_a_red_test_is_refused_with_its_line(world: World) -> None:
    red = text("two") + '[[test]]\nname = "red"\nexpect = { status = 500 }\n'
    world.write(red)
    verdict = world.look()
    assert verdict is not None
    assert verdict.refused is not None
    (reason,) = verdict.refused.problems
    assert reason.startswith(f"{world.file}:{red.count(chr(10))}: [[test]] 1, expect.status: found")


def test_a_file_that_is_as_it_was_before_it_was_wrong_clears_it_and_changes_nothing(world: World) -> None:
    world.file.unlink()
    assert world.look() == Verdict(refused=Refusal(str(world.file), world.refused()[0]))
    world.write(text("one"))
    assert world.look() == Verdict()
    assert world.look() is None


def test_other_words_for_the_same_rules_change_nothing(world: World) -> None:
    world.write("# a comment\n" + text("one"))
    assert world.look() is None
    assert not world.reloader.stirred()


def test_a_file_that_is_still_being_written_raises_no_alarm(world: World) -> None:
    whole = text("two")
    world.file.write_text(whole[:40], encoding="utf-8")
    world.meanwhile = lambda: world.file.write_text(whole, encoding="utf-8")
    assert world.look() is None
    world.meanwhile = lambda: None
    assert rule_of(world.look()) == "two"
    assert world.refused() == []


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    made: World

    def meddle(_: Config) -> list[Problem]:
        made.write(text("three"))
        return []

    made = World(tmp_path, validators=(*VALIDATORS, meddle))
    made.write(text("two"))
    assert made.look() is None
    assert made.reloader.stirred()
    assert rule_of(made.look()) == "three"


def test_whoever_asks_gets_a_verdict_even_where_nothing_changed(world: World) -> None:
    world.reloader.ask()
    assert rule_of(world.look()) == "one"
    assert world.look() is None
    world.write("no toml")
    world.look()
    world.reloader.ask()
    assert world.look() is not None
    assert len(world.refused()) == 2


def test_asking_is_not_forgotten_while_a_file_is_being_written(world: World) -> None:
    world.reloader.ask()
    world.meanwhile = lambda: world.file.write_text(text("two"), encoding="utf-8")
    assert world.look() is None
    world.meanwhile = lambda: None
    assert rule_of(world.look()) == "two"


def test_without_a_file_asking_is_answered_in_the_log_only() -> None:
    events: list[Event] = []
    made = Reloader(Origin("the environment (no file)"), Loaded(Config()), {}, events.append, pause=lambda _: None)
    assert not made.stirred()
    made.ask()
    assert made.stirred()
    assert made.judge() is None
    assert not made.stirred()
    assert events == [ReloadRefused(file="the environment (no file)", problems=(NO_FILE,))]


def test_a_secret_of_a_file_is_watched_and_resolved_anew(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-one")
    made = World(tmp_path, text("one", more=f'key = "file:{secret}"'))
    assert made.look() is None
    secret.write_text("sk-two-longer")
    verdict = made.look()
    assert verdict is not None
    assert verdict.loaded is not None
    assert verdict.loaded.keys == {"up": "sk-two-longer"}
    assert made.look() is None


def test_a_secret_that_is_missing_is_refused_until_it_is_there(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    world.write(text("two", more=f'key = "file:{secret}"'))
    verdict = world.look()
    assert verdict is not None
    assert verdict.refused is not None
    assert "[target.up] key" in verdict.refused.problems[0]
    assert world.look() is None
    assert len(world.refused()) == 1
    secret.write_text("sk-new")
    assert rule_of(world.look()) == "two"


def test_a_key_that_needs_a_restart_is_named_and_the_rest_is_in_force(world: World) -> None:
    world.write(text("two", server='port = 1\nhost = "::1"\nmax_body = "1 kB"'))
    assert rule_of(world.look()) == "two"
    assert world.events == [RestartNeeded(keys=("[server] host", "[server] port"))]
    world.write(text("three"))
    assert rule_of(world.look()) == "three"
    assert len(world.events) == 1


def test_a_fault_of_ours_is_a_refusal_and_ends_nothing(tmp_path: Path) -> None:
    odd = True

    def validator(_: Config) -> list[Problem]:
        if odd:
            raise KeyError("sk-secret")
        return []

    made = World(tmp_path, validators=(validator,))
    made.write(text("two"))
    verdict = made.look()
    assert verdict is not None
    assert verdict.refused is not None
    assert "KeyError" in verdict.refused.problems[0]
    assert "sk-secret" not in verdict.refused.problems[0]
    odd = False
    made.write(text("three"))
    assert rule_of(made.look()) == "three"


@pytest.mark.anyio
async def test_verdicts_come_in_order_to_whoever_waits_for_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloader_module, "POLL_S", 0.001)
    verdicts = world.reloader.verdicts()
    for name in ("two", "three"):
        world.write(text(name))
        assert rule_of(await anext(verdicts)) == name
    world.write("no toml")
    assert (await anext(verdicts)).refused
    await verdicts.aclose()  # type: ignore[attr-defined]
