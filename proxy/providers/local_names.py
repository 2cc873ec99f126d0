"""Ollama's model names: which of them ask its own cloud, and how to ask so that it does not.

`name:cloud` is Ollama's cloud by name. A plain name can be it too: a manifest that was pulled or copied may say that
the model runs at another host, and then Ollama hands the request on. Since 0.17.8 `name:local` is answered with 404
instead; before, it is only a tag of that name, and protects nothing.
Source: Ollama `internal/modelref/modelref.go` (`parseSourceSuffix`), `server/routes.go` (`ChatHandler`); both in every
tag from v0.17.8-rc0 on, and in none before.
"""

from __future__ import annotations

import re

LOCAL = "local"
CLOUD = "cloud"
_SINCE = (0, 17, 8)
_VERSION = re.compile(r"v?([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(?:[-+][0-9A-Za-z.+-]*)?")


def is_cloud(model: str) -> bool:
    """Say whether a name asks for Ollama's own cloud: `name:cloud`, `name:tag-cloud`, `name:tag:cloud`."""
    suffix = _suffix(model)
    return suffix == CLOUD or suffix.endswith(f"-{CLOUD}")


def kept_local(model: str) -> str:
    """Return the name that asks for the same model and never for one that runs elsewhere."""
    name = model.strip()
    return name if _suffix(name) == LOCAL else f"{name}:{LOCAL}"


def _suffix(model: str) -> str:
    return model.rpartition(":")[2].strip().lower() if ":" in model else ""


def honours_local(version: str | None) -> bool:
    """Say whether an Ollama of this version answers `name:local` itself or not at all.

    A release candidate counts as its release. A build that calls itself 0.0.0 says nothing of what is in it, and a
    version that cannot be read does not either.
    """
    read = _VERSION.fullmatch(version or "")
    return read is not None and tuple(map(int, read.groups())) >= _SINCE
