import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.load import decode_config, decode_tables, files_of, find_file, pack_text, read_config
from proxy.config.schema import FactsLog, Log, Server
from routing_rules import Expect, Given, Label, Problem, Queue, Rule, RuleError, Target, Timeouts, Trial
from routing_rules.grammar import KEYS
from routing_rules.spec import Prompt
from routing_rules.toml_text import toml

GOOD = """\
[target.local]
kind = "ollama"
url = "http://localhost:11434/v1"

[[rule]]
name = "all"
use = ["local"]
"""
SPLIT = """\
[server]
port = 9000
include = ["team.toml", "rules/*.toml"]
"""
BAD = """\
[server]
port = "x"

[target.local]
kind = "olama"
url = "http://localhost:11434/v1"
serves = ["chat"]

[[label]]
add = "private"
when = { secret = true }

[[rule]]
name = "small"
when = { modle = "*-mini*" }
use = ["locl"]
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(RuleError) as raised:
        decode_config(text, "config.toml")
    return raised.value.problems


def test_a_good_file_becomes_a_config() -> None:
    assert decode_config(GOOD, "config.toml").target["local"].kind == "ollama"


def test_every_problem_of_every_kind_is_reported_in_the_order_of_the_file() -> None:
    assert [(problem.line, problem.nearest) for problem in problems(BAD)] == [
        (2, None),
        (5, "ollama"),
        (7, None),
        (11, "secrets"),
        (13, None),
        (15, "model"),
        (16, "local"),
    ]


def test_a_problem_reads_as_one_line_that_an_editor_can_jump_to() -> None:
    assert str(problems(BAD)[0]) == 'config.toml:2: [server] port: found "x"; expected a whole number'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[targets.local]\nkind = "ollama"\nurl = "http://a/v1"\n[[rule]]\nname = "x"\nuse = ["local"]', [1]),
        (GOOD.replace("[[rule]]", "[[rules]]"), [5]),
        (GOOD.replace('url = "http', "url = 5\n#"), [3]),
        (GOOD + '[[rule]]\nname = "b"\nuse = 5', [8, 10]),
        ('[[rule]]\nname = "a"\nwhen = "fact"\nuse = ["local"]\n' + GOOD, [3]),
        (GOOD + "[target.b]\nkind = 'compatible'\nurl = 'ftp://x'", [10]),
    ],
)
def test_one_mistake_is_one_problem_and_not_a_crowd_that_follows_from_it(text: str, lines: list[int]) -> None:
    assert [problem.line for problem in problems(text)] == lines


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = = 2\n", 2), ('a = 1\nb = "open\n', 2), ("a = [1,\n2\n", 3), ("a = 1\na = 2", 2), ("x = 1\x00", 1)],
)
def test_broken_toml_is_one_problem_with_its_line(text: str, line: int) -> None:
    (problem,) = problems(text)
    assert problem.line == line
    assert "TOML" in problem.found
    assert "(at" not in problem.found


@pytest.mark.parametrize("number", ["9" * 5_000, "0x" + "f" * 9_999])
@pytest.mark.parametrize("line", ["server.port = N", "rule = [{ name = N }]", "fact.a = { turns = N }", "a = N"])
def test_a_number_of_thousands_of_digits_is_refused_and_nothing_breaks(line: str, number: str) -> None:
    assert all(problem.found and problem.expected for problem in problems(line.replace("N", number)))


@pytest.mark.parametrize(
    "value",
    [
        *(
            "1979-05-27",
            "07:32:00",
            "1979-05-27T07:32:00Z",
            "[[1, [2]]]",
            "{}",
            "[]",
            "inf",
            "nan",
            "-1",
            "1e400",
            '"\\u0000"',
        ),
        *(
            "true",
            "0xdeadbeefdeadbeefdeadbeef",
            "{ a = { b = { c = [{ d = 1979-05-27 }] } } }",
            '""',
            "[{}]",
            "[[], {}]",
        ),
    ],
)
def test_no_value_anywhere_breaks_it(value: str) -> None:
    tables = {
        "server": Server,
        "log": Log,
        "facts_log": FactsLog,
        "target.a": Target,
        "target.a.queue": Queue,
        "target.a.timeouts": Timeouts,
        "[label]": Label,
        "[rule]": Rule,
        "[test]": Trial,
        "[test]\n[test.given]": Given,
        "[test]\n[test.expect]": Expect,
        "[rule]\n[rule.prompt]": Prompt,
    }
    for table, struct in tables.items():
        for key in struct.__struct_fields__:
            for problem in problems_in(f"[{table}]\n{key} = {value}\n"):
                assert problem.line or len(problem.path) < 2
    for key in KEYS:
        for table in ("[label]\n[label.when]", "[rule]\n[rule.when]", "fact.a"):
            problems_in(f"[{table}]\n{key} = {value}\n")
    for line in (
        "alias",
        "alias.a",
        "boundary",
        "boundary.private",
        "template",
        "template.a",
        "fact",
        "fact.a",
        "rule",
        "test",
    ):
        problems_in(f"{line} = {value}\n")


def test_toml_without_end_is_refused_and_nothing_breaks() -> None:
    (problem,) = problems("a = " + "[" * 100_000)
    assert problem.expected == "valid TOML"


def test_a_literal_key_is_refused_without_repeating_it() -> None:
    (problem,) = problems(GOOD.replace("[[rule]]", 'key = "hunter2"\n[[rule]]'))
    assert "hunter2" not in str(problem)
    assert (problem.path, problem.line) == (("target", "local", "key"), 5)


def test_an_empty_file_says_what_a_file_needs() -> None:
    assert [problem.found for problem in problems("")] == ["no target", "no rule without `when`"]


def test_a_pack_need_not_have_targets() -> None:
    pack = decode_tables(pack_text("private_first"), "private_first.toml")
    assert [rule.name for rule in pack.rule] == [
        "whoever asks for speed is answered here",
        "whoever asks for quality is answered by the cloud",
        "small models are answered here",
        "big models go to the cloud",
        "everything else stays here",
    ]
    with pytest.raises(RuleError):
        decode_tables("rule = 5", "pack.toml")


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_config(file).config == decode_config(GOOD, "")


def folder(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "rules").mkdir()
    for name, text in files.items():
        (tmp_path / f"{name.replace('__', '/')}.toml").write_text(text)
    return tmp_path / "wye.toml"


def refused(main: Path) -> list[str]:
    with pytest.raises(RuleError) as raised:
        read_config(main)
    return [f"{Path(one.file).name}:{one.line} {one.found}" for one in raised.value.problems]


TEAM = '[[label]]\nadd = "legal"\n[[rule]]\nname = "team"\nwhen = { model = "x" }\nuse = ["local"]\n'


def test_included_files_stand_at_the_top_of_the_main_one_in_their_order(tmp_path: Path) -> None:
    more = {f"rules__{at}": TEAM.replace("team", at).replace('"x"', f'"{at}"') for at in "ba"}
    main = folder(tmp_path, wye=SPLIT + GOOD, team=TEAM, **more)
    loaded = read_config(main)
    assert [rule.name for rule in loaded.config.rule] == ["team", "a", "b", "all"]
    assert [path.name for path in loaded.files] == ["wye.toml", "team.toml", "a.toml", "b.toml"]
    assert files_of(main) == loaded.files


def test_a_file_that_two_entries_find_is_read_once(tmp_path: Path) -> None:
    main = folder(
        tmp_path, wye='server.include = ["rules/a.toml", "rules/*", "rules/../rules/a.toml"]\n' + GOOD, rules__a=TEAM
    )
    assert [rule.name for rule in read_config(main).config.rule] == ["team", "all"]


def test_every_problem_of_every_file_has_its_own_file_and_line(tmp_path: Path) -> None:
    wrong = TEAM.replace("local", "locl").replace("legal", "Le gal")
    twice = GOOD.partition("[[rule]]")[0] + '[server]\ninclude = ["x.toml"]\n[log]\n'
    main = folder(
        tmp_path,
        wye=SPLIT + GOOD.replace("ollama", "olama", 1),
        team=wrong,
        rules__b=twice,
        rules__a="[[rul]]\nwhen = { stream = true }\n",
    )
    assert [one.partition(":")[0] for one in refused(main)] == sorted(
        (one.partition(":")[0] for one in refused(main)), key=["wye.toml", "team.toml", "a.toml", "b.toml"].index
    )
    assert sorted(refused(main)) == sorted(
        [
            'wye.toml:5 "olama"',
            "wye.toml:4 'local' again",
            "team.toml:2 'Le gal'",
            "team.toml:6 the candidate 'locl'",
            "a.toml:1 the unknown key `rul`",
            "a.toml:1 no key `name`",
            "a.toml:1 no key `use`",
            "b.toml:5 an include in an included file",
            "b.toml:7 [log]",
        ]
    )


def test_a_named_file_that_is_missing_is_told_where_it_is_named(tmp_path: Path) -> None:
    main = folder(tmp_path, wye=SPLIT + GOOD.replace("local", "locl", 1))
    assert refused(main) == [f"wye.toml:3 {tmp_path / 'team.toml'}: no such file"]


def test_an_included_file_that_cannot_be_read_is_told_beside_all_the_others(tmp_path: Path) -> None:
    main = folder(tmp_path, wye=SPLIT + GOOD, team="x = = 1", rules__a="[[rul]]\nname = 5\nuse = []")
    assert [one.partition(" ")[0] for one in refused(main)] == ["team.toml:1", "a.toml:1", "a.toml:2"]


def test_what_a_watcher_watches_is_known_whatever_is_wrong(tmp_path: Path) -> None:
    main = folder(tmp_path, wye=SPLIT, rules__a="x = = 1")
    assert [path.name for path in files_of(main)] == ["wye.toml", "team.toml", "a.toml"]
    assert files_of(tmp_path / "none.toml") == (tmp_path / "none.toml",)


def test_a_file_that_cannot_be_read_is_one_clear_problem(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path, found in ((tmp_path / "none.toml", "no such file"), (tmp_path, "cannot be read"), (binary, "not UTF-8")):
        with pytest.raises(RuleError) as raised:
            read_config(path)
        (problem,) = raised.value.problems
        assert found in problem.found
        assert problem.file == str(path)


def test_the_option_wins_over_the_variable_and_the_variable_over_the_folder(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GOOD)
    option, environ = Path("option.toml"), {"WYE_CONFIG": "named.toml"}
    assert find_file(option, environ, tmp_path) == option
    assert find_file(None, environ, tmp_path) == Path("named.toml")
    assert find_file(None, {"WYE_CONFIG": " "}, tmp_path) == tmp_path / "config.toml"


def test_without_any_file_there_is_none(tmp_path: Path) -> None:
    assert find_file(None, {}, tmp_path) is None


@pytest.mark.parametrize(
    "text", [GOOD, BAD, "[targets.x]\nkind = 1", "x = = 1\n[[ rule ]]", "[target]\n", SPLIT, "[fact.a]"]
)
def test_a_config_toml_of_ours_is_taken_even_when_it_is_broken(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(text)
    assert find_file(None, {}, tmp_path) == tmp_path / "config.toml"


@pytest.mark.parametrize("text", ["", 'baseURL = "https://example.com"\n[params]\nrule = 1', "[server]\nport = 1"])
def test_a_config_toml_of_another_program_is_passed_over(text: str, tmp_path: Path) -> None:
    tomllib.loads(text)
    (tmp_path / "config.toml").write_text(text)
    assert find_file(None, {}, tmp_path) is None


def test_a_config_toml_that_cannot_be_opened_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    assert find_file(None, {}, tmp_path) == tmp_path / "config.toml"


LEAVES = st.one_of(
    st.booleans(), st.integers(-2, 99_999), st.floats(), st.sampled_from(["local", "*", "", "5s", "env:A"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "model", "header"]), inner, max_size=2)
    ),
    max_leaves=4,
)


CONDITION = st.sampled_from([*KEYS, "header", "busy.local", "typo"])


def tables(*kinds: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, object]]:
    names = [name for kind in kinds for name in kind.__struct_fields__]
    return st.dictionaries(st.sampled_from([*names, "typo"]), VALUES, max_size=6)


@given(
    server=tables(Server) | VALUES,
    target=st.dictionaries(st.sampled_from(["local", "b_c"]), tables(Target, Queue) | VALUES, max_size=2),
    label=st.lists(tables(Label) | VALUES, max_size=2),
    rule=st.lists(tables(Rule) | VALUES, max_size=3),
    fact=st.dictionaries(
        st.sampled_from(["a", "b"]), st.dictionaries(CONDITION, VALUES, max_size=3) | VALUES, max_size=2
    ),
    test=st.lists(tables(Trial, Given, Expect) | VALUES, max_size=2),
    template=st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2) | VALUES,
    facts_log=tables(FactsLog) | VALUES,
)
def test_whatever_stands_in_the_tables_it_loads_or_says_what_is_wrong(**raw: object) -> None:
    text = "\n".join(f"{name} = {toml(value)}" for name, value in raw.items())
    for problem in problems_in(text):
        assert problem.line or len(problem.path) < 2


def problems_in(text: str) -> list[Problem]:
    try:
        decode_config(text, "config.toml")
    except RuleError as error:
        return error.problems
    return []
