"""Fields of a body, and models, that make a gateway or a provider send a request on, keep it, or look things up.

Field lists: OpenRouter `docs/api-reference/overview` (`models`, `route`, `provider`, `plugins`, `transforms`, models
that end in `:online`); LiteLLM `docs/completion/input` and `docs/proxy/client_side_fallbacks` (`fallbacks`, `api_base`,
`base_url`, callbacks, guardrails); Vercel AI Gateway (`providerOptions.gateway`); Open WebUI (`tool_ids`,
`tool_servers`); vLLM `kv_transfer_params` and SGLang `bootstrap_host` (another host computes a part); OpenAI `store`
and `background` (the provider keeps the request), search and deep-research models.

Names are written without case and without all but letters and digits, as some readers pass over those.
"""

from __future__ import annotations

import re

# Words in the name of a field that lets an upstream look things up or send things on.
_WORDS = re.compile(
    "search|mcp|plugin|connector|datasource|grounding|retriev|browse|webhook|callback|fallback|guardrail|toolserver"
    "|kvtransfer|bootstrap"
)
_NAMES = frozenset(
    {
        *("models", "route", "router", "routes", "provider", "providers", "transforms", "gateway", "modellist"),
        *("apibase", "apihost", "baseurl", "endpoint", "endpoints", "proxy", "proxies", "userconfig"),
        *("customllmprovider", "extraheaders", "extraquery", "toolids", "store", "background"),
    }
)
_HARMLESS = frozenset({"disablefallbacks", "disableguardrails"})
# Fields that hold fields: what such a table says is as good as what the body says itself.
_HOLDERS = frozenset(
    {
        *("extrabody", "extraparams", "litellmparams", "litellmmetadata", "optionalparams", "modelkwargs", "kwargs"),
        *("provideroptions", "provideroptionsmetadata", "options", "params", "parameters", "config", "features"),
    }
)
# OpenRouter and Perplexity write `:online` and `-online`; OpenAI `gpt-4o-search-preview` and `o3-deep-research`.
_LOOKS_UP = re.compile(r"(?i)[:-]online$|-search-(?:preview|api)\b|-deep-research\b")


def sends_on(name: str) -> bool:
    """Say whether a field of this name sends a request on; the name as it is without case and signs."""
    return name in _NAMES or (_WORDS.search(name) is not None and name not in _HARMLESS)


def asks(value: object) -> bool:
    """Say whether a value switches such a field on. An empty table does: it is a search with every default."""
    return not (value is None or value is False or value in ([], 0))


def holds_fields(name: str) -> bool:
    """Say whether a field of this name holds fields as a body does."""
    return name in _HOLDERS


def looks_up(model: object) -> bool:
    """Say whether a model of this name searches by itself."""
    return isinstance(model, str) and _LOOKS_UP.search(model.strip()) is not None
