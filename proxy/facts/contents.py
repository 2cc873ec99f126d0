"""What kinds of content a body holds besides text, found by the parts' types and by the fields that carry them.

Field lists: openai-python `types/chat/chat_completion_content_part_param.py`,
`types/responses/response_input_param.py`; Ollama's `images`; Anthropic's `source`; Gemini's `parts`, `inline_data` and
`file_data`; what LangChain and the Vercel AI SDK call them. Fields count in every spelling: `image_url`, `imageUrl`,
`image-urls`. A kind of part that nobody here has heard of is content that nobody here can read, and so is a message's
field that is none of the known ones and holds more than a word.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

IMAGE, AUDIO, FILE, OTHER = "image", "audio", "file", "other"
KINDS = frozenset({IMAGE, AUDIO, FILE, OTHER})

_BY_TYPE = {
    **dict.fromkeys(("image_url", "input_image", "image", "computer_screenshot", "image_generation_call"), IMAGE),
    **dict.fromkeys(("input_audio", "audio", "output_audio", "audio_url"), AUDIO),
    **dict.fromkeys(("file", "input_file", "document", "container_upload", "file_id"), FILE),
    **dict.fromkeys(("item_reference", "compaction", "video_url", "input_video", "redacted_thinking", "video"), OTHER),
    **dict.fromkeys(("reasoning.encrypted", "base64", "media"), OTHER),
}
# In lower case, without `_` and `-`, and without the `s` of several.
_BY_FIELD = {
    **dict.fromkeys(("imageurl", "inputimage", "image", "imagedata"), IMAGE),
    **dict.fromkeys(("inputaudio", "audio", "audiourl", "audiodata"), AUDIO),
    **dict.fromkeys(("file", "fileid", "filedata", "fileurl", "fileuri", "attachment", "vectorstoreid"), FILE),
    **dict.fromkeys(("encryptedcontent", "previousresponseid", "conversation", "inlinedata", "media"), OTHER),
    **dict.fromkeys(("video", "videourl", "inputvideo"), OTHER),
}
_TEXT_PARTS = frozenset(
    {"text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text", "thinking", "tool_use"}
    | {"tool_result", "function_call", "function_call_output", "computer_call_output"}
)
_SAYS_TEXT = (
    "text",
    "functionCall",
    "functionResponse",
    "function_call",
    "function_response",
)  # of a part without type
_IN_PARTS = frozenset({"content", "parts"})
_OF_MESSAGES = frozenset(
    {"role", "content", "parts", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "annotations", "id"}
    | {"type", "status", "phase", "logprobs", "cache_control", "metadata", "reasoning", "reasoning_content", "thinking"}
    | {"reasoning_details", "thinking_blocks", "provider_specific_fields", "additional_kwargs", "response_metadata"}
    | {"usage", "tool_name", "summary", "arguments", "output", "toolInvocations", "createdAt"}
)
# In the midst of a text, some letters of data show that it is no talk about such addresses.
_DATA_URL = re.compile(
    r"data:\s{0,9}((image|audio|video|application|font|model)/[\w.+-]{0,80})(?:;[^,;\s]{0,80}){0,9},[a-z0-9+/=%_-]{24}"
    r"|(?<![^\s])data:\s{0,9}((image|audio|video|application|font|model)/\S*)$"
)
_OF_TEXT = re.compile(
    r"text/|application/(?:json|xml|yaml|x-yaml|toml|javascript|x-ndjson|[\w.-]*\+(?:json|xml))\b", re.IGNORECASE
)
_MIME_FIELDS = frozenset({"mimetype", "mediatype", "contenttype"})
# What these hold are descriptions, names and arguments, not content; `audio` of the body itself is a setting.
_NO_CONTENT = frozenset(
    {"metadata", "parameters", "schema", "json_schema", "input_schema", "routing_preferences", "logit_bias"}
    | {"arguments", "args"}
)
_AUDIO_SETTINGS = frozenset({"voice", "format"})


def contents(document: object) -> frozenset[str]:
    """Return which `KINDS` of content a body holds. Raises RecursionError for one that is nested too deeply."""
    found: set[str] = set()
    if isinstance(document, dict):
        if isinstance(document.get("prompt"), dict):
            found.add(OTHER)  # a prompt that is stored at the upstream, by its id
        audio = document.get("audio")
        is_setting = isinstance(audio, dict) and audio.keys() <= _AUDIO_SETTINGS
        _walk({name: value for name, value in document.items() if not (name == "audio" and is_setting)}, found)
    return frozenset(found)


def _walk(value: object, found: set[str]) -> None:
    if isinstance(value, dict):
        _table(value, found)
    elif isinstance(value, list):
        for item in value:
            _walk(item, found)
    elif isinstance(value, str) and ":" in value:
        kinds = (url[1] or url[3] for url in _DATA_URL.finditer(value.lower()))
        found.update(_by_mime(kind) for kind in kinds if not _OF_TEXT.match(kind))


def _table(table: dict[str, Any], found: set[str]) -> None:
    kind = table.get("type")
    if isinstance(kind, str) and kind in _BY_TYPE:
        found.add(_BY_TYPE[kind])
    is_message = "role" in table
    for name, value in table.items():
        if value:
            _field(name, value, found)
            if is_message and isinstance(value, dict | list) and not _is_known(name):
                found.add(OTHER)
        if name in _NO_CONTENT or (kind == "tool_use" and name == "input"):
            _data_urls(value, found)
        else:
            _walk(value, found)


def _field(name: str, value: object, found: set[str]) -> None:
    if name in _IN_PARTS:
        found.update(OTHER for part in _parts(value) if part not in _TEXT_PARTS and part not in _BY_TYPE)
    plain = _spelled(name)
    if plain in _BY_FIELD:
        found.add(_BY_FIELD[plain])
    elif plain in _MIME_FIELDS and isinstance(value, str) and "/" in value and not _OF_TEXT.match(value):
        found.add(_by_mime(value))


def _is_known(name: str) -> bool:
    return name in _OF_MESSAGES or _spelled(name) in _BY_FIELD


@lru_cache(maxsize=1024)  # the names of fields are few, and clients send the same ones again and again
def _spelled(name: str) -> str:
    plain = name.lower().replace("_", "").replace("-", "")
    return plain if plain in _BY_FIELD or plain in _MIME_FIELDS else plain.removesuffix("s")


def _by_mime(kind: str) -> str:
    head = kind.partition("/")[0].lower()
    return {"image": IMAGE, "audio": AUDIO, "application": FILE}.get(head, OTHER)


def _data_urls(value: object, found: set[str]) -> None:
    """Look for data URLs where names and types mean nothing."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _data_urls(inner, found)
    if isinstance(value, str):
        _walk(value, found)


def _parts(content: object) -> list[str]:
    """Return the types of a message's parts; a part without one is text if it has text, and else unheard of."""
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return [str(part.get("type", "text" if any(name in part for name in _SAYS_TEXT) else "unknown")) for part in parts]
