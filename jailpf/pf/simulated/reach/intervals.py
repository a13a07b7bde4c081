"""Sets of numbers as sorted, disjoint, inclusive intervals: addresses and ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class IntervalSet:
    """An immutable set. `spans` must be sorted, disjoint and not adjacent; `of` makes them so."""

    spans: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(spans: Iterable[tuple[int, int]]) -> IntervalSet:
        """The union of any spans."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(span for span in spans if span[0] <= span[1]):
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

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet.of((*self.spans, *other.spans))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        if not other.spans:
            return self
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

    def __len__(self) -> int:
        """How many numbers; sets of IPv6 addresses have no len()."""
        return sum(high - low + 1 for low, high in self.spans)


PORTS = IntervalSet(((0, 65535),))
EVERY = {"inet": IntervalSet(((0, 2**32 - 1),)), "inet6": IntervalSet(((0, 2**128 - 1),))}
EMPTY = IntervalSet()
