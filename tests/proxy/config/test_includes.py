from pathlib import Path

import pytest

from proxy.config.includes import found_by, named_in, sound_entries, without_main_tables


@pytest.fixture
def main(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    for name in ("wye.toml", "b.toml", "rules/2.toml", "rules/1.toml", "rules/.hidden.toml", "rules/note.txt"):
        (tmp_path / name).touch()
    return tmp_path / "wye.toml"


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("b.toml", ["b.toml"]),
        ("nobody.toml", ["nobody.toml"]),
        ("rules/*.toml", ["rules/1.toml", "rules/2.toml"]),
        ("*.toml", ["b.toml"]),
        ("**/[12].toml", ["rules/1.toml", "rules/2.toml"]),
        ("nothing/*.toml", []),
        ("*", ["b.toml"]),
    ],
)
def test_names_and_patterns_start_beside_the_main_file_and_never_find_it(
    entry: str, names: list[str], main: Path
) -> None:
    assert found_by(entry, main) == [main.parent / name for name in names]


def test_an_absolute_pattern_is_taken_as_it_is(main: Path) -> None:
    assert [path.name for path in found_by(f"{main.parent}/rules/?.toml", main)] == ["1.toml", "2.toml"]


@pytest.mark.parametrize("tables", [{}, {"server": 5}, {"server": {"include": "a"}}, {"server": {"include": [5]}}])
def test_what_is_no_list_of_names_names_nothing(tables: dict[str, object]) -> None:
    assert named_in(tables) == []


@pytest.mark.parametrize("entry", ["", " ", "a\0b", "wye.toml", "./wye.toml", "rules/../wye.toml"])
def test_an_entry_that_can_be_no_other_file_is_a_problem(entry: str, main: Path) -> None:
    ((_, problem),) = sound_entries({"server": {"include": [entry]}}, main)
    assert problem
    assert problem.path == ("server", "include", 0)


def test_an_included_file_has_no_say_in_what_concerns_the_whole_server() -> None:
    tables = {"server": {"include": ["x"]}, "log": {}, "facts_log": {}, "rule": []}
    kept, problems = without_main_tables(tables)
    assert kept == {"rule": []}
    assert [problem.found for problem in problems] == ["an include in an included file", "[log]", "[facts_log]"]
