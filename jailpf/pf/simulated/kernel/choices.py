"""What is taken at each doubt, world by world."""

from __future__ import annotations


class Choices:
    """What is taken at each doubt in one world. `advance` goes on to the next world."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, int]] = []
        self._at = 0

    def pick(self, count: int) -> int:
        """Which of so many possibilities this world has."""
        if self._at == len(self._taken):
            self._taken.append((0, count))
        self._at += 1
        return self._taken[self._at - 1][0]

    def advance(self) -> bool:
        """Begin the next world; False when all have been seen."""
        self._at = 0
        while self._taken:
            which, count = self._taken.pop()
            if which + 1 < count:
                self._taken.append((which + 1, count))
                return True
        return False
