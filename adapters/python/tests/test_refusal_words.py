from __future__ import annotations

from lensai.guard.errors import BudgetExceededError


def _refusal(remaining_nano_usd: int) -> str:
    error = BudgetExceededError(
        "bud_1",
        "support",
        {},
        cause="ledger_silent",
        value=None,
        limit_nano_usd=50_000_000,
        remaining_nano_usd=remaining_nano_usd,
        held_nano_usd=0,
        estimate_nano_usd=2_000_000,
        resets_at=None,
    )
    return str(error)


def test_a_silent_ledger_is_told_with_what_is_left_where_that_is_too_little():
    assert "$0.001 is left of what this process was lent" in _refusal(1_000_000)


def test_a_lease_that_has_ended_has_nothing_left_that_may_be_used():
    assert "without it what this process was lent may not be used any more" in _refusal(2_000_000)
