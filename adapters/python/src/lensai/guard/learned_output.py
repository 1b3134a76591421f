from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

_KEYS_MAX = 1_000
"""Models and routes that are learned about; the ones longest unheard of go first."""
_ANSWERS_MIN = 20
"""Fewer answers say little about how long they are."""
_STREAMS_UNSURE = 2
"""Of so many streams the next one may have as much more of its bound again as the one that had the most of it."""
_PRIOR_TOKENS = 256
"""What bounds are taken to be true of before anything is known: as if this many tokens had been counted."""
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
class ExpectedShares:
    """How much is true of the upper bounds of a call's texts, by the calls that came to their end."""

    input: float = 1.0
    output: float = 1.0


@dataclass
class _Share:
    """What was counted, and what it was bounded by: the sums of all."""

    tokens: float = 0
    tokens_at_most: float = 0

    @property
    def expected(self) -> float:
        return min(1.0, (_PRIOR_TOKENS + self.tokens) / (_PRIOR_TOKENS + self.tokens_at_most))

    def add(self, tokens: int, tokens_at_most: int) -> None:
        self.tokens += tokens
        self.tokens_at_most += tokens_at_most


@dataclass
class _Histogram:
    counts: List[int] = field(default_factory=lambda: [0] * _CLASSES)
    total: int = 0
    streams: int = 0
    """Streams whose text was read."""
    share_max: float = 0.0
    """The most that one of them had of the bound of its text."""
    input: _Share = field(default_factory=_Share)
    output: _Share = field(default_factory=_Share)

    def halve(self) -> None:
        self.counts = [count >> 1 for count in self.counts]
        self.total = sum(self.counts)
        for share in (self.input, self.output):
            share.tokens /= 2
            share.tokens_at_most /= 2


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
            histogram.streams += 1
            histogram.share_max = max(histogram.share_max, output_tokens / tokens_at_most)
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

    def share_of_bound(self, model: str, route: str) -> float:
        """How much of the bound of a text is true of it at most, by the streams that came to their end: a stream is held to
        this. 1 while none is known, and where answers have more in them than is shown.
        """
        histogram = self._histograms.get((model, route))
        if histogram is None or histogram.streams == 0:
            return 1.0
        return min(1.0, histogram.share_max * (1 + _STREAMS_UNSURE / histogram.streams))

    def expected_shares(self, model: str, route: str) -> ExpectedShares:
        """How much of the bound of a text is true of it on average; what nobody has counted is charged by this."""
        histogram = self._histograms.get((model, route))
        if histogram is None:
            return ExpectedShares()
        return ExpectedShares(histogram.input.expected, histogram.output.expected)


def _class_of(tokens: int) -> int:
    """The class whose upper end is not below it."""
    return min(_CLASSES - 1, math.ceil(math.log2(max(1, tokens)) * _CLASSES_PER_DOUBLING))
