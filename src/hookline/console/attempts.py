"""An attempt of a task as a line for people."""

from hookline.console.presentation import lasted, neutral, told
from hookline.domain.reading import AttemptSummary
from hookline.domain.work_records import Usage

_MICRO_USD = 1_000_000


def attempt_line(attempt: AttemptSummary) -> str:
    """Its fence, worker, time and end, and what it used."""
    parts = [f"{attempt.fence}", neutral(attempt.worker), told(attempt.started_at), _end(attempt)]
    if attempt.usage is not None:
        parts.append(usage_told(attempt.usage))
    return "  ".join(parts)


def usage_told(usage: Usage) -> str:
    """Tokens, turns and dollars; counts that are zero are left out, but for tokens."""
    cached = f" ({usage.cached_input_tokens:,} cached)" if usage.cached_input_tokens else ""
    parts = [f"{usage.input_tokens:,} tokens in{cached}", f"{usage.output_tokens:,} out"]
    if usage.turns:
        parts.append(f"{usage.turns:,} turn{'' if usage.turns == 1 else 's'}")
    if usage.cost_micro_usd:
        parts.append(f"${usage.cost_micro_usd / _MICRO_USD:,.4f}")
    return ", ".join(parts)


def _end(attempt: AttemptSummary) -> str:
    if attempt.ended_at is None or attempt.outcome is None:
        return "running"
    took = (attempt.ended_at - attempt.started_at).total_seconds()
    return f"{attempt.outcome.value} after {lasted(took)}"
