from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from lensai.guard.learned_share import LearnedShare

_KEYS_MAX = 1_000
"""Models and routes that are learned about; the ones longest unheard of go first."""
_ANSWERS_MIN = 10
"""Fewer answers say little about how long they are."""
_QUANTILE = 0.8
"""What a stream holds at first. It asks for more as it goes on, so this need not be the longest answer: what it holds and
does not use is refused to others meanwhile. Four of five answers need no more, and what they leave is more than the fifth
asks for, so that streams are rarely cut off for want of it."""
_CLASSES_PER_DOUBLING = 4
_CLASSES = 30 * _CLASSES_PER_DOUBLING
"""Sizes are kept by four classes per doubling, up to a billion tokens: at most 19 % too large."""
_ANSWERS_MAX = 10_000
"""Then half of what was seen counts: what a model does now matters more than what it did last month."""


@dataclass(frozen=True)
class TextShares:
    """How much is true of the upper bounds of a call's texts."""

    input: float = 1.0
    output: float = 1.0


@dataclass
class _Histogram:
    counts: List[int] = field(default_factory=lambda: [0] * _CLASSES)
    total: int = 0
    input: LearnedShare = field(default_factory=LearnedShare)
    output: LearnedShare = field(default_factory=LearnedShare)
    """Of streams whose text was read."""

    def halve(self) -> None:
        self.counts = [count >> 1 for count in self.counts]
        self.total = sum(self.counts)
        self.input.halve()
        self.output.halve()


class LearnedOutput:
    """How long the answers of a model are on a route, learned from those that came."""

    def __init__(self) -> None:
        self._histograms: Dict[Tuple[str, str], _Histogram] = {}

    def add(self, model: str, route: str, counted: Tuple[int, int], at_most: Tuple[int, int]) -> None:
        """An answer that came to its end: its input and output as the provider counted, and by upper bounds of the texts;
        0 where the text was not read.
        """
        output_tokens, tokens_at_most = counted[1], at_most[1]
        histogram = self._histograms.pop((model, route), None) or _Histogram()
        self._histograms[model, route] = histogram
        if len(self._histograms) > _KEYS_MAX:
            del self._histograms[next(iter(self._histograms))]
        histogram.counts[_class_of(output_tokens)] += 1
        histogram.total += 1
        histogram.input.add(counted[0], at_most[0])
        if tokens_at_most > 0:
            histogram.output.add(output_tokens, tokens_at_most)
        if histogram.total >= _ANSWERS_MAX:
            histogram.halve()

    def quantile(self, model: str, route: str) -> Optional[int]:
        """Four of five answers were no longer; tokens. None while too few are known."""
        histogram = self._histograms.get((model, route))
        if histogram is None or histogram.total < _ANSWERS_MIN:
            return None
        left = histogram.total * (1 - _QUANTILE)
        for place in range(_CLASSES - 1, 0, -1):
            left -= histogram.counts[place]
            if left < 0:
                return math.ceil(2 ** (place / _CLASSES_PER_DOUBLING))
        return 1

    def shares_at_most(self, model: str, route: str) -> TextShares:
        """By calls that came to their end, at most: what nobody has counted is held to this."""
        histogram = self._histograms.get((model, route))
        if histogram is None:
            return TextShares()
        return TextShares(histogram.input.at_most, histogram.output.at_most)

    def expected_shares(self, model: str, route: str) -> TextShares:
        """The same on average: what nobody has counted is charged by this."""
        histogram = self._histograms.get((model, route))
        if histogram is None:
            return TextShares()
        return TextShares(histogram.input.expected, histogram.output.expected)


def _class_of(tokens: int) -> int:
    """The class whose upper end is not below it."""
    return min(_CLASSES - 1, math.ceil(math.log2(max(1, tokens)) * _CLASSES_PER_DOUBLING))
