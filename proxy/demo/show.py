"""What a person sees: progress while the model is prepared, three short stories, and the lines to copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from proxy.demo.config import KEY_NAME
from proxy.demo.samples import Outcome

WIDTH = 100
ANSWER_CHARACTERS = 200
INDENT = "   "


def consoles() -> tuple[Console, Console]:
    """Open the page on stdout, and the progress on stderr, which leaves stdout to whoever reads it."""
    page, progress = Console(highlight=False), Console(stderr=True, highlight=False)
    for console in (page, progress):
        console.width = min(console.width, WIDTH)
    return page, progress


@contextmanager
def doing(progress: Console, what: str) -> Iterator[None]:
    """Show a spinner on a terminal, one plain line elsewhere, while the block runs."""
    if progress.is_terminal:
        with progress.status(escape(what)):
            yield
    else:
        progress.print(f"{what} ...", markup=False)
        yield


def opening(page: Console, *, real_cloud: bool) -> None:
    """Who takes part."""
    cloud = "OpenAI itself" if real_cloud else f"a stand-in with canned words (no {KEY_NAME} is set)"
    page.print()
    page.print("[bold]wye demo[/]  [dim]one address, two ways to go[/]")
    page.print("  [green]local[/]  SmolLM2-135M, a real model, very small, running on this machine")
    page.print(f"  [cyan]cloud[/]  {cloud}")


def story(page: Console, number: int, outcome: Outcome) -> None:
    """One request: what was asked, who answered, by which rule, why, and how it began."""
    sample = outcome.sample
    colour = "green" if outcome.target.startswith("local") else "cyan"
    how = "streamed, " if sample.stream else ""
    page.print()
    page.print(Text.assemble((f"{number}. {sample.title}", "bold"), (f"   model {sample.model}", "dim")))
    _indented(page, Text(f"“{sample.prompt}”", "italic"))
    _indented(page, Text.assemble("→ ", (outcome.target, f"bold {colour}"), f"   by the rule “{outcome.rule}”"))
    _indented(page, Text(outcome.why, "yellow" if outcome.labels else ""))
    _indented(page, Text.assemble(shortened(outcome.answer), (f"   ({how}{outcome.seconds:.1f} s)", "dim")))


def _indented(page: Console, text: Text) -> None:
    for line in text.wrap(page, page.width - len(INDENT)):
        line.rstrip()
        page.print(Text(INDENT) + line)


def shortened(answer: str, most: int = ANSWER_CHARACTERS) -> str:
    """Give the beginning of an answer on one line, cut between words."""
    line = " ".join(answer.split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + " …"


def lines_to_copy(base_url: str) -> str:
    """Give a shell line, a request and a Python snippet that work as they stand."""
    return f"""\
export OPENAI_BASE_URL={base_url}
export OPENAI_API_KEY=none-needed-here

curl -i {base_url}/chat/completions \\
  -H 'content-type: application/json' \\
  -d '{{"model": "gpt-4o", "max_tokens": 60, "messages": [{{"role": "user", "content": "my password is hunter2"}}]}}'

from openai import OpenAI
client = OpenAI(base_url="{base_url}", api_key="none-needed-here")
reply = client.chat.completions.create(
    model="gpt-4o-mini", messages=[{{"role": "user", "content": "Hello!"}}]
)
print(reply.choices[0].message.content)"""


def closing(page: Console, base_url: str, config: Path) -> None:
    """How to go on: what to copy, where the rules are, how to stop."""
    page.print()
    page.print("[bold]Now yours.[/] wye keeps running; the reply headers [bold]x-wye-*[/] tell who answered, and why.")
    page.print()
    # Not wrapped: these lines are to be copied.
    page.print(lines_to_copy(base_url), markup=False, soft_wrap=True)
    page.print()
    page.print(f"The rules behind it: {config}", markup=False, soft_wrap=True)
    page.print("Ctrl-C ends it.")


def as_json(base_url: str, outcomes: Sequence[Outcome]) -> str:
    """Give the outcomes as one JSON document."""
    results = [{**msgspec.to_builtins(o.sample), **msgspec.to_builtins(o)} for o in outcomes]
    for result in results:
        del result["sample"]
    return msgspec.json.encode({"base_url": base_url, "results": results}).decode()
