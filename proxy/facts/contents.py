"""What kinds of content a body holds besides text, found by the parts' types and by the fields that carry them.

Field lists: openai-python `types/chat/chat_completion_content_part_param.py`,
`types/responses/response_input_param.py`, and Ollama's `images`. A kind of part that nobody here has heard of is
content that nobody here can read.
"""

from __future__ import annotations

import re
from typing import Any

IMAGE, AUDIO, FILE, OTHER = "image", "audio", "file", "other"
KINDS = frozenset({IMAGE, AUDIO, FILE, OTHER})

_BY_TYPE = {
    **dict.fromkeys(("image_url", "input_image", "image", "computer_screenshot", "image_generation_call"), IMAGE),
    **dict.fromkeys(("input_audio", "audio", "output_audio", "audio_url"), AUDIO),
    **dict.fromkeys(("file", "input_file", "document", "container_upload"), FILE),
    **dict.fromkeys(("item_reference", "compaction", "video_url", "input_video", "redacted_thinking"), OTHER),
}
_BY_FIELD = {
    **dict.fromkeys(("image_url", "input_image", "image", "images"), IMAGE),
    **dict.fromkeys(("input_audio", "audio"), AUDIO),
    **dict.fromkeys(("file", "files", "file_id", "file_ids", "file_data", "file_url", "vector_store_ids"), FILE),
    **dict.fromkeys(("encrypted_content", "previous_response_id", "conversation"), OTHER),
}
_TEXT_PARTS = frozenset(
    {"text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text", "thinking", "tool_use"}
    | {"tool_result", "function_call", "function_call_output", "computer_call_output"}
)
_DATA_URL = re.compile(r"\s*data:\s*(image|audio)/", re.IGNORECASE)
# What these hold are descriptions and names, not content; `audio` and `prompt` of the body itself are settings.
_NO_CONTENT = frozenset({"metadata", "parameters", "schema", "json_schema", "routing_preferences", "logit_bias"})
_SETTINGS = frozenset({"audio"})


def contents(document: object) -> frozenset[str]:
    """Return which `KINDS` of content a body holds. Raises RecursionError for one that is nested too deeply."""
    found: set[str] = set()
    if isinstance(document, dict):
        if isinstance(document.get("prompt"), dict):
            found.add(OTHER)  # a prompt that is stored at the upstream, by its id
        _walk({name: value for name, value in document.items() if name not in _SETTINGS}, found)
    return frozenset(found)


def _walk(value: object, found: set[str]) -> None:
    if isinstance(value, dict):
        _table(value, found)
    elif isinstance(value, list):
        for item in value:
            _walk(item, found)
    elif isinstance(value, str) and (url := _DATA_URL.match(value)):
        found.add(url[1].lower())


def _table(table: dict[str, Any], found: set[str]) -> None:
    kind = table.get("type")
    if isinstance(kind, str) and kind in _BY_TYPE:
        found.add(_BY_TYPE[kind])
    for name, value in table.items():
        if value and name in _BY_FIELD:
            found.add(_BY_FIELD[name])
        if name == "content":
            found.update(OTHER for part in _parts(value) if part not in _TEXT_PARTS and part not in _BY_TYPE)
        if name not in _NO_CONTENT:
            _walk(value, found)


def _parts(content: object) -> list[str]:
    """Return the types of a message's parts; a part without one is text if it has text, and else unheard of."""
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return [str(part.get("type", "text" if "text" in part else "unknown")) for part in parts]
