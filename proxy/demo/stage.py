"""The whole stage: the local model, a cloud or its stand-in, and wye between them, each started in its turn."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from proxy.demo import DemoFailed
from proxy.demo.children import Child, free_port, module, require_free, supervised
from proxy.demo.config import config_text, has_key, write
from proxy.demo.local_model import model_file
from proxy.demo.show import doing


class Stage(NamedTuple):
    """What runs, where it answers, and by which rules."""

    base_url: str
    config: Path
    children: list[Child]


def check_the_ground(port: int) -> None:
    """Say what is missing before anything is started."""
    model_file()
    if importlib.util.find_spec("openai") is None:
        raise DemoFailed("the demo needs the OpenAI SDK: run `uv sync --group demo`")
    require_free(port)


@contextmanager
def running(port: int, progress: Console) -> Iterator[Stage]:
    """Have everything up inside the block, wye on `port`, and nothing left after it."""
    local_port, standin_port = free_port(), None if has_key() else free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wye-demo-")))
        config = write(config_text(port, local_port, standin_port), folder)
        with doing(progress, "Preparing the model"):
            targets = _start_targets(stack, local_port, standin_port)
        with doing(progress, "Starting wye"):
            wye = _start_wye(stack, port, config)
        yield Stage(f"http://127.0.0.1:{port}/v1", config, [*targets, wye])


def _start_targets(stack: ExitStack, local_port: int, standin_port: int | None) -> list[Child]:
    """Start both at once, because the model takes its time; return when both answer."""
    model = _start(stack, Child("the local model", module("proxy.demo.local_model", "--port", str(local_port))))
    waiting = [(model, local_port, "/health")]
    if standin_port is not None:
        standin = _start(stack, Child("the stand-in", module("proxy.demo.standin", "--port", str(standin_port))))
        waiting.append((standin, standin_port, "/v1/models"))
    for child, port, path in waiting:
        child.wait_until_ready(port, path)
    return [child for child, _, _ in waiting]


def _start_wye(stack: ExitStack, port: int, config: Path) -> Child:
    # Without WYE_* settings of the person's own: here the demo's file alone decides.
    env = {name: value for name, value in os.environ.items() if not name.startswith("WYE_")}
    command = module("proxy", "serve", "--config", str(config), "--port", str(port))
    wye = _start(stack, Child("wye", supervised(*command), env))
    wye.wait_until_ready(port, "/readyz")
    return wye


def _start(stack: ExitStack, child: Child) -> Child:
    """Note at once how to stop it: the stack does so in reverse order, wye first."""
    stack.callback(child.stop)
    return child
