from __future__ import annotations

import math

_PRIOR_TOKENS = 256
"""What bounds are taken to be true of before anything is known: as if this many tokens had been counted."""
_TEXTS_UNSURE = 2
"""Of so many texts the next one may have as much more of its bound again as the one that had the most of it."""
_SPREAD_TEXTS_MIN = 3
"""Fewer texts do not say how far they differ."""
_BOUND_TOKENS_MIN = 64
"""The bound of a shorter text says nothing: it is rounded up, by a good part of it."""


class LearnedShare:
    """How much is true of an upper bound of the tokens of texts, learned from those that a provider has counted."""

    def __init__(self) -> None:
        self._tokens: float = 0
        self._tokens_at_most: float = 0
        self._texts: float = 0
        self._most = 0.0
        self._mean = 0.0
        """Of the shares, each text alike: Welford's mean, and the sum of squares around it."""
        self._squares = 0.0

    def add(self, tokens: int, tokens_at_most: int) -> None:
        """A text was counted whose bound was known before."""
        self._tokens += tokens
        self._tokens_at_most += tokens_at_most
        if max(tokens, tokens_at_most) < _BOUND_TOKENS_MIN or tokens_at_most == 0:
            return
        share = tokens / tokens_at_most
        self._texts += 1
        self._most = max(self._most, share)
        from_mean = share - self._mean
        self._mean += from_mean / self._texts
        self._squares += from_mean * (share - self._mean)

    @property
    def expected(self) -> float:
        """On average; 1 while nothing is known."""
        return min(1.0, (_PRIOR_TOKENS + self._tokens) / (_PRIOR_TOKENS + self._tokens_at_most))

    @property
    def at_most(self) -> float:
        """Of the next text, at most: the more texts are known, and the less they differ, the nearer it is to the most that
        was true of one. 1 while nothing is known, and where texts have more in them than is shown.
        """
        texts = self._texts
        if texts == 0:
            return 1.0
        by_count = self._most * (1 + _TEXTS_UNSURE / texts)
        if texts < _SPREAD_TEXTS_MIN:
            return min(1.0, by_count)
        deviation = math.sqrt((self._squares / (texts - 1)) * (1 + 1 / texts))
        by_spread = self._mean + _deviations_of(texts) * deviation
        return min(1.0, by_count, max(self._most, by_spread))

    def halve(self) -> None:
        """What was seen counts half as much from now on. The most stays."""
        self._tokens /= 2
        self._tokens_at_most /= 2
        self._texts /= 2
        self._squares /= 2


def _deviations_of(texts: float) -> float:
    """One text of 1,000 has a share that is more than so many standard deviations above the mean, where shares have a normal
    distribution that is known by so many texts: Student's quantile, to a tenth. 22 for three texts, 3.2 for a hundred.
    """
    return 3.1 + 19.3 / math.pow(texts - 2, 1.3)
