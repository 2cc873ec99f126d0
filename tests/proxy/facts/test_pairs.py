from __future__ import annotations

import pytest

from proxy.facts.pairs import LONGEST, pair, tells, told


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"name": "db", "value": "x1y2"}', "db: x1y2"),
        ("value = x1y2; key = db", "db: x1y2"),
        ("- name: db\n  value: x1y2", "db: x1y2"),
        ('<add Key="db" Value="x1y2"/>', "db: x1y2"),
        ('{\\"field\\":\\"db\\",\\"content\\":\\"x1y2\\"}', "db: x1y2"),
        ('"name": "密码", "value": "秘密"', "密码: 秘密"),
        ("<db>x1y2</db>", "db: x1y2"),
        ("<ns:db a='b'>\n x1y2\n</ns:db>", "ns:db: x1y2"),
        ("<db><![CDATA[x1y2]]></db>", "db: x1y2"),
        ("<th>db</th> <td class='x'>x1y2</td>", "db: x1y2"),
        ("|who|db|\n|:-|-:|\n|bob|x1y2|", "db: x1y2"),
        ("|what|is|\n|--|--|\n|db|x1y2|", "db: x1y2"),
        ("who,db\nbob,x1y2", "db: x1y2"),
        ("user;db\nbob;sunshine", "db: sunshine"),
        ("a\tdb\n1\tx1y2\n2\tx3y4", "db: x3y4"),
    ],
)  # fmt: skip
def test_a_name_and_its_value_are_told_together(text: str, line: str) -> None:
    assert line in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a, b and c",
        "<p>text</p>",
        "<label>Password</label><input>",
        "<th>password</th><th>x1y2</th>",
        "<td>password</td><td>required</td>",
        "field,type\npassword,string",
        "password,token\nyes,Supported",
        '{"label": "Password", "value": "password"}',
        "one,two\nthree,four,x1y2",
    ],
)
def test_what_says_nothing_of_a_value_is_left_alone(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("a", "b", "a: b"),
        ("Secret key", "secret_key", None),
        ("a", "", None),
        ("", "b", None),
        ("a", "b" * (LONGEST + 1), None),
        ("a" * 100, "b", None),
    ],
)
def test_a_value_says_more_than_its_name(name: str, value: str, line: str | None) -> None:
    assert pair(name, value) == line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in ("hunter2", "p@ss", "aBcD", "12345")),
        *((value, False) for value in ("abc", "Yes!", "required", "NULL", "varchar(255)", "SHA-256", "a b 1")),
    ],
)
def test_a_value_looks_like_one(value: str, expected: bool) -> None:
    assert tells(value) is expected
