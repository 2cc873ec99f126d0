from __future__ import annotations

from typing import Any

import pytest

from proxy.facts.contents import AUDIO, FILE, IMAGE, OTHER, contents


def part(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, fields]}]}


@pytest.mark.parametrize(
    ("document", "kinds"),
    [
        (part(type="text", text="x"), set()),
        (part(type="image_url", image_url={"url": "https://example.com/x.png"}), {IMAGE}),
        (part(type="input_image", file_id="file-1"), {IMAGE, FILE}),
        (part(type="input_audio", input_audio={"data": "", "format": "wav"}), {AUDIO}),
        (part(type="file", file={"file_id": "file-1"}), {FILE}),
        (part(type="video_url", video_url={"url": "x"}), {OTHER}),
        (part(type="hologram", data="x"), {OTHER}),
        (part(data="x"), {OTHER}),
        (part(text="x"), set()),
        ({"messages": [{"role": "user", "content": "x", "images": ["aGVsbG8="]}]}, {IMAGE}),
        ({"messages": [{"role": "user", "content": "data:image/png;base64,xx"}]}, {IMAGE}),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio-1"}}]}, {AUDIO}),
        ({"messages": [], "audio": {"voice": "alloy", "format": "mp3"}, "modalities": ["text", "audio"]}, set()),
        ({"input": [{"type": "reasoning", "encrypted_content": "gAAA", "summary": []}]}, {OTHER}),
        ({"input": [{"type": "item_reference", "id": "x"}]}, {OTHER}),
        ({"input": "x", "previous_response_id": "resp-1"}, {OTHER}),
        ({"input": "x", "previous_response_id": None}, set()),
        ({"input": "x", "prompt": {"id": "pmpt-1"}}, {OTHER}),
        ({"prompt": "x"}, set()),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["vs-1"]}]}, {FILE}),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}}]}, {FILE}),
        ({"tools": [{"function": {"parameters": {"properties": {"image": {"type": "string"}}}}}]}, set()),
        ({"response_format": {"json_schema": {"schema": {"properties": {"file": {"type": "string"}}}}}}, set()),
        ({"metadata": {"image": "x", "file_id": "y"}}, set()),
        (None, set()),
    ],
)
def test_content_is_known_by_its_part_or_its_field(document: Any, kinds: set[str]) -> None:
    assert contents(document) == kinds
