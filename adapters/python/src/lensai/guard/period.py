from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Optional, Tuple


@dataclass(frozen=True)
class BudgetPeriod:
    """When a budget starts anew; seconds since the epoch. `end` is exclusive, infinity for one that never does."""

    start: float
    end: float
    later_ends: Tuple[float, ...] = ()
    """When the periods after this one end, in order, as far as the policy says."""


def period_at(period: BudgetPeriod, now: float) -> BudgetPeriod:
    """The period that `now` is in, when the given one is over: one of those that the policy says follow. Beyond them,
    a period of whole calendar months (in UTC) is followed by one of as many months, any other by one of the same
    length: 1 to 28 February is followed by 1 to 31 March.
    """
    while now >= period.end and period.later_ends:
        period = BudgetPeriod(period.end, period.later_ends[0], period.later_ends[1:])
    if now < period.end:
        return period
    months = _whole_months(period)
    if months is None:
        length = period.end - period.start
        start = period.start + (now - period.start) // length * length
        return BudgetPeriod(start, start + length)
    first = _months_between(period.start, now) // months
    if now < _later(period.start, first * months):
        # The month has begun, and its day has not come yet.
        first -= 1
    return BudgetPeriod(_later(period.start, first * months), _later(period.start, (first + 1) * months))


def _whole_months(period: BudgetPeriod) -> Optional[int]:
    months = _months_between(period.start, period.end)
    return months if months > 0 and _later(period.start, months) == period.end else None


def _months_between(start: float, end: float) -> int:
    first, last = _utc(start), _utc(end)
    return (last.year - first.year) * 12 + last.month - first.month


def _later(start: float, months: int) -> float:
    """A day that the month does not have is that many days after it began, in the next one."""
    moment = _utc(start)
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    days = monthrange(year, month + 1)[1]
    first = moment.replace(year=year, month=month + 1, day=min(moment.day, days))
    return (first + timedelta(days=max(0, moment.day - days))).timestamp()


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
