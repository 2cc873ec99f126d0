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
from proxy.providers.failures import Said, failure_from, normalise, renamed, said_in
from proxy.providers.local_names import honours_local, is_cloud, kept_local
from proxy.providers.local_request import local_body
from proxy.providers.mended_events import MendedEvents
from proxy.wire.chat import PREFERENCES, usage_injected

_TOO_OLD = (
    "This Ollama may hand requests on to its cloud and is too old to be kept from it, so it is not given a labelled"
    " request. It takes version 0.17.8 or later. Nothing was sent."
)
_NO_VERSION = (
    "This target does not say which version of Ollama it is, so nothing keeps it from handing a labelled request on to"
    " Ollama's cloud. Nothing was sent. A server that is no Ollama (llama.cpp, LM Studio) is of the kind `compatible`."
)


class Compatible:
    """Any server that speaks OpenAI's chat completions more or less."""

    def prepare(self, ask: Ask) -> Prepared:
        """Write the body: the client's fields, the rule's rewrite, this upstream's model, usage always.

        Raises EgressRefused where a labelled request could end up in Ollama's cloud.
        """
        if ask.labels and is_cloud(ask.model):
            raise EgressRefused("This Ollama model runs in Ollama's cloud, which may not be given a labelled request.")
        model = self.asked_as(ask)
        fields, dropped = self._fields(ask)
        if ask.request.stream:
            fields["stream_options"] = usage_injected(fields.get("stream_options"))
        return Prepared(msgspec.json.encode({**fields, "model": model}), dropped)

    def asked_as(self, ask: Ask) -> str:
        """Return the name under which the upstream is asked for the model."""
        return ask.model

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
            said = said_in(document) or Said("The upstream reported an error.")
            raise renamed(normalise(502, said, ask.model), self.asked_as(ask), ask.model)
        if document.get("model") == self.asked_as(ask):
            document["model"] = ask.model
        mended = mended_answer(document, ask.model)
        return Answer(msgspec.json.encode(mended), usage_of(mended.get("usage")))

    def events(self, ask: Ask) -> EventReader:
        """Begin to read a stream."""
        return MendedEvents(ask, self.asked_as(ask))

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> UpstreamError:
        """Bring an error into OpenAI's shape."""
        return renamed(failure_from(status, headers, body, ask.model), self.asked_as(ask), ask.model)


class Ollama(Compatible):
    """Ollama's `/v1`."""

    def prepare(self, ask: Ask) -> Prepared:
        """Write the body; a labelled one only for an Ollama that can be kept from handing it on."""
        if ask.labels and not honours_local(ask.version):
            raise EgressRefused(_TOO_OLD if ask.version else _NO_VERSION)
        return super().prepare(ask)

    def asked_as(self, ask: Ask) -> str:
        """Return the model's name, for a labelled request so that a model that runs elsewhere is not found."""
        return kept_local(ask.model) if ask.labels else ask.model

    def _fields(self, ask: Ask) -> tuple[dict[str, Any], tuple[str, ...]]:
        fields, twins = super()._fields(ask)
        body, dropped = local_body(fields, strict=ask.strict)
        return body, (*twins, *dropped)
