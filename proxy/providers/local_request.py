"""A chat request, written for Ollama's `/v1`, which reads less than OpenAI does and drops the rest without a word.

Each step is one quirk; what cannot be honoured is refused or named in `dropped`, never passed over in silence.
Source: Ollama `openai/openai.go` (`FromChatRequest`), `middleware/openai.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proxy.errors import Unsupported
from proxy.providers.messages import local_messages

# Fields with an effect that Ollama would not give: named to the client, or refused where the target is strict.
_WITHOUT_EFFECT = (
    *("logit_bias", "prediction", "audio", "modalities", "web_search_options", "moderation", "functions"),
    *("function_call", "parallel_tool_calls"),
)
# Fields that only book-keep at OpenAI; they are no loss, and no business of another host.
_HARMLESS = (
    *("store", "metadata", "user", "service_tier", "prompt_cache_key", "prompt_cache_options"),
    *("prompt_cache_retention", "safety_identifier", "verbosity"),
)


def local_body(fields: dict[str, Any], *, strict: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Rewrite the fields of a chat request for Ollama. Raises Unsupported for what must not be pretended."""
    body = {name: value for name, value in fields.items() if name not in _HARMLESS and _is_plain(name)}
    _refuse_several(body)
    strange = [] if all(map(_is_plain, fields)) else ["fields-with-other-letters"]
    dropped = [*strange, *_drop_without_effect(body, strict=strict), *_choose_tools(body, strict=strict)]
    _cap_tokens(body)
    body["messages"] = local_messages(body["messages"])
    return body, tuple(dropped)


def _is_plain(name: str) -> bool:
    """Say whether a field's name is one that Go reads as itself: it folds case, so `MODEL` would be another `model`."""
    return name.isascii() and name == name.lower()


def _refuse_several(body: dict[str, Any]) -> None:
    count = body.pop("n", None)
    if count not in (None, 1):
        raise Unsupported("This model gives one choice a request: 'n' must be 1.", param="n")


def _drop_without_effect(body: dict[str, Any], *, strict: bool) -> Iterator[str]:
    for name in _WITHOUT_EFFECT:
        value = body.pop(name, None)
        if value is None or (name == "parallel_tool_calls" and value is True) or value in ({}, []):
            continue
        if strict:
            raise Unsupported(f"The target cannot honour '{name}'.", param=name, code="unsupported_parameter")
        yield name


def _choose_tools(body: dict[str, Any], *, strict: bool) -> Iterator[str]:
    """Honour `tool_choice` as far as leaving tools away can do it: `none` leaves all, a name leaves the others."""
    choice = body.pop("tool_choice", None)
    if choice == "none":
        body.pop("tools", None)
    elif choice not in (None, "auto"):
        if strict:
            raise Unsupported("The target cannot force a tool call.", param="tool_choice")
        named, tools = _tool_name(choice), body.get("tools")
        if named is not None and isinstance(tools, list):
            body["tools"] = [tool for tool in tools if _tool_name(tool) == named]
        yield "tool_choice"


def _tool_name(tool: object) -> object:
    """Return the function's name in a tool, or in a choice of one."""
    function = tool.get("function") if isinstance(tool, dict) else None
    return function.get("name") if isinstance(function, dict) else None


def _cap_tokens(body: dict[str, Any]) -> None:
    """Give the cap under the only name that Ollama reads."""
    cap = body.pop("max_completion_tokens", None)
    if cap is not None and body.get("max_tokens") is None:
        body["max_tokens"] = cap
