"""A target's address and credentials, made ready once, and the HTTP requests that go there.

Request headers travel up by allow-list: the client's key, cookies, Origin and `x-stainless-*` are nobody's business but
wye's. The upstream's key is wye's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

from proxy.errors import BadRequest, Secret
from proxy.upstream.egress import LABELS, NoText
from routing_rules import Labels, Target

# Headers of a client that mean something to OpenAI and give nobody away.
PASSED_UP = ("openai-beta", "idempotency-key")
MODEL_PLACE = "{model}"


class Destination:
    """Builds the requests for one target."""

    def __init__(self, target: Target, key: str | None, agent: str, via: str) -> None:
        self.target = target
        self.secret = Secret(key)
        self._base = target.url.rstrip("/")
        self._headers = {
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": agent,
            "via": f"1.1 {via}",
            **_identity(target, key),
            **{name.lower(): value for name, value in target.headers.items()},
        }
        self._urls: dict[str, httpx.URL] = {}  # parsing one costs more than all the rest of a request
        self.passed = passed_up(target)

    @property
    def root(self) -> httpx.URL:
        """The address that all others here begin with; a model's name in it is made up."""
        return self._parse(self._base.replace(MODEL_PLACE, "model"))

    def is_same_as(self, other: Destination) -> bool:
        """Say whether questions to both go to the same place with the same credentials."""
        mine, theirs = (self._base, self.target.query, self._headers), (other._base, other.target.query, other._headers)
        return mine == theirs

    def post(self, path: str, body: bytes, *, model: str, labels: Labels, client: Mapping[str, str]) -> httpx.Request:
        """Build the request that carries a body."""
        passed = {name: value for name, value in client.items() if name in self.passed}
        headers = {**passed, **self._headers, "content-type": "application/json"}
        return self._request("POST", self._url(path, model), headers, labels, body)

    def get(self, path: str) -> httpx.Request:
        """Build a request that asks without saying anything."""
        return self._request("GET", self._url(path, ""), self._headers, NoText.NO_TEXT, None)

    def get_native(self, path: str, labels: Labels | NoText = NoText.NO_TEXT) -> httpx.Request:
        """Build a question beside OpenAI's paths, at the root of the server: where `/v1` would begin.

        It says nothing; asked on the way of a request, it goes no further than that may: `labels` are the request's.
        """
        url = self._parse(self._base.removesuffix("/v1") + path)
        return self._request("GET", url, self._headers, labels, None)

    def _url(self, path: str, model: str) -> httpx.URL:
        if MODEL_PLACE in self._base:
            return self._parse(self._base.replace(MODEL_PLACE, _segment(model)) + path)
        if path not in self._urls:
            self._urls[path] = self._parse(self._base + path)
        return self._urls[path]

    def _parse(self, url: str) -> httpx.URL:
        return httpx.URL(url, params=self.target.query or None)

    def _request(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], labels: Labels | NoText, body: bytes | None
    ) -> httpx.Request:
        timeouts = self.target.timeouts
        # The transport's own limits only catch what the attempt's do not; the attempt's come first.
        limits = {"connect": timeouts.connect, "read": timeouts.total, "write": timeouts.idle, "pool": timeouts.connect}
        encoded = httpx.Headers(headers, encoding="latin-1")  # as the client's were decoded: no byte is refused
        return httpx.Request(method, url, headers=encoded, content=body, extensions={LABELS: labels, "timeout": limits})


def passed_up(target: Target) -> frozenset[str]:
    """Return the names of a client's headers that travel to a target: what OpenAI reads, and what the file allows."""
    return frozenset({*(PASSED_UP if target.kind == "openai" else ()), *map(str.lower, target.pass_headers)})


def _segment(model: str) -> str:
    """Write a model's name as one segment of a path; one of dots alone would climb to another."""
    if not model.strip("."):
        raise BadRequest("There is no model of that name.", param="model", code="model_not_found")
    return quote(model, safe="")


def _identity(target: Target, key: str | None) -> dict[str, str]:
    headers = {}
    if key:
        name = target.auth.removeprefix("header:")
        headers.update({"authorization": f"Bearer {key}"} if target.auth == "bearer" else {name.lower(): key})
    if target.organization:
        headers["openai-organization"] = target.organization
    if target.project:
        headers["openai-project"] = target.project
    return headers
