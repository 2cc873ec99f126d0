from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.wire.outward import outward

FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"properties": {"url": {"type": "string"}}}}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
Json = dict[str, Any]


def saying(*parts: object) -> Json:
    """Write a request whose second message has these parts."""
    return {"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": list(parts)}]}


def place(*parts: object) -> str | None:
    """Return the place within the second message's content."""
    found = outward(saying(*parts))
    return found.removeprefix("messages[1].content") if found else None


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a.png",
        "look at https://example.org/a.png",
        "![a](https://example.org/a.png)",
        '{"image_url": "https://example.org/a.png"}',
        "//example.org",
        "file:///etc/passwd",
    ],
)
def test_text_may_mention_any_address(text: str) -> None:
    assert outward({"messages": [{"role": "user", "content": text}]}) is None
    assert place({"type": "text", "text": text}, text) is None
    assert (
        outward({"messages": [{"role": "user", "content": "hi", "name": text}], "stop": [text], "user": text}) is None
    )
    assert outward({"prompt": text, "suffix": text}) is None
    assert outward({"prompt": [text], "input": text, "instructions": text}) is None
    assert (
        outward({"messages": [], "metadata": {"url": text}, "prediction": {"type": "content", "content": text}}) is None
    )
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"url": text})}}
    assert outward({"messages": [{"role": "assistant", "content": None, "tool_calls": [call]}]}) is None
    cited = {"type": "url_citation", "url_citation": {"url": text, "title": text}}
    assert outward({"messages": [{"role": "assistant", "content": "x", "annotations": [cited]}]}) is None


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}},
        {"type": "image_url", "image_url": {"url": PIXEL.replace("data", "DATA")}},
        {"type": "image_url", "image_url": PIXEL},
        {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
        {"type": "input_audio", "input_audio": {"data": "//uQxAAAAAAAAAAAAAAA", "format": "mp3"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "file-abc"}},
        {"type": "input_file", "file_id": "file-abc", "file_url": None},
        {"type": "image_url", "image_url": {"url": ""}},
    ],
)
def test_content_that_lies_in_the_body_stays_inside(part: Json) -> None:
    assert place(part) is None


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "image_url", "image_url": {"url": "https://h/a.png"}}, "[1].image_url"),
        ({"type": "image_url", "image_url": "https://h/a.png"}, "[1].image_url"),
        ({"type": "input_image", "image_url": "https://h/a.png"}, "[1].image_url"),
        ({"type": "audio_url", "audio_url": {"url": "https://h/a.mp3"}}, "[1].audio_url"),
        ({"type": "video_url", "video_url": {"url": "https://h/a.mp4"}}, "[1].video_url"),
        ({"type": "input_file", "file_url": "https://h/a.pdf"}, "[1].file_url"),
        ({"type": "file", "file": {"file_url": "https://h/a.pdf"}}, "[1].file.file_url"),
        ({"type": "file", "file": {"file_data": "https://h/a.pdf"}}, "[1].file.file_data"),
        ({"type": "file", "file": {"url": "https://h/a.pdf"}}, "[1].file.url"),
        ({"type": "input_audio", "input_audio": {"data": "https://h/a.mp3"}}, "[1].input_audio.data"),
        ({"type": "image", "image": "https://h/a.png"}, "[1].image"),
        ({"type": "video", "video": ["https://h/1.png", "https://h/2.png"]}, "[1].video[0]"),
        ({"type": "document", "source": {"type": "url", "url": "https://h/a.pdf"}}, "[1].source.url"),
        ({"type": "document", "source": {"where": "https://h/a.pdf"}}, "[1].source.where"),
        ({"type": "image_url", "image_url": {"href": "h.example/a.png"}}, "[1].image_url.href"),
        ({"type": "image_url", "image_url": ["https://h/a.png"]}, "[1].image_url[0]"),
        ({"type": "image_url", "image_urls": [{"url": PIXEL}, {"url": "h.example"}]}, "[1].image_urls[1]"),
        ({"type": "text", "text": "hi", "imageUrl": "https://h/a.png"}, "[1].imageUrl"),
        ({"type": "text", "text": "hi", "image-URL": "h.example"}, "[1].image-URL"),
        ({"type": "text", "text": "hi", "IMAGE_URL": {"URL": "h.example"}}, "[1].IMAGE_URL.URL"),
        ({"type": "text", "text": "hi", "image\u200b_url": "h.example"}, "[1]"),
        ({"type": "text", "text": "hi", "\uff49mage_url": "h.example"}, "[1]"),
    ],
)
def test_what_would_be_fetched_is_found_wherever_it_stands(part: Json, expected: str) -> None:
    assert place({"type": "text", "text": "what is this?"}, part) == expected


@pytest.mark.parametrize(
    "address",
    [
        "https://h/a.png",
        "HTTPS://h/a.png",
        " https://h/a.png",
        "\u00a0\t\nhttps://h/a.png",
        "hTtPs:\\/\\/h/a.png",
        "ht\ntps://h/a.png",
        "h\u200bttps://h/a.png",
        "\ufeffhttps://h/a.png",
        "\uff48\uff54\uff54\uff50\uff53\uff1a\uff0f\uff0fh/a.png",
        "https:h/a.png",
        "https:/h/a.png",
        "//h.example/a.png",
        "\\\\h.example\\a.png",
        "//[::1]/a.png",
        "ftp://h/a.png",
        "file:///etc/passwd",
        "gopher://h/1",
        "s3://bucket/a.png",
        "s3:bucket/a.png",
        "new+scheme://h",
        "data://h/a.png",
        "\u200b" * 500 + "https://h/a.png",
    ],
)
def test_an_address_is_one_however_it_is_written(address: str) -> None:
    assert place({"type": "image", "image": address}) == "[0].image"


@pytest.mark.parametrize("address", ["h.example/a.png", "/etc/passwd", "a.png", " data:image/png;base64,x", "x"])
def test_where_only_an_address_can_stand_all_but_data_is_one(address: str) -> None:
    assert place({"type": "image_url", "image_url": {"url": address}}) == "[0].image_url"


@pytest.mark.parametrize(
    "tool",
    [
        FUNCTION,
        {"function": {"name": "look"}},
        {"type": "custom", "custom": {"name": "shell", "format": {"type": "text"}}},
        {"type": "function", "name": "look", "description": "d", "parameters": {}, "strict": True},
        {**FUNCTION, "cache_control": {"type": "ephemeral"}},
    ],
)
def test_tools_that_the_client_runs_stay_inside(tool: Json) -> None:
    assert outward({"messages": [], "tools": [tool], "functions": [{"name": "f"}], "function_call": "auto"}) is None


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search"},
        {"type": "web_search_preview"},
        {"type": "web_search_2025_08_26"},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "mcp", "server_url": "https://h"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "computer_use_preview"},
        {"type": "image_generation"},
        {"type": "local_shell"},
        {"type": "something_new"},
        {"type": "Web_Search"},
        {"type": " web_search "},
        {"type": "function\u200b"},
        {"type": None},
        {"type": ["function"]},
        {"type": {}},
        {},
        {"google_search": {}},
        {**FUNCTION, "googleSearch": {}},
        {"type": "function", "Type": "mcp", "function": {"name": "f"}},
        {"Type": "web_search", "function": {"name": "f"}},
        {"type": "function", "function": {"name": "f"}, "server_url": "https://h"},
        "web_search",
        None,
    ],
)
def test_any_other_tool_reaches_out(tool: object) -> None:
    assert outward({"messages": [], "tools": [FUNCTION, tool]}) == "tools[1]"
    assert outward({"messages": [], "TOOLS": [tool]}) == "TOOLS[0]"


@pytest.mark.parametrize("tools", [{"type": "web_search"}, "web_search", 1, True])
def test_tools_that_are_no_list_are_not_passed_over(tools: object) -> None:
    assert outward({"messages": [], "tools": tools}) == "tools"


def allowed(*tools: Json, nested: bool = True) -> Json:
    inner = {"mode": "auto", "tools": list(tools)}
    return {"type": "allowed_tools", "allowed_tools": inner} if nested else {"type": "allowed_tools", **inner}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        *((word, None) for word in ("none", "auto", "required", "any")),
        ({"type": "function", "function": {"name": "f"}}, None),
        ({"type": "custom", "custom": {"name": "f"}}, None),
        ({"type": "function", "name": "f"}, None),
        (allowed(FUNCTION), None),
        (allowed(FUNCTION, nested=False), None),
        (allowed(FUNCTION, {"type": "mcp"}), "tool_choice.allowed_tools.tools[1]"),
        (allowed({"type": "mcp"}, nested=False), "tool_choice.tools[0]"),
        ({"type": "web_search"}, "tool_choice"),
        ({"type": "mcp", "server_label": "x"}, "tool_choice"),
        ({}, "tool_choice"),
        ("web_search", "tool_choice"),
        (["web_search"], "tool_choice"),
        (5, "tool_choice"),
    ],
)
def test_a_choice_of_a_tool_is_judged_as_a_tool_is(choice: object, expected: str | None) -> None:
    assert outward({"messages": [], "tool_choice": choice}) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("web_search_options", {}),
        ("web_search_options", {"search_context_size": "low"}),
        ("WEB_SEARCH_OPTIONS", {}),
        ("plugins", [{"id": "web"}]),
        ("search_parameters", {"mode": "on"}),
        ("enable_search", True),
        ("data_sources", [{"type": "azure_search"}]),
        ("mcp_servers", [{"url": "https://h"}]),
        ("webhook", "h.example"),
        ("callback_url", "h.example"),
        ("image_url", {"url": "https://h"}),
        ("documents", "https://h"),
        ("prompt", {"id": "pmpt_1"}),
        ("models", ["a", "b"]),
        ("fallbacks", [{"model": "gpt-4o"}]),
        ("context_window_fallbacks", [{"a": ["b"]}]),
        ("route", "fallback"),
        ("provider", {"order": ["openai"]}),
        ("Provider", {}),
        ("api_base", "h.example:8080"),
        ("apiBase", "h.example"),
        ("base_url", "h.example"),
        ("transforms", ["middle-out"]),
        ("success_callback", ["langfuse"]),
        ("guardrails", ["lakera"]),
        ("kv_transfer_params", {"do_remote_decode": True}),
        ("store", True),
        ("background", True),
        ("model", "openai/gpt-4o:online"),
        ("model", "GPT-4o-search-preview-2025-03-11 "),
        ("model", "o3-deep-research"),
    ],
)
def test_fields_that_make_an_upstream_reach_out_are_known(field: str, value: object) -> None:
    assert outward({"messages": [], field: value}) == field


@pytest.mark.parametrize("value", [None, False, []])
def test_a_search_that_is_switched_off_is_none(value: object) -> None:
    assert outward({"messages": [], "web_search_options": value, "enable_search": value, "plugins": value}) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("store", False),
        ("background", None),
        ("fallbacks", []),
        ("disable_fallbacks", True),
        ("model", "gpt-4o"),
        ("model", "research-online-helper"),
        ("metadata", {"provider": "x", "base_url": "x", "models": "x"}),
        ("options", {"num_ctx": 4096, "temperature": 0}),
        ("extra_body", {"top_k": 5, "models": []}),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {"properties": {"provider": {}}}}}),
        ("routing_preferences", {"privacy_level": "high"}),
    ],
)
def test_what_sends_nothing_on_stays_inside(field: str, value: object) -> None:
    assert outward({"messages": [], field: value}) is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"extra_body": {"models": ["a"]}}, "extra_body.models"),
        ({"extraBody": {"Fall-Backs": ["a"]}}, "extraBody.Fall-Backs"),
        ({"extra_body": {"seed": 1, "extra_body": {"api_base": "h"}}}, "extra_body.extra_body.api_base"),
        ({"extra_body": {"tools": [{"type": "mcp"}]}}, "extra_body.tools[0]"),
        ({"extra_body": {"model": "x:online"}}, "extra_body.model"),
        ({"providerOptions": {"gateway": {"order": ["a"]}}}, "providerOptions.gateway"),
        ({"provider_options": [{"openai": {"store": True}}]}, "provider_options[0].openai.store"),
        ({"litellm_params": {"base_url": "h"}}, "litellm_params.base_url"),
        ({"features": {"web_search": True}}, "features.web_search"),
    ],
)
def test_fields_inside_a_field_count_like_those_at_the_top(document: Json, expected: str) -> None:
    assert outward({"messages": [], **document}) == expected


@pytest.mark.parametrize("field", ["response_format", "guided_json", "tools"])
def test_a_schema_may_name_its_dialect_and_not_refer_elsewhere(field: str) -> None:
    schema: Json = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://h/s",
        "$ref": "#/$defs/a",
    }
    asked = [{"type": "function", "function": {"parameters": schema}}] if field == "tools" else {"schema": schema}
    assert outward({"messages": [], field: asked}) is None
    schema["properties"] = {"x": {"$ref": "https://h/other.json"}}
    assert str(outward({"messages": [], field: asked})).endswith("properties.x.$ref")


def test_the_first_of_several_is_named() -> None:
    document = {"messages": saying({"image_url": "a"}, {"image_url": "b"})["messages"], "tools": [{"type": "mcp"}]}
    assert outward(document) == "messages[1].content[0].image_url"


def test_a_key_that_could_be_text_is_not_repeated() -> None:
    assert outward({"my password is x (search)": True}) == "body"
    assert place({"my password is url": "https://h"}) == "[0]"
    assert place({"a" * 65: {"url": "https://h"}}) == "[0].url"


def test_depth_is_no_hiding_place_and_no_fault() -> None:
    deep: object = {"url": "https://h"}
    for _ in range(5000):
        deep = [deep]
    assert str(outward({"messages": [], "x": deep})).endswith("[0].url")
    assert outward({"messages": [], "tools": [{**FUNCTION, "parameters": deep}]}) is None
    table: object = {"fallbacks": ["a"]}
    for _ in range(5000):
        table = {"a": table}
    assert str(outward({"messages": [], "extra_body": table})).endswith("a.fallbacks")
