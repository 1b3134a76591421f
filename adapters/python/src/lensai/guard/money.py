from __future__ import annotations

_NANO_DIGITS = 9
_NANO_PER_USD = 10**_NANO_DIGITS
_SIGNIFICANT_DIGITS_BELOW_ONE = 3


def format_usd(nano: int) -> str:
    """For people: "$1,234.56", "$0.50", "$0.0123", "$0.0000244". Two decimals from one dollar up, three significant
    digits below it; an amount that is not zero never shows as zero.
    """
    dropped = (
        _NANO_DIGITS - 2
        if nano >= _NANO_PER_USD
        else min(_NANO_DIGITS - 2, max(0, len(str(nano)) - _SIGNIFICANT_DIGITS_BELOW_ONE))
    )
    step = 10**dropped
    rounded = (nano + step // 2) // step * step
    whole, rest = divmod(rounded, _NANO_PER_USD)
    digits = f"{rest:0{_NANO_DIGITS}d}"
    return f"${whole:,}.{digits[:2]}{digits[2:].rstrip('0')}"
