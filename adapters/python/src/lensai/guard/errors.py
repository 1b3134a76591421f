from __future__ import annotations

from typing import ClassVar, Literal, Mapping, Optional

from lensai.guard.money import format_usd


RefusalCause = Literal["spent", "held", "ledger_silent", "unpriced"]
"""Why a budget has no room. `spent`: too little is left. `held`: there would be room if calls that run, and other
processes, gave back what they have not spent: it makes sense to try again. `ledger_silent`: the ledger does not answer,
and what the process was lent is used up. `unpriced`: nobody knows what the call costs."""


class CallStoppedError(Exception):
    """A call of a model was stopped before it was made, and nothing was sent to the provider; or its stream was cut off."""

    code: ClassVar[str] = "control.stopped"
    """The section of the documentation of errors; also `error.type` of the span."""
    status: ClassVar[int] = 403
    """What SDKs see that take it for an answer."""

    def __init__(self, message: str, scope: Mapping[str, str]) -> None:
        super().__init__(message)
        self.scope = scope
        """The calls that are meant: attribute names and their values; empty for all of the project."""


class KillSwitchError(CallStoppedError):
    """Somebody has switched such calls off."""

    code = "control.kill_switch"

    def __init__(self, kill_switch_id: str, reason: str, scope: Mapping[str, str], triggered_at: str) -> None:
        super().__init__(f"a kill-switch stopped the call: {reason}", scope)
        self.kill_switch_id = kill_switch_id
        self.reason = reason
        self.triggered_at = triggered_at
        """ISO 8601, UTC."""


class BudgetExceededError(CallStoppedError):
    """The call would have cost more than is left of a budget, or nobody knows its price and the budget refuses such."""

    code = "control.budget_exceeded"
    status = 402

    def __init__(
        self,
        budget_id: str,
        budget_name: str,
        scope: Mapping[str, str],
        *,
        cause: RefusalCause,
        value: Optional[str],
        limit_nano_usd: int,
        remaining_nano_usd: int,
        held_nano_usd: int,
        estimate_nano_usd: Optional[int],
        resets_at: Optional[str],
        is_cut_off: bool = False,
    ) -> None:
        limit, left, held = format_usd(limit_nano_usd), format_usd(remaining_nano_usd), format_usd(held_nano_usd)
        asked = f"{'more of the answer' if is_cut_off else 'the call'} may cost {format_usd(estimate_nano_usd or 0)}"
        silent = f"its ledger does not answer, {left} is left of what this process was lent, and {asked}"
        if (estimate_nano_usd or 0) <= remaining_nano_usd:
            # A lease ends, and some budgets want the ledger for every call.
            silent = "its ledger does not answer, and without it what this process was lent may not be used any more"
        why = {
            "spent": f"{left} of {limit} is left, and {asked}",
            "held": f"{left} of {limit} is left, {held} is held by calls that run and may come back, and {asked}",
            "ledger_silent": silent,
            "unpriced": "nobody knows the price of the model, and the budget refuses such calls",
        }[cause]
        until = "" if resets_at is None else f"; it starts anew at {resets_at}"
        super().__init__(f'the budget "{budget_name}" stopped the call: {why}{until}', scope)
        self.budget_id = budget_id
        self.budget_name = budget_name
        self.cause = cause
        self.value = value
        """Whose share it is, when the budget is kept for each value of an attribute."""
        self.limit_nano_usd = limit_nano_usd
        self.remaining_nano_usd = remaining_nano_usd
        """Of the whole budget: neither spent nor held. Of a ledger that is silent: of what the process was lent."""
        self.held_nano_usd = held_nano_usd
        """Held by calls that run and lent to other processes: what of it is not spent comes back."""
        self.estimate_nano_usd = estimate_nano_usd
        """What the call, or more of its answer, may cost; None when nobody knows."""
        self.resets_at = resets_at
        """ISO 8601, UTC; None for a budget that does not start anew."""
        self.is_cut_off = is_cut_off
        """The call was made, and its stream was cut off."""


class PolicyStaleError(CallStoppedError):
    """Nobody knows whether the call may be made: the process has heard nothing of its policy for too long."""

    code = "control.policy_stale"

    def __init__(self, stale_seconds: int, max_staleness_seconds: int) -> None:
        super().__init__(
            f"the call was stopped: nothing was heard of the policy for {stale_seconds} s,"
            f" and calls may be made for {max_staleness_seconds} s",
            {},
        )
        self.stale_seconds = stale_seconds
        self.max_staleness_seconds = max_staleness_seconds
