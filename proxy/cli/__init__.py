"""The command `wye`. Each subcommand stands in a file of its own and is imported only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from proxy.doctor.ask import Answer

COMMANDS = {
    "serve": "Serve the OpenAI API by the rules in force.",
    "check": "Check a configuration file; print every problem.",
    "test": "Run a file's own tests against its rules.",
    "explain": "Say what becomes of a request, and why.",
    "prove": "Show every place that labelled requests could ever reach.",
    "diff": "Replay recorded traffic through two rule files.",
    "demo": "Try it out: a real small model, three requests, and a server to play with.",
    "doctor": "Reach every target and say what to fix.",
    "init": "Write a starter configuration from what is found here.",
}


class Commands(click.Group):
    """Subcommands by name, loaded late: `wye check` need not import a web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"proxy.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wye", prog_name="wye", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Run an OpenAI-compatible proxy whose rules decide who answers, and what never leaves."""
    context.obj = context.obj or _ask


async def _ask(method: str, url: str, headers: dict[str, str], body: bytes | None, timeout_s: float) -> Answer:
    """Ask an upstream, for the commands that look around; the network is imported when the first question is."""
    asking = import_module("proxy.cli.asking")
    answer: Answer = await asking.ask(method, url, headers, body, timeout_s)
    return answer
