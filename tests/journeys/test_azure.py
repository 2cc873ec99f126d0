"""Azure: another header for the key, a query on every call, and the model in the path."""

from __future__ import annotations

from tests.fakes.upstream import FakeOpenAI, json_reply
from tests.wye_process import Wye

AZURE = """
[target.azure]
kind   = "openai"
url    = "{url}/openai/deployments/{{model}}"
key    = "env:AZURE_KEY"
auth   = "header:api-key"
query  = {{ api-version = "2024-10-21" }}
models = {{ gpt-4o = "our deployment" }}
[[rule]]
name = "all"
use = ["azure"]
"""
PLACE = "/openai/deployments/our%20deployment/chat/completions"


def test_a_deployment_is_asked_under_its_own_name() -> None:
    with FakeOpenAI() as azure:
        azure.routes[f"POST {PLACE}"] = json_reply(200, {"choices": [], "usage": None})
        with Wye(AZURE.format(url=azure.url), environ={"AZURE_KEY": "azure-secret"}) as wye:
            client = wye.client()
            assert [model.id for model in client.models.list()] == ["gpt-4o"]
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}])
        (asked,) = [request for request in azure.requests if request.method == "POST"]
        assert (asked.path, asked.query) == (PLACE, "api-version=2024-10-21")
        assert asked.header("api-key") == "azure-secret"
        assert asked.header("authorization") is None
        assert all(request.method == "POST" for request in azure.requests)
