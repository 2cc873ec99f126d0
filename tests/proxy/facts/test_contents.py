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
        (part(type="text", text="x", imageUrl="https://example.com/x.png"), {IMAGE}),
        (part(text="x", image_urls=["https://example.com/x.png"]), {IMAGE}),
        (part(text="x", **{"image-URL": "x"}), {IMAGE}),
        (part(text="x", fileId="x"), {FILE}),
        (part(text="x", media=[{"url": "x"}]), {OTHER}),
        (part(text="x", video="x"), {OTHER}),
        (part(type="image", source={"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}), {IMAGE, OTHER}),
        (part(type="thinking", source={"type": "base64", "data": "aGVsbG8="}), {OTHER}),
        (part(type="reasoning.encrypted", data="x"), {OTHER}),
        (part(inline_data={"mime_type": "image/png", "data": "x"}), {IMAGE, OTHER}),
        (part(inlineData={"mimeType": "text/plain", "data": "x"}), {OTHER}),
        (part(text="x", data={"mimeType": "application/pdf", "bytes": "x"}), {FILE}),
        (part(text="x", data={"mimeType": "application/json", "bytes": "x"}), set()),
        ({"contents": [{"role": "user", "parts": [{"text": "x"}, {"functionCall": {"name": "x"}}]}]}, set()),
        ({"contents": [{"role": "user", "parts": [{"fileData": {"fileUri": "gs://x"}}]}]}, {FILE, OTHER}),
        ({"messages": [{"role": "user", "content": "x", "attachments": [{"file_id": "x", "tools": []}]}]}, {FILE}),
        ({"messages": [{"role": "user", "content": "x", "attachments": []}]}, set()),
        ({"messages": [{"role": "user", "content": "x", "x_blob": {"a": "b"}}]}, {OTHER}),
        ({"messages": [{"role": "user", "content": "x", "x_blob": ["b"]}]}, {OTHER}),
        ({"messages": [{"role": "user", "content": "x", "x_note": "b"}]}, set()),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {"file": "x"}}}]}]}, set()),
        (part(type="tool_use", name="open", input={"image": "x", "type": "file"}), set()),
        ({"messages": [], "audio": {"voice": "alloy", "data": "aGVsbG8="}}, {AUDIO}),
        ({"messages": [], "metadata": {"note": f"see data:image/png;base64,{'iVBORw0KGgo' * 3}"}}, {IMAGE}),
        ({"messages": [], "x": f"![](DATA:application/pdf;base64,{'JVBERi0x' * 4})"}, {FILE}),
        ({"messages": [], "x": "how do I make a data:image/png;base64,... address?"}, set()),
        ({"messages": [], "x": "data:application/json,%7B%22a%22%3A%201%7D" * 2}, set()),
    ],
)
def test_content_is_known_by_its_part_or_its_field(document: Any, kinds: set[str]) -> None:
    assert contents(document) == kinds
