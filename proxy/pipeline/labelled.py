"""What a labelled request must not ask for: that whoever is given it fetches or runs something, or hands it on."""

from __future__ import annotations

from proxy.errors import Unsupported
from proxy.wire.outward import outward
from routing_rules import Labels
from routing_rules.trials import Posed

__all__ = ["outward", "refuse_outward"]


def refuse_outward(posed: Posed, labels: Labels) -> None:
    """Raise Unsupported where a labelled request asks an upstream to reach out; without a label it may."""
    if labels and (place := posed.outward) is not None:
        raise Unsupported(
            f"This request is labelled {', '.join(sorted(labels))}, so whoever answers it must not fetch or run"
            f" anything elsewhere for it, nor hand it on or keep it, as '{place}' asks. Leave it out, or send the"
            " content itself: a data: URL, a tool that your application runs. Nothing was sent.",
            param=place,
        )
