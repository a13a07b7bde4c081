"""The words of one statement of pf.conf(5), taken one after the other. Raises LostError."""

from __future__ import annotations

from jailpf.managers.importing.language.lexer import LostError
from jailpf.managers.importing.language.words import port as parse_port
from jailpf.values import Port

LAST = 65535
BETWEEN = ("><", "<>")


class Reader:
    """The words of a statement, one after the other."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.at = words, 0

    def peek(self) -> str:
        """The next word, "" behind the last."""
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self) -> str:
        """The next word, which is taken."""
        word = self.peek()
        self.at += 1
        return word

    def took(self, *words: str) -> str:
        """The next word if it is one of these, and taken; else ""."""
        return self.take() if self.peek() in words and self.peek() else ""

    def must(self, word: str) -> None:
        """Take that word. Raises LostError."""
        if self.take() != word:
            raise LostError(f"a syntax error: `{word}` is missing")

    def done(self) -> None:
        """Raises LostError where words are left."""
        if self.peek():
            raise LostError(f"a declaration has no `{self.peek()}`, or a syntax error")

    def items(self) -> tuple[str, ...]:
        """One item or `{ a, b }`; an item may be negated, in parentheses, or a list again (as macros make them)."""
        if not self.took("{"):
            return (self._item(),)
        found: list[str] = []
        while not self.took("}"):
            if not self.peek():
                raise LostError("a syntax error: `}` is missing")
            if not self.took(","):
                found += self.items()
        return tuple(found)

    def _item(self) -> str:
        word = self.take()
        if word == "!":
            return "!" + self._item()
        if word == "(":
            inside = self.take().strip('"')
            self.must(")")
            return f"({inside})"
        if not word or word in ("}", ")", ",", "="):
            raise LostError("a syntax error: something is missing" + (f" before `{word}`" if word else ""))
        return word.strip('"')

    def parenthesised(self) -> list[str]:
        """The words in parentheses, [] without."""
        found: list[str] = []
        if self.took("("):
            while not self.took(")"):
                if not self.peek():
                    raise LostError("a syntax error: `)` is missing")
                found.append(self.take())
        return found

    def ports(self) -> tuple[Port, ...]:
        """Behind `port`: () for all of them."""
        return self._ports() if self.took("port") else ()

    def _ports(self) -> tuple[Port, ...]:
        if not self.took("{"):
            return self._port()
        found: list[Port] = []
        while not self.took("}"):
            if not self.peek():
                raise LostError("a syntax error: `}` is missing")
            if not self.took(","):
                found += self._ports()
        return tuple(found)

    def _port(self) -> tuple[Port, ...]:
        """A port, a range, or what an operator leaves of all ports; 0 is nobody's."""
        operator = self.took("=", "!=", "<", "<=", ">", ">=")
        one = parse_port(self._item())
        between = self.took(*BETWEEN) if not operator else ""
        first, last = one.first, (parse_port(self._item()) if between else one).last
        if one.width > 1 and (operator not in ("", "=") or between):
            raise LostError("a syntax error: a range has no operator")
        spans = {
            "": [(one.first, one.last)], "=": [(one.first, one.last)], "!=": [(1, first - 1), (first + 1, LAST)],
            "<": [(1, first - 1)], "<=": [(1, first)], ">": [(first + 1, LAST)], ">=": [(first, LAST)],
            "><": [(first + 1, last - 1)], "<>": [(1, first - 1), (last + 1, LAST)],
        }[operator or between]  # fmt: skip
        found = tuple(Port(low, high) for low, high in spans if low <= high)
        if not found:
            raise LostError("no port is meant by that")
        return found
