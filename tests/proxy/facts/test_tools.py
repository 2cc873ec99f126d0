from __future__ import annotations

from typing import Any

import pytest

from proxy.facts.tools import tool_names, tools
from routing_rules import UNKNOWN

FUNCTION = {"type": "function", "function": {"name": "look_up"}}
CALL = {"role": "assistant", "tool_calls": [{"id": "1", **FUNCTION}]}


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({}, None),
        ({"tools": []}, None),
        ({"tools": None}, None),
        ({"messages": [{"role": "user", "content": "a tool"}], "input": "x"}, None),
        ({"tools": [FUNCTION, FUNCTION], "functions": [{"name": "f"}]}, ("look_up", "f")),
        ({"tools": [{"type": "function", "name": "flat"}]}, ("flat",)),
        ({"tools": [{"type": "custom", "custom": {"name": "c"}}]}, ("c",)),
        ({"tools": [{"type": "web_search"}, " odd "]}, ("web_search", "odd")),
        ({"tools": [{"type": "mcp", "server_label": "jira"}]}, ("mcp", "jira")),
        ({"Tools": [FUNCTION]}, ("look_up",)),
        ({"functions": [{"name": "f"}]}, ("f",)),
        ({"web_search_options": {}}, ("web_search",)),
        ({"messages": [CALL]}, ("look_up",)),
        ({"messages": [{"role": "assistant", "function_call": {"name": "old", "arguments": "{}"}}]}, ("old",)),
        ({"messages": [{"role": "function", "name": "old", "content": "x"}]}, ("old",)),
        ({"messages": [{"role": "assistant", "tool_calls": []}]}, None),
        ({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, ("f",)),
        ({"input": [{"type": "custom_tool_call", "name": "c"}]}, ("c",)),
        ({"input": [{"type": "web_search_call"}]}, ("web_search",)),
        ({"input": [{"type": "mcp_call", "name": "read", "server_label": "jira"}]}, ("mcp", "read", "jira")),
        ({"input": [{"type": "message", "role": "user"}, "x"]}, None),
    ],
)
def test_tools_are_those_on_offer_and_those_that_were_called(document: dict[str, Any], names: object) -> None:
    assert tool_names(document) == names
    assert tools(document) is (names is not None)


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [{"role": "tool", "tool_call_id": "1", "content": "x"}]},
        {"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]},
    ],
)
def test_an_answer_without_a_name_says_that_there_is_a_tool_and_not_which(document: dict[str, Any]) -> None:
    assert (tools(document), tool_names(document)) == (True, None)


@pytest.mark.parametrize("tool", [{"type": 5}, {}, 5, None, {"function": {"name": ["f"]}}, {"function": {}}])
def test_a_tool_that_nobody_can_read_leaves_the_names_unknown(tool: object) -> None:
    assert tools({"tools": [tool]}) is True
    assert tool_names({"tools": [FUNCTION, tool]}) is UNKNOWN


@pytest.mark.parametrize("offered", [{"name": "f"}, "web_search", 5, True])
def test_tools_that_are_no_list_are_unknown(offered: object) -> None:
    for key in ("tools", "functions"):
        assert tools({key: offered}) is UNKNOWN
        assert tool_names({key: offered}) is UNKNOWN
