"""The checks of one target, in the order in which one depends on the other, and what mends each failure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from proxy.config.secrets import SecretMissing, resolve
from proxy.doctor.ask import Answer, Ask, Kind, Unreachable
from proxy.doctor.listing import first_chat_model, listed_models
from proxy.doctor.questions import Questions
from proxy.doctor.report import Finding, TargetReport
from proxy.errors import Secret
from routing_rules import Target
from routing_rules.names import renamed

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 200, 401, 403, 404, 429
_NO_SUCH_ROUTE = frozenset({404, 405, 501})
_SHORT = 200
_MENDS: dict[Kind, str] = {
    "name": "check the host in `url`: no such name is known here",
    "refused": "check the port in `url`, and that the server is running",
    "tls": "check the certificate, and that `url` begins with the scheme that the server speaks",
    "time": "check that no firewall drops the traffic; a model that is loaded first takes longer (--timeout 60s)",
    "broken": "check that `url` points at a server that speaks OpenAI's API",
}


async def examine_all(
    targets: Mapping[str, Target], environ: Mapping[str, str], ask: Ask, limit_s: float
) -> list[TargetReport]:
    """Examine all targets at the same time, each within the limit in seconds."""
    return list(await asyncio.gather(*(examine(name, one, environ, ask, limit_s) for name, one in targets.items())))


async def examine(name: str, target: Target, environ: Mapping[str, str], ask: Ask, limit_s: float) -> TargetReport:
    """Examine one target within the limit in seconds. It never raises for what the target does."""
    secret, key = _secret(target, environ)
    questions = Questions(target, key, ask, limit_s)
    findings: list[Finding] = [secret]
    try:
        answer = await questions.models()
    except Unreachable as error:
        findings += [_unreachable(error, target), *_skipped("key", "models", "stream", because="nobody answered")]
    else:
        findings += [Finding("reach", "ok", f"answers at {target.url}")]
        findings += await _beyond(answer, target, questions, secret)
    told = Secret(key)  # some upstreams repeat the key that they refuse
    hidden = [msgspec.structs.replace(finding, says=told.hidden_in(finding.says)) for finding in findings]
    return TargetReport(name, target.kind, target.url, tuple(hidden))


async def _beyond(answer: Answer, target: Target, questions: Questions, secret: Finding) -> list[Finding]:
    """Go on once somebody has answered."""
    if secret.outcome == "failed":
        return _skipped("key", "models", "stream", because="the secret is missing")
    if answer.status == _UNAUTHORIZED:
        return [_key(target, _UNAUTHORIZED), *_skipped("models", "stream", because="the key was not accepted")]
    models, listed = _models(answer, target), listed_models(answer) or ()
    model = renamed(target, target.model) if target.model else first_chat_model(listed)
    if model is None:
        refused = answer.status == _FORBIDDEN
        key = _key(target, _FORBIDDEN) if refused else _key(target, _OK)
        return [key, models, *_skipped("stream", because="there is no model to try: set `model`")]
    status, stream = await _stream(model, target, questions)
    return [_key(target, status), models, stream]


def _secret(target: Target, environ: Mapping[str, str]) -> tuple[Finding, str | None]:
    if target.key is None:
        return Finding("secret", "skipped", "no `key` is configured"), None
    try:
        key = resolve(target.key, environ)
    except SecretMissing as error:
        kind, _, place = error.reference.partition(":")
        where = f"set {place} in the environment of wye" if kind == "env" else f"put the key into {place}"
        return Finding("secret", "failed", str(error), where), None
    return Finding("secret", "ok", f"{target.key} is set"), key


def _unreachable(error: Unreachable, target: Target) -> Finding:
    mend = _MENDS[error.kind]
    if target.kind == "ollama" and error.kind == "refused":
        mend = "start it with `ollama serve`, or point `url` at where it runs"
    return Finding("reach", "failed", error.reason, mend)


def _key(target: Target, status: int | None) -> Finding:
    """Judge a key by the status of the last answer; a list may be forbidden where a chat is not."""
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        if target.key is None:
            return Finding("key", "failed", f"it asks for a key ({status})", 'set `key = "env:NAME"` for this target')
        return Finding("key", "failed", f"the key was not accepted ({status})", f"put a valid key behind {target.key}")
    if target.key is None:
        return Finding("key", "skipped", "no `key` is configured, and none was asked for")
    if status is None:
        return Finding("key", "skipped", "no answer has told")
    return Finding("key", "ok", "the key was accepted")


def _models(answer: Answer, target: Target) -> Finding:
    models = listed_models(answer)
    if isinstance(target.models, dict) or "{model}" in target.url:
        return Finding("models", "skipped", "the configuration names them")
    if models is not None:
        return _among(models, target)
    if answer.status == _FORBIDDEN:
        return Finding("models", "skipped", "this key may not list models")
    if answer.status in _NO_SUCH_ROUTE:
        return Finding("models", "skipped", f"it lists none ({answer.status})")
    return Finding("models", "failed", f"the list of models cannot be read ({answer.status})", _MENDS["broken"])


def _among(models: tuple[str, ...], target: Target) -> Finding:
    ollama = target.kind == "ollama"
    if not models:
        mend = "pull one: `ollama pull llama3.2`" if ollama else "load a model there"
        return Finding("models", "failed", "there is no model", mend)
    if target.model is None:
        first = first_chat_model(models)
        return Finding("models", "ok", f"{len(models)} listed; without `model`, {first or 'none'} is the default")
    if target.model in models or (ollama and f"{target.model}:latest" in models):
        return Finding("models", "ok", f"{len(models)} listed, {target.model} among them")
    mend = f"`ollama pull {target.model}`" if ollama else "set `model` to one of: " + _some(models)
    return Finding("models", "failed", f"{target.model} is not among the {len(models)} listed", mend)


def _some(models: tuple[str, ...]) -> str:
    return ", ".join(models[:5]) + (", …" if len(models) > 5 else "")  # noqa: PLR2004 - enough to see the pattern


async def _stream(model: str, target: Target, questions: Questions) -> tuple[int | None, Finding]:
    try:
        answer = await questions.chat(model)
    except Unreachable as error:
        return None, Finding("stream", "failed", f"{model}: {error.reason}", _MENDS[error.kind])
    return answer.status, _judged(answer, model, target)


def _judged(answer: Answer, model: str, target: Target) -> Finding:
    if answer.status in (_UNAUTHORIZED, _FORBIDDEN):
        return Finding("stream", "skipped", "the key was not accepted")
    if answer.status != _OK:
        return Finding(
            "stream", "failed", f"{model}: {answer.status} {_message(answer)}".rstrip(), _mend(answer, target)
        )
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        return Finding("stream", "failed", f"{model} answered, but not as a stream", _MENDS["broken"])
    if not any(line.startswith(b"data:") for line in answer.body.splitlines()):
        return Finding("stream", "failed", f"{model} began a stream without any event", "look into the server's log")
    return Finding("stream", "ok", f"{model} answers with a stream")


def _mend(answer: Answer, target: Target) -> str:
    if answer.status == _TOO_MANY:
        return "check the plan, the billing and the rate limits of the account"
    if answer.status == _NOT_FOUND:
        pull = f"`ollama pull {target.model}`, or " if target.kind == "ollama" and target.model else ""
        return f"{pull}check `model`, and that `url` ends where OpenAI's paths begin (…/v1)"
    return "look into the server's log" if answer.status >= 500 else "check `model` and `query`"  # noqa: PLR2004


def _message(answer: Answer) -> str:
    """Give the upstream's own words on one line; none where they are not in OpenAI's shape."""
    try:
        error = msgspec.json.decode(answer.body, type=dict[str, dict[str, object]])["error"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in str(error.get("message", "")))[:_SHORT]


def _skipped(*checks: str, because: str) -> list[Finding]:
    return [msgspec.convert({"check": check, "outcome": "skipped", "says": because}, Finding) for check in checks]
