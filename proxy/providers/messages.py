"""Messages, written for Ollama: one message a turn, text as one string, no field it would refuse.

Ollama splits a content list into one message a part (and loses a tool's `tool_call_id` on the way), refuses `null`
content, empty tool arguments, `refusal` and `file` parts and remote images, and knows `developer` only in some
templates. Source: Ollama `openai/openai.go` (`FromChatRequest`).
"""

from __future__ import annotations

from typing import Any, NoReturn

from proxy.errors import Unsupported

Message = dict[str, Any]


def local_messages(messages: list[Message]) -> list[Message]:
    """Rewrite a conversation; what is given is left as it was."""
    rewritten: list[Message] = []
    for at, message in enumerate(messages):
        one = _message(message, f"messages[{at}]")
        last = rewritten[-1] if rewritten else None
        if last and _is_text(last, "system") and _is_text(one, "system"):
            rewritten[-1] = {**last, "content": f"{last['content']}\n\n{one['content']}"}
        else:
            rewritten.append(one)
    return rewritten


def _is_text(message: Message, role: str) -> bool:
    return message.get("role") == role and isinstance(message.get("content"), str)


def _message(message: Message, param: str) -> Message:
    one = dict(message)
    if one.get("role") == "developer":
        one["role"] = "system"
    one["content"] = _content(one.get("content"), f"{param}.content")
    if one["content"] == "" and isinstance(refusal := one.get("refusal"), str):
        one["content"] = refusal
    one.pop("refusal", None)
    calls = one.pop("tool_calls", None)
    if calls:
        one["tool_calls"] = [_tool_call(call) for call in calls] if isinstance(calls, list) else calls
    return one


def _content(content: object, param: str) -> str | list[Any]:
    if content is None:
        return ""
    if not isinstance(content, list):
        return content if isinstance(content, str) else _refuse("content", param)
    parts = [_part(part, f"{param}[{at}]") for at, part in enumerate(content)]
    if all(isinstance(part, str) for part in parts):
        return "\n".join(part for part in parts if isinstance(part, str))
    return [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]


def _part(part: object, param: str) -> str | dict[str, Any]:
    """Return a text, or a part that stays a part."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return _refuse("content part", param)
    kind = part.get("type")
    if kind == "text" or kind == "refusal":  # noqa: PLR1714 - it need not be hashable
        text = part.get(kind)
        return text if isinstance(text, str) else _refuse("text", param)
    if kind == "image_url":
        return _image(part, param)
    if kind == "file":
        raise Unsupported("This model reads no files: send their text.", param=param)
    return part


def _image(part: dict[str, Any], param: str) -> dict[str, Any]:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str) or not url.startswith("data:"):
        raise Unsupported("This model fetches no images: send the image as a data: URL.", param=f"{param}.image_url")
    return part


def _tool_call(call: object) -> object:
    function = call.get("function") if isinstance(call, dict) else None
    if isinstance(call, dict) and isinstance(function, dict) and not function.get("arguments"):
        return {**call, "function": {**function, "arguments": "{}"}}
    return call


def _refuse(what: str, param: str) -> NoReturn:
    raise Unsupported(f"Invalid {what}.", param=param, code="invalid_value")
