"""What Ollama reads of an OpenAI request, from `openai/openai.go`: strict types, and the way into its own request."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from tests.fakes.golang import GoError, Slice, Struct, Type, decode, parse, type_of

Json = dict[str, Any]
FUNCTION = r'struct { Name string "json:\"name\""; Arguments string "json:\"arguments\"" }'

_called = Struct("", {"name": "string", "arguments": "string"}, printed=FUNCTION)
_call = Struct("openai.ToolCall", {"id": "string", "index": "int", "type": "string", "function": _called})
_message = Struct(
    "openai.Message",
    {
        "role": "string",
        "content": "any",
        "reasoning": "string",
        "tool_calls": Slice(_call),
        "name": "string",
        "tool_call_id": "string",
    },
)
_parameters = Struct(
    "api.ToolFunctionParameters",
    {"type": "string", "$defs": "any", "items": "any", "required": Slice("string"), "properties": "raw"},
)
_function = Struct("api.ToolFunction", {"name": "string", "description": "string", "parameters": _parameters})
_tool = Struct("api.Tool", {"type": "string", "items": "any", "function": _function})
_format = Struct(
    "openai.ResponseFormat",
    {"type": "string", "json_schema": Struct("openai.JsonSchema", {"schema": "raw"})},
)
_options = Struct("openai.StreamOptions", {"include_usage": "bool"})
_shared: dict[str, Type] = {
    "model": "string",
    "stream": "bool",
    "stream_options": _options,
    "max_tokens": "int",
    "seed": "int",
    "stop": "any",
    "_debug_render_only": "bool",
}
CHAT = Struct(
    "openai.ChatCompletionRequest",
    {
        **_shared,
        "messages": Slice(_message),
        "temperature": "float64",
        "frequency_penalty": "float64",
        "presence_penalty": "float64",
        "top_p": "float64",
        "response_format": _format,
        "tools": Slice(_tool),
        "reasoning": Struct("openai.Reasoning", {"effort": "string"}),
        "reasoning_effort": "string",
        "logprobs": "bool",
        "top_logprobs": "int",
    },
)
COMPLETION = Struct(
    "openai.CompletionRequest",
    {
        **_shared,
        "prompt": "string",
        "temperature": "float32",
        "frequency_penalty": "float32",
        "presence_penalty": "float32",
        "top_p": "float32",
        "suffix": "string",
        "logprobs": "int",
    },
)
EMBED = Struct(
    "openai.EmbedRequest",
    {"input": "any", "model": "string", "dimensions": "int", "encoding_format": "string"},
)


def from_chat_request(asked: Json) -> Json:
    """`openai/openai.go` FromChatRequest; whatever is not read here is lost."""
    messages: list[Json] = []
    for message in asked["messages"]:
        _append(messages, message, asked["messages"])
    return {
        "model": asked.get("model", ""),
        "messages": messages,
        "format": _asked_format(asked.get("response_format") or {}),
        "options": _sampling(asked, asked.get("top_p", 1.0)),
        "stream": asked.get("stream", False),
        "tools": asked.get("tools") or [],
        "think": _think(
            asked["reasoning"].get("effort", "") if "reasoning" in asked else asked.get("reasoning_effort", "")
        ),
        "logprobs": asked.get("logprobs", False),
        "top_logprobs": asked.get("top_logprobs", 0),
    }


def from_complete_request(asked: Json) -> Json:
    """`openai/openai.go` FromCompleteRequest, with the prompt as the only message."""
    stop = asked.get("stop")
    odd = next((s for s in stop if not isinstance(s, str)), "") if isinstance(stop, list) else ""
    if odd != "":
        raise GoError(f"invalid type for 'stop' field: {type_of(odd)}")
    options = {"frequency_penalty": 0, "presence_penalty": 0, **_sampling(asked, asked.get("top_p") or 1.0)}
    prompt = asked.get("prompt", "")
    return {
        "model": asked.get("model", ""),
        "messages": [{"role": "user", "content": prompt}] if prompt else [],
        "format": None,
        "options": options,
        "stream": asked.get("stream", False),
        "tools": [],
        "think": None,
        "logprobs": False,
        "top_logprobs": 0,
    }


def _append(messages: list[Json], message: Json, history: list[Json]) -> None:
    """One message of FromChatRequest: an array becomes one message for each of its parts."""
    content, role = message.get("content"), message.get("role", "")
    named = _tool_name(message, history) if role.lower() == "tool" else ""
    ident = {"tool_call_id": message.get("tool_call_id", "")}
    calls = _tool_calls(message) if not isinstance(content, list) else []
    told: Json = {"thinking": message.get("reasoning", ""), "tool_calls": calls, **ident}
    if isinstance(content, str):
        messages.append(_api_message(role, content=content, tool_name=named, **told))
    elif isinstance(content, list):
        messages += [_part(role, part) for part in content]
        if messages and message.get("tool_calls"):
            more = {"tool_calls": _tool_calls(message), "tool_name": named, "thinking": message.get("reasoning", "")}
            messages[-1] = _api_message(**{**messages[-1], **more, **ident})
    elif message.get("tool_calls") is None:
        raise GoError(f"invalid message content type: {type_of(content)}")
    else:
        messages.append(_api_message(role, **told))


def _api_message(role: str, content: str = "", **more: Any) -> Json:
    """An `api.Message`; empty optional fields are left out, and the role is lower case."""
    return {"role": role.lower(), "content": content, **{name: value for name, value in more.items() if value}}


def _part(role: str, part: Any) -> Json:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return _api_message(role, content=part["text"])
    if kind == "image_url":
        given = part.get("image_url")
        url = given.get("url") if isinstance(given, dict) else given
        if isinstance(url, str):
            return _api_message(role, images=[_image(url)])
    if kind == "input_audio":
        return _api_message(role, images=[_audio(part.get("input_audio"))])
    raise GoError("invalid message format")


def _image(url: str) -> str:
    """`openai/openai.go` decodeImageURL, kept in base64."""
    if url.startswith(("http://", "https://")):
        raise GoError("image URLs are not currently supported, please use base64 encoded data instead")
    prefixes = ["data:;base64,", *(f"data:image/{kind};base64," for kind in ("jpeg", "jpg", "png", "webp"))]
    prefix = next((prefix for prefix in prefixes if url.startswith(prefix)), None)
    if prefix is None:
        raise GoError("invalid image input")
    return _base64(url.removeprefix(prefix), "invalid image input")


def _audio(given: Any) -> str:
    if not isinstance(given, dict):
        raise GoError("invalid input_audio format")
    if not isinstance(given.get("data"), str):
        raise GoError("invalid input_audio format: missing data")
    return _base64(given["data"], "invalid input_audio base64 data: illegal base64 data at input byte 0")


def _base64(text: str, refusal: str) -> str:
    try:
        base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise GoError(refusal) from None
    return text


def _tool_calls(message: Json) -> list[Json]:
    """`openai/openai.go` FromCompletionToolCall."""
    calls = []
    for call in message.get("tool_calls") or []:
        function = call.get("function") or {}
        try:
            arguments = json.loads(function.get("arguments", ""))
        except ValueError:
            raise GoError("invalid tool call arguments") from None
        if not isinstance(arguments, dict | None):
            raise GoError("invalid tool call arguments")
        called = {"index": 0, "name": function.get("name", ""), "arguments": arguments or {}}
        calls.append({"id": call.get("id", ""), "function": called})
    return calls


def _tool_name(message: Json, history: list[Json]) -> str:
    """`openai/openai.go` nameFromToolCallID: the last call of that id wins."""
    if message.get("name") or not message.get("tool_call_id"):
        return str(message.get("name", ""))
    calls = [call for earlier in reversed(history) for call in earlier.get("tool_calls") or []]
    found: Json = next((call for call in calls if call.get("id", "") == message["tool_call_id"]), {})
    return str((found.get("function") or {}).get("name", ""))


def _sampling(asked: Json, top_p: float) -> Json:
    stop = asked.get("stop")
    options: Json = {"temperature": asked.get("temperature", 1.0), "top_p": top_p}
    if isinstance(stop, str):
        options["stop"] = [stop]
    elif isinstance(stop, list):
        options["stop"] = [each for each in stop if isinstance(each, str)]
    for name in ("seed", "frequency_penalty", "presence_penalty"):
        if name in asked:
            options[name] = asked[name]
    return {**options, "num_predict": asked["max_tokens"]} if "max_tokens" in asked else options


def _asked_format(wanted: Json) -> Any:
    kind = wanted.get("type", "").strip().lower()
    if kind == "json_object":
        return "json"
    return (wanted.get("json_schema") or {}).get("schema") if kind == "json_schema" else None


def _think(effort: str) -> bool | str | None:
    """`openai/openai.go` thinkFromReasoningEffort."""
    known: dict[str, bool | str | None] = {"": None, "none": False, "minimal": "low", "xhigh": "max", "ultra": "max"}
    known |= {name: name for name in ("low", "medium", "high", "max")}
    if effort not in known:
        levels = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"'
        raise GoError(f'invalid reasoning value: "{effort}" (must be {levels})')
    return known[effort]


def read_embed(body: bytes) -> Json:
    """`middleware/openai.go` EmbeddingsMiddleware."""
    asked: Json = decode(parse(body), EMBED) or {}
    encoding = asked.get("encoding_format", "")
    if encoding.lower() not in ("", "float", "base64"):
        raise GoError(f"Invalid value for 'encoding_format' = {encoding}. Supported values: ['float', 'base64'].")
    if asked.get("input") in (None, []):
        raise GoError("invalid input")
    return asked
