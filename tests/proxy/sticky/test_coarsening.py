from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.sticky.coarsening import ANYBODY, WHOLLY, Entry, coarsest, everything_of

NO = b"~"


def entry(owner: str, text: str, label: str = "private", expiry: int = 10) -> Entry:
    return Entry(owner.encode() * 4 + text.encode() * 12, expiry, label.encode())


def test_of_the_owner_of_most_those_with_one_label_become_one_for_all_that_he_says() -> None:
    entries = [entry("a", "1"), entry("b", "2", "legal"), entry("b", "3", expiry=30), entry("b", "4", expiry=20)]
    assert coarsest(entries, NO) == (Entry(b"bbbb" + WHOLLY, 30, b"private"), [2, 3])


def test_where_all_labels_of_an_owner_differ_they_become_one_that_nobody_accepts() -> None:
    entries = [entry("a", "1"), entry("b", "2", "legal", 20), entry("b", "3", "private")]
    assert coarsest(entries, NO) == (Entry(b"bbbb" + WHOLLY, 20, NO), [1, 2])


def test_where_everybody_has_one_a_label_becomes_anybodys() -> None:
    entries = [entry("a", "1"), entry("b", "2", "legal"), entry("c", "3")]
    assert coarsest(entries, NO) == (Entry(ANYBODY, 10, b"private"), [0, 2])


def test_where_nothing_is_alike_all_becomes_one_that_binds_anybody() -> None:
    entries = [entry("a", "1", "x"), entry("b", "2", "y"), entry("c", "3", "z")]
    assert coarsest(entries, NO) == (Entry(ANYBODY, 10, NO), [0, 1, 2])


owners, labels = st.sampled_from("abcd"), st.sampled_from(["private", "legal", "draft"])


@given(st.lists(st.builds(entry, owners, st.sampled_from("12345"), labels, st.integers(1, 9)), min_size=2, max_size=9))
def test_what_becomes_one_is_covered_by_it(entries: list[Entry]) -> None:
    merged, members = coarsest(entries, NO)
    assert len(members) >= 2
    for at in members:
        assert merged.fingerprint in (everything_of(entries[at].fingerprint), ANYBODY)
        assert merged.expiry >= entries[at].expiry
        assert merged.label in (entries[at].label, NO)
