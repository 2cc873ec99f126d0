"""What all tests share: nobody's environment leaks into them."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _nobodys_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST", "WYE_CONFIG", "WYE_HOST", "WYE_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on the loop that the server runs on."""
    return "asyncio"
