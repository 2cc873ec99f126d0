"""The gate: format, lint, types, import contract and tests, in one command, the same for a laptop and for CI.

Arguments go to pytest: `python -m tests tests/journeys -x`.
"""

from __future__ import annotations

import subprocess
import sys
import time

STEPS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "contract": ["lint-imports", "--no-logo"],
}


def main(arguments: list[str]) -> int:
    """Run every step, even after one that failed, and say at the end which did."""
    steps = {**STEPS, "tests": ["pytest", "-q", *arguments]}
    failed = [name for name, command in steps.items() if not passes(name, command)]
    print(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'all green'}", flush=True)
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    """Run one step with this interpreter's own tools."""
    print(f"== {name}", flush=True)
    started = time.monotonic()
    program = f"{sys.prefix}/bin/{command[0]}" if sys.platform != "win32" else f"{sys.prefix}/Scripts/{command[0]}.exe"
    code = subprocess.run([program, *command[1:]], check=False).returncode
    print(f"== {name}: {'ok' if code == 0 else f'exit {code}'} ({time.monotonic() - started:.1f} s)", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
