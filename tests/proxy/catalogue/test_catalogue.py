from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from proxy.catalogue import catalogue as catalogue_module
from proxy.catalogue.catalogue import Catalogue, Entry
from proxy.upstream.probes import Model

Lists = dict[str, list[Model] | None]
Limits = Mapping[str, tuple[str, ...] | dict[str, str] | None]


class Targets:
    """Lists models, or does not; counts how often each was asked."""

    def __init__(self, **lists: list[Model] | None) -> None:
        self.lists: Lists = lists
        self.asked: list[str] = []

    async def __call__(self, name: str) -> list[Model] | None:
        self.asked.append(name)
        return self.lists[name]


def named(*names: str) -> list[Model]:
    return [Model(name) for name in names]


def catalogue(targets: Targets, limits: Limits | None = None, aliases: tuple[str, ...] = ()) -> Catalogue:
    return Catalogue(limits if limits is not None else dict.fromkeys(targets.lists), aliases, targets)


def ids(made: Catalogue) -> list[str]:
    return [entry.id for entry in made.models()]


@pytest.mark.anyio
async def test_lists_are_merged_aliases_first_then_targets_in_order_each_id_once() -> None:
    made = catalogue(Targets(b=named("x", "shared"), a=named("shared", "y")), aliases=("fast", "y"))
    await made.refresh()
    assert ids(made) == ["fast", "y", "x", "shared"]


@pytest.mark.anyio
async def test_an_entry_has_openais_shape_and_says_whose_it_is() -> None:
    made = catalogue(Targets(local=[Model("x", 5, "library"), Model("y")]), aliases=("fast",))
    await made.refresh()
    assert made.models() == [
        Entry(id="fast", owned_by="wye"),
        Entry(id="x", created=5, owned_by="library"),
        Entry(id="y", owned_by="local"),
    ]
    assert {entry.object for entry in made.models()} == {"model"}


@pytest.mark.anyio
async def test_a_target_that_is_down_keeps_the_list_it_had() -> None:
    targets = Targets(local=named("x"), cloud=named("y"))
    made = catalogue(targets)
    await made.refresh()
    targets.lists["local"] = None
    targets.lists["cloud"] = named("z")
    await made.refresh()
    assert ids(made) == ["x", "z"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, ["gpt-4o", "gpt-4o-mini", "whisper-1"]),
        (("gpt-*",), ["gpt-4o", "gpt-4o-mini"]),
        (("gpt-4o", "other"), ["gpt-4o"]),
        ((), []),
        ({"gpt-4o": "deployment"}, ["gpt-4o"]),
    ],
)
async def test_only_models_that_the_configuration_allows_are_listed(
    limit: tuple[str, ...] | dict[str, str] | None, expected: list[str]
) -> None:
    made = catalogue(Targets(cloud=named("gpt-4o", "gpt-4o-mini", "whisper-1")), {"cloud": limit})
    await made.refresh()
    assert ids(made) == expected


@pytest.mark.anyio
async def test_what_the_configuration_names_is_listed_while_nobody_can_be_asked() -> None:
    made = catalogue(Targets(a=None, b=None, c=None), {"a": ("gpt-*", "o3"), "b": {"small": "deployment"}, "c": None})
    assert ids(made) == ["o3", "small"]
    await made.refresh()
    assert ids(made) == ["o3", "small"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("llama3.2:latest", "llama3.2:latest"),
        ("llama3.2", "llama3.2:latest"),
        ("library/llama3:8b", "library/llama3:8b"),
        ("fast", "fast"),
        ("llama3", None),
        ("LLAMA3.2", None),
        ("", None),
    ],
)
async def test_one_model_is_found_by_its_id_or_without_latest(asked: str, found: str | None) -> None:
    made = catalogue(Targets(local=named("llama3.2:latest", "library/llama3:8b")), aliases=("fast",))
    await made.refresh()
    entry = made.model(asked)
    assert (entry.id if entry else None) == found


@pytest.mark.anyio
async def test_all_targets_are_asked_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def ask(_: str) -> list[Model]:
        async with asyncio.timeout(5):
            await both.wait()
        return []

    await Catalogue({"a": None, "b": None}, (), ask).refresh()
    assert both.n_waiting == 0


@pytest.mark.anyio
async def test_the_first_round_is_waited_for_and_the_next_is_not() -> None:
    go = asyncio.Event()

    async def ask(_: str) -> list[Model]:
        await go.wait()
        return named("x")

    made = Catalogue({"a": None}, (), ask)
    waiting = [asyncio.ensure_future(made.first_round()), asyncio.ensure_future(made.refresh())]
    await asyncio.sleep(0)
    assert not waiting[0].done()
    go.set()
    await asyncio.gather(*waiting)
    go.clear()
    slow = asyncio.ensure_future(made.refresh())
    await made.first_round()
    assert (ids(made), slow.done()) == (["x"], False)
    go.set()
    await slow


@pytest.mark.anyio
async def test_a_target_that_is_slow_is_waited_for_once_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "FIRST_ROUND_S", 0.001)
    made = catalogue(Targets(a=named("x")))
    await made.first_round()
    monkeypatch.setattr(catalogue_module, "FIRST_ROUND_S", 1e9)
    await made.first_round()
    assert ids(made) == []


@pytest.mark.anyio
async def test_lists_are_kept_fresh_and_a_missing_one_is_asked_for_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, slept = Targets(a=named("x"), b=None), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        targets.lists["b"] = named("y")
        if len(slept) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr("proxy.catalogue.catalogue.asyncio.sleep", sleep)
    made = catalogue(targets)
    with pytest.raises(asyncio.CancelledError):
        await made.run()
    assert slept == [catalogue_module.RETRY_S, catalogue_module.REFRESH_S]
    assert ids(made) == ["x", "y"]


@pytest.mark.anyio
async def test_what_another_catalogue_knows_is_taken_over_and_only_the_rest_is_asked() -> None:
    before = catalogue(Targets(a=named("x"), b=None, c=named("z")))
    await before.refresh()
    targets = Targets(a=named("other"), b=named("other"), c=named("new"), d=named("w"))
    made = catalogue(targets)
    made.take_over(before, ["a", "b"])
    await made.catch_up(5)
    await made.first_round()
    assert ids(made) == ["x", "new", "w"]
    assert sorted(targets.asked) == ["c", "d"]


@pytest.mark.anyio
async def test_of_what_another_catalogue_never_asked_nothing_is_known() -> None:
    targets = Targets(a=named("x"))
    made = catalogue(targets)
    made.take_over(catalogue(Targets(a=named("y"))), ["a"])
    await made.catch_up(5)
    assert (ids(made), targets.asked) == (["x"], ["a"])


@pytest.mark.anyio
async def test_a_new_target_that_is_slow_is_not_waited_for_and_is_asked_again_at_once() -> None:
    asked = asyncio.Event()

    async def ask(_: str) -> list[Model]:
        asked.set()
        await asyncio.Event().wait()
        return []

    made = Catalogue({"a": None}, (), ask)
    await made.catch_up(0)
    await made.first_round()
    asked.clear()
    running = asyncio.ensure_future(made.run())
    await asyncio.wait_for(asked.wait(), 5)
    running.cancel()


@pytest.mark.anyio
@pytest.mark.parametrize(("lists", "due_s"), [({"a": "x"}, "REFRESH_S"), ({"a": "x", "b": None}, "RETRY_S")])
async def test_it_asks_when_the_one_before_it_would_have(
    lists: dict[str, str | None], due_s: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    known = {name: named(model) if model else None for name, model in lists.items()}
    before, targets = catalogue(Targets(**known)), Targets(**known)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise asyncio.CancelledError

    monkeypatch.setattr("proxy.catalogue.catalogue.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await before.run()
    made = catalogue(targets)
    made.take_over(before, known)
    await made.catch_up(5)
    with pytest.raises(asyncio.CancelledError):
        await made.run()
    assert targets.asked == []
    assert slept[1] == pytest.approx(getattr(catalogue_module, due_s), abs=5)
    assert slept[1] <= slept[0]
