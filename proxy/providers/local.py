"""Local servers: Ollama's `/v1`, and whatever else is compatible (llama.cpp, vLLM, LM Studio).

Both get their answers mended; only Ollama's requests are rewritten, since it drops what it does not know, while the
others read OpenAI's fields or say why not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from proxy.errors import BadGateway, EgressRefused, UpstreamError
from proxy.providers.base import Answer, Ask, EventReader, Prepared
from proxy.providers.completion import mended_answer, usage_of
from proxy.providers.failures import Said, failure_from, normalise, said_in
from proxy.providers.local_request import local_body
from proxy.providers.mended_events import MendedEvents
from proxy.wire.chat import PREFERENCES, usage_injected


class Compatible:
    """Any server that speaks OpenAI's chat completions more or less."""

    def prepare(self, ask: Ask) -> Prepared:
        """Write the body: the client's fields, the rule's rewrite, this upstream's model, usage always."""
        if ask.labels and is_cloud(ask.model):
            raise EgressRefused("This Ollama model runs in Ollama's cloud, which may not be given a labelled request.")
        fields, dropped = self._fields(ask)
        if ask.request.stream:
            fields["stream_options"] = usage_injected(fields.get("stream_options"))
        return Prepared(msgspec.json.encode({**fields, "model": ask.model}), dropped)

    def _fields(self, ask: Ask) -> tuple[dict[str, Any], tuple[str, ...]]:
        fields = ask.rewrite.apply(ask.request.document)
        fields.pop(PREFERENCES, None)
        # A server written in Go would take `MODEL` for the model, and the last one wins.
        twins = [name for name in fields if name != "model" and name.casefold() == "model"]
        return {name: value for name, value in fields.items() if name not in twins}, tuple(twins)

    def answer(self, body: bytes, ask: Ask) -> Answer:
        """Mend a whole answer."""
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadGateway("The upstream answered 200 with something that is not JSON.") from None
        if not isinstance(document, dict):
            raise BadGateway("The upstream answered 200 with something that is not a chat completion.")
        if document.get("error") is not None:
            raise normalise(502, said_in(document) or Said("The upstream reported an error."), ask.model)
        mended = mended_answer(document, ask.model)
        return Answer(msgspec.json.encode(mended), usage_of(mended.get("usage")))

    def events(self, ask: Ask) -> EventReader:
        """Begin to read a stream."""
        return MendedEvents(ask)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> UpstreamError:
        """Bring an error into OpenAI's shape."""
        return failure_from(status, headers, body, ask.model)


class Ollama(Compatible):
    """Ollama's `/v1`."""

    def _fields(self, ask: Ask) -> tuple[dict[str, Any], tuple[str, ...]]:
        fields, twins = super()._fields(ask)
        body, dropped = local_body(fields, strict=ask.strict)
        return body, (*twins, *dropped)


def is_cloud(model: str) -> bool:
    """Say whether a name asks for Ollama's own cloud: `name:cloud`, `name:tag-cloud`, `name:tag:cloud`.

    Source: Ollama `internal/modelref/modelref.go`.
    """
    tag = model.rpartition(":")[2].strip().lower() if ":" in model else ""
    return tag == "cloud" or tag.endswith("-cloud")
