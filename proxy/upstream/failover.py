"""Walk the plan until one candidate answers with content.

Until the first content a failed candidate costs nothing but time, so the next one takes over. What the caller got wrong
(400, 413, 422, a content filter) would be wrong anywhere and stops the walk; what a candidate cannot do, what is down,
slow, overloaded, misconfigured or broken does not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from proxy.errors import (
    BadGateway,
    EgressRefused,
    GatewayTimeout,
    NoTarget,
    Overloaded,
    ProxyError,
    Unreachable,
    Unsupported,
    UpstreamAnswered,
    UpstreamError,
)
from proxy.providers.base import Ask
from proxy.telemetry.events import AttemptFailed, Emit
from proxy.telemetry.model_names import as_name
from proxy.upstream.attempt import Attempt
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet, Member
from proxy.upstream.probes import ask_version
from proxy.wire.chat import ChatRequest
from proxy.wire.outward import outward
from routing_rules import Candidate, Labels, Plan

FINAL = frozenset({"bad_request", "content_filter"})


class Failover:
    """Tries candidates in order."""

    def __init__(self, fleet: Fleet, egress: Egress, emit: Emit) -> None:
        self._fleet = fleet
        self._egress = egress
        self._emit = emit

    async def begin(self, id: str, plan: Plan, request: ChatRequest, client: Mapping[str, str]) -> tuple[Attempt, int]:  # noqa: A002 - the exchange's id
        """Return the first attempt that answers, and how many were made. Raises ProxyError when none does."""
        refuse_outward_rewrite(plan, request)
        errors: list[ProxyError] = []
        for candidate in plan.candidates:
            started = time.perf_counter()
            try:
                return await self._try(candidate, plan, request, client), len(errors) + 1
            except (UpstreamError, Unsupported, Overloaded, EgressRefused) as error:
                errors.append(error.without(self._fleet.members[candidate.target].destination.secret))
                self._note(id, candidate, error, (time.perf_counter() - started) * 1000)
                if isinstance(error, UpstreamError) and error.failure in FINAL:
                    break
        raise verdict(errors)

    async def _try(self, candidate: Candidate, plan: Plan, request: ChatRequest, client: Mapping[str, str]) -> Attempt:
        member = self._fleet.members[candidate.target]
        ask = Ask(
            request=request,
            model=candidate.model,
            rewrite=plan.rewrite,
            labels=plan.labels,
            strict=member.target.strict,
            version=await self._version(member, plan.labels) if plan.labels else None,
        )
        attempt = Attempt(candidate, member, ask)
        try:
            await attempt.begin(self._egress, client)
        except BaseException:
            await attempt.aclose()
            raise
        self._fleet.answered(candidate.target, candidate.model)
        return attempt

    async def _version(self, member: Member, labels: Labels) -> str | None:
        """Return a target's version, asked for now where it is not known. Raises UpstreamError."""
        known = self._fleet.version(member.name)
        if known is None:
            known = await ask_version(self._egress, member, labels)
            self._fleet.told_version(member.name, known)
        return known

    def _note(self, id: str, candidate: Candidate, error: ProxyError, after_ms: float) -> None:  # noqa: A002 - the exchange's id
        failure = error.failure if isinstance(error, UpstreamError) else error.code or "refused"
        if isinstance(error, Unreachable):
            self._fleet.failed(candidate.target, error.message)
        elif isinstance(error, UpstreamError) and not isinstance(error, UpstreamAnswered):
            self._fleet.doubted(candidate.target)
        self._emit(
            AttemptFailed(
                id=id,
                target=candidate.target,
                model=as_name(candidate.model),
                failure=failure,
                status=error.status,
                after_ms=round(after_ms, 1),
            )
        )


def refuse_outward_rewrite(plan: Plan, request: ChatRequest) -> None:
    """Raise Unsupported where a rule's rewrite makes a labelled request ask an upstream to reach out.

    What the client asks for was looked through before; `set` and `default` can add a search of their own.
    """
    if plan.labels and plan.rewrite and (place := outward(plan.rewrite.apply(request.document))):
        raise Unsupported(
            f"The rule {plan.rule!r} sets '{place}', which asks an upstream to fetch or run something elsewhere; a"
            " labelled request must not. Nothing was sent.",
            param=place,
        )


def verdict(errors: Sequence[ProxyError]) -> ProxyError:
    """Say with one error what came of all attempts: an upstream's own words first, then the most telling of ours."""
    error = _most_telling(errors)
    error.attempts = len(errors)
    if len(errors) > 1:
        # Our own failover is exhausted; an SDK's two retries would only repeat it.
        error.headers["x-should-retry"] = "false"
    return error


def _most_telling(errors: Sequence[ProxyError]) -> ProxyError:
    for kind in (UpstreamAnswered, Unsupported, Overloaded, EgressRefused):
        if found := next((error for error in errors if isinstance(error, kind)), None):
            return found
    if all(isinstance(error, Unreachable) for error in errors):
        return NoTarget(" ".join(error.message for error in errors))
    slow = next((error for error in errors if isinstance(error, GatewayTimeout)), None)
    broken = next(
        (error for error in errors if isinstance(error, BadGateway) and not isinstance(error, Unreachable)), None
    )
    return broken or slow or errors[0]
