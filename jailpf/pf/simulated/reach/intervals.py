"""Sets of numbers as sorted, disjoint, inclusive intervals: addresses and ports."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class IntervalSet:
    """An immutable set. `spans` must be sorted, disjoint and not adjacent; `of` makes them so."""

    __slots__ = ("_hash", "spans")

    def __init__(self, spans: tuple[tuple[int, int], ...] = ()) -> None:
        self.spans = spans
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, IntervalSet) and self.spans == other.spans)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self.spans)
        return self._hash

    def __repr__(self) -> str:
        return f"IntervalSet({self.spans})"

    @staticmethod
    def of(spans: Iterable[tuple[int, int]]) -> IntervalSet:
        """The union of any spans."""
        merged: list[tuple[int, int]] = []
        ordered = sorted(span for span in spans if span[0] <= span[1])
        if len(ordered) < 2:
            return IntervalSet(tuple(ordered))
        for low, high in ordered:
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return IntervalSet(tuple(merged))

    @staticmethod
    def single(number: int) -> IntervalSet:
        """The set of one number."""
        return IntervalSet(((number, number),))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, number: int) -> bool:
        spans = self.spans
        low, high = 0, len(spans)
        while low < high:
            middle = (low + high) // 2
            if spans[middle][1] < number:
                low = middle + 1
            else:
                high = middle
        return low < len(spans) and spans[low][0] <= number

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.spans)

    def __and__(self, other: IntervalSet) -> IntervalSet:
        if self.spans == other.spans:
            return self
        if len(other.spans) == 1:
            return self._within(*other.spans[0])
        if len(self.spans) == 1:
            return other._within(*self.spans[0])
        found = []
        a, b = 0, 0
        mine, theirs = self.spans, other.spans
        while a < len(mine) and b < len(theirs):
            low, high = max(mine[a][0], theirs[b][0]), min(mine[a][1], theirs[b][1])
            if low <= high:
                found.append((low, high))
            if mine[a][1] < theirs[b][1]:
                a += 1
            else:
                b += 1
        return IntervalSet(tuple(found))

    def _within(self, low: int, high: int) -> IntervalSet:
        spans = self.spans
        if spans and low <= spans[0][0] and spans[-1][1] <= high:
            return self
        start = bisect_left(spans, low, key=_last)
        end = bisect_right(spans, high, key=_first)
        found = spans[start:end]
        if not found:
            return EMPTY
        first, last = found[0], found[-1]
        if first[0] < low or last[1] > high:
            if len(found) == 1:
                return IntervalSet(((max(low, first[0]), min(high, first[1])),))
            found = ((max(low, first[0]), first[1]), *found[1:-1], (last[0], min(high, last[1])))
        return IntervalSet(found)

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet.of((*self.spans, *other.spans))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        if not other.spans:
            return self
        if len(other.spans) == 1 and len(self.spans) > 1:
            low, high = other.spans[0]
            return IntervalSet((*self._within(0, low - 1).spans, *self._within(high + 1, 1 << 129).spans))
        found = []
        at = 0
        theirs = other.spans
        for low, high in self.spans:
            start = low
            while at < len(theirs) and theirs[at][1] < start:
                at += 1
            here = at
            while here < len(theirs) and theirs[here][0] <= high:
                if theirs[here][0] > start:
                    found.append((start, theirs[here][0] - 1))
                start = theirs[here][1] + 1
                here += 1
            if start <= high:
                found.append((start, high))
        return IntervalSet(tuple(found))

    def shifted(self, by: int) -> IntervalSet:
        """Every number moved by the same distance."""
        return IntervalSet(tuple((low + by, high + by) for low, high in self.spans)) if by else self

    def count(self) -> int:
        """How many numbers; len() cannot say it of IPv6 networks."""
        return sum(high - low + 1 for low, high in self.spans)

    def __len__(self) -> int:
        """How many numbers; sets of IPv6 addresses have no len()."""
        return self.count()


@lru_cache(maxsize=1 << 16)
def split(have: IntervalSet, wanted: IntervalSet) -> tuple[IntervalSet, IntervalSet]:
    """What of the one is in the other, and what is not."""
    return have & wanted, have - wanted


def _first(span: tuple[int, int]) -> int:
    return span[0]


def _last(span: tuple[int, int]) -> int:
    return span[1]


PORTS = IntervalSet(((0, 65535),))
EVERY = {"inet": IntervalSet(((0, 2**32 - 1),)), "inet6": IntervalSet(((0, 2**128 - 1),))}
EMPTY = IntervalSet()
