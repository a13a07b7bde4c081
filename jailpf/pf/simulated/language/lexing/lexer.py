"""From text to tokens, as the yylex() of pfctl cuts them: macros, quotes, continued lines, included files.

Source: facts.md section 1 ("unquoted word alphabet", "Lexical traps") and the lexer of pfctl 15.1. A macro's value is read
together with what follows it (`$if:network`); a backslash outside of quotes vanishes; the line of a token is the one
where it begins.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jailpf.pf.simulated.language.files import read_rules
from jailpf.pf.simulated.rules.words import KEYWORDS

EOF, BROKEN, STRING, NUMBER, BINARY = "", "ERROR", "STRING", "NUMBER", "PORTBINARY"
FILES_MAX = 32
_NUMBER_MAX = 20  # of the longest number and its sign
_LONGEST = 8095
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z0-9:_](?:[A-Za-z0-9"$%&'*+\-.:;?@\[\]^_`|~]|\\\n|\\)*)
    |(?P<newline>\n)
    |(?P<op>->|!=|<>|><|<=|>=|[-!<>={}(),/])
    |(?P<quote>["'])
    |(?P<macro>\$(?P<name>[A-Za-z0-9_]*))
    |(?P<comment>\#(?:\\\n|[^\n])*)
    |(?P<other>.)""",
    re.VERBOSE,
)
# What can be cut without looking right or left. In the file of an include it stops at the word, in a macro nowhere.
_PLAIN = re.compile(
    r"""[ \t\f]*(?:(-?[0-9]+(?=[ \t\n),/}=]))
    |([A-Za-z0-9:_][A-Za-z0-9"$%&'*+\-.:;?@\[\]^_`|~]*(?!\\|[A-Za-z0-9"$%&'*+\-.:;?@\[\]^_`|~]))
    |"([^"\\\n\0]*)"
    |(->|!=|<>|><|<=|>=|[!<>={}(),/]))""",
    re.VERBOSE,
)
_DIGITS, _WORD, _QUOTED, _OP = 1, 2, 3, 4
_NUMBER = re.compile(r"-?[0-9]+(?=(?:\\\n)*[\s),/}=])")
_BLANK = re.compile(r"(?:[ \t\f]|\\\n)*")
_OPERATORS = {"->": "ARROW", "!=": "NE", "<>": BINARY, "><": BINARY, "<=": "LE", ">=": "GE"}


class Token(NamedTuple):
    """A token: its kind (a keyword is its own kind), its text, its line."""

    kind: str
    text: str
    line: int


class _File:
    """A file that is being read."""

    def __init__(self, name: str, text: str, line: int) -> None:
        text = text[:-1] if text.endswith("\\") else text  # nothing is continued by the end of a file
        self.name, self.text, self.line, self.at = name, text + "\n", line, 0
        self.rest = ""  # of the line that includes another file


class Lexer:
    """Cuts a text into tokens. `macros` may grow between two tokens.

    With `printed`, the text is what pfctl prints: the word behind tag and tagged goes to the next blank, since pfctl
    prints tags without quotes. `errors` are the lexer's own complaints: a file, a line, a sentence.
    """

    def __init__(self, text: str, name: str, printed: bool = False) -> None:
        self.files = [_File(name, text, 1)]
        self.macros: dict[str, str] = {}
        self.persistent: set[str] = set()
        self.errors: list[tuple[str, int, str]] = []
        self.printed, self._tag = printed, False
        self._buffer, self._at, self._expanded_to = "", 0, 0
        self._alone = False  # what follows include is cut alone: the rest of its line comes behind the file
        self._ready: list[Token] = []  # the next ones, the last first

    @property
    def file(self) -> str:
        """The name of the file that is being read."""
        return self.files[-1].name

    def include(self, name: str) -> str:
        """Go on in another file, then come back. Returns why it cannot be read, "" when it can."""
        if len(self.files) >= FILES_MAX:
            return "Too many open files"
        try:
            text = read_rules(name)
        except OSError as error:
            return error.strerror or str(error)
        except ValueError:
            return "No such file or directory"
        self.files[-1].rest = self._buffer[self._at :]
        self.files.append(_File(name, "\n" + text, 0))
        self._buffer, self._at = "", 0
        return ""

    def token(self) -> Token:
        """The next token; EOF at the end."""
        if self._ready:
            return self._ready.pop()
        if self._tag:
            self._tag = False
            return self._to_blank()
        while True:
            if not self._alone and self._batch():
                return self._ready.pop()
            buffer = self._buffer
            blank = _BLANK.match(buffer, self._at)
            if blank and blank.end() > self._at:
                self.files[-1].line += buffer.count("\n", self._at, blank.end())
                self._at = blank.end()
            if self._at >= len(buffer):
                if not self._fill():
                    return Token(EOF, "", self.files[-1].line)
                continue
            token = self._one(buffer)
            if token is not None:
                self._tag = self.printed and token.kind in {"tag", "tagged"}
                self._alone = token.kind == "include"
                return token

    def _batch(self) -> bool:
        """Cut all plain tokens up to what needs care; False when there are none. The last is the next one."""
        if self.printed:
            return False
        found = []
        line = self.files[-1].line
        for match in iter(_PLAIN.scanner(self._buffer, self._at).match, None):  # type: ignore[attr-defined]
            text = match[match.lastindex or 0]
            kind = match.lastindex
            if text == "include" or len(text) > _LONGEST:
                break
            if kind == _WORD:
                found.append(Token(text if text in KEYWORDS else STRING, text, line))
            elif kind == _OP:
                found.append(Token(_OPERATORS.get(text, text), text, line))
            elif kind == _DIGITS:
                if len(text) > 18:
                    break
                found.append(Token(NUMBER, text, line))
            else:
                found.append(Token(STRING, text, line))
            self._at = match.end()
        self._ready = found[::-1]
        return bool(found)

    def _one(self, buffer: str) -> Token | None:
        """The token at the current place; None for a comment or a macro, after which another try is due."""
        at = self._at
        file = self.files[-1]
        line = file.line
        first = buffer[at]
        if first.isdigit() or first == "-":
            found = _NUMBER.match(buffer, at)
            if found:
                self._at = found.end()
                return self._number(found.group(), line)
        match = _TOKEN.match(buffer, at)
        assert match is not None  # noqa: S101  -- the last alternative takes anything
        kind, text = match.lastgroup, match.group()
        self._at = match.end()
        if kind == "word":
            if "\\" in text:
                text, line = self._joined(text, line)
            if len(text) > _LONGEST:
                return self._broken("string too long", line)
            return Token(text if text in KEYWORDS else STRING, text, line)
        if kind == "newline":
            file.line += 1
            return Token("\n", "\n", line)
        if kind == "op":
            return Token(_OPERATORS.get(text, text), text, line)
        if kind == "quote":
            return self._quoted(text, line)
        if kind == "comment":
            file.line += text.count("\n")
            return None
        if kind == "name" or kind == "macro":
            return self._macro(match, line)
        return Token(EOF if text == "\0" else text, text, line)  # pfctl takes NUL for the end

    def _joined(self, text: str, line: int) -> tuple[str, int]:
        lines = text.count("\\\n")
        self.files[-1].line += lines
        return text.replace("\\\n", ""), line + max(0, lines - 1)

    def _number(self, text: str, line: int) -> Token:
        text = text[0] * (text[0] == "-") + (text.lstrip("-0") or "0") if len(text) > _NUMBER_MAX else text
        if len(text) > _NUMBER_MAX or not -(2**63) <= int(text) < 2**63:  # Python makes no number of very many digits
            size = "small" if text[0] == "-" else "large"
            return self._broken(f'"{text}" invalid number: too {size}', line)
        return Token(NUMBER, text, line)

    def _macro(self, match: re.Match[str], line: int) -> Token | None:
        if match.start() < self._expanded_to:  # no macros inside of macros
            self._at = match.start() + 1
            return Token("$", "$", line)
        if len(match["name"]) > _LONGEST:
            return self._broken("string too long", line)
        value = self.macros.get(match["name"])
        if value is None:
            return self._broken(f"macro '{match['name']}' not defined", line)
        if "\\" in value:
            value = _without_backslashes(value)
        self._buffer = value + self._buffer[match.end() :]
        self._at, self._expanded_to = 0, len(value)
        return None

    def _quoted(self, quote: str, line: int) -> Token:
        chars: list[str] = []
        file = self.files[-1]
        raw = False
        while True:
            if self._at >= len(self._buffer):
                raw = self._fill(raw=True)
                if not raw:
                    self.errors.append((file.name, line, "reached end of file while parsing quoted string"))
                    return Token(EOF, "", line)
            char = self._buffer[self._at]
            self._at += 1
            if char == quote:
                break
            if char == "\n":
                file.line += 1
                continue
            if char == "\0":
                return self._broken("syntax error", line)
            if char == "\\" and self._at < len(self._buffer):
                following = self._buffer[self._at]
                if following in {quote, " ", "\t", "\n"}:
                    self._at += 1
                    file.line += following == "\n"
                    if following == "\n":
                        continue
                    char = following
            chars.append(char)
            if len(chars) > _LONGEST:
                return self._broken("string too long", line)
        if raw:
            self._buffer, self._at = _without_backslashes(self._buffer[self._at :]), 0
        return Token(STRING, "".join(chars), line)

    def _to_blank(self) -> Token:
        """The unquoted tag that pfctl printed, or a quoted one."""
        blank = _BLANK.match(self._buffer, self._at)
        self._at = blank.end() if blank else self._at
        if self._buffer[self._at : self._at + 1] in {'"', ""}:
            return self.token()
        found = re.compile(r"[^ \t\n]*").match(self._buffer, self._at)
        self._at = found.end() if found else self._at
        return Token(STRING, found.group() if found else "", self.files[-1].line)

    def _broken(self, message: str, line: int) -> Token:
        """Complain, and skip the rest of the line with its end, as pfctl does."""
        self.errors.append((self.file, line, message))
        end = re.compile(r"(?:\\\n|[^\n])*").match(self._buffer, self._at)
        stop = end.end() if end else self._at
        lines = self._buffer.count("\n", self._at, stop)
        self.files[-1].line += lines + 1
        self._at = stop + 1
        return Token(BROKEN, "", line + max(0, lines - 1))

    def _fill(self, raw: bool = False) -> bool:
        """Take the next line, with those that continue it, into the empty buffer. False at the end of all files."""
        while self.files[-1].at >= len(self.files[-1].text):
            if len(self.files) == 1 or raw:
                return False
            self.files.pop()
            if self.files[-1].rest:
                self._buffer, self.files[-1].rest = self.files[-1].rest, ""
                self._at, self._expanded_to = 0, 0
                return True
        file = self.files[-1]
        end = file.text.find("\n", file.at) + 1
        while not raw and file.text.endswith("\\\n", file.at, end) and end < len(file.text):
            end = file.text.find("\n", end) + 1
        line = file.text[file.at : end]
        file.at = end
        self._buffer = line if raw or "\\" not in line else _without_backslashes(line)
        self._at, self._expanded_to = 0, 0
        return True


_PIECES = re.compile(r"""(?P<quoted>"(?:\\["\n \t]|[^"])*(?:"|$)|'(?:\\['\n \t]|[^'])*(?:'|$))|\\(?P<char>[^\n])""")


def _without_backslashes(text: str) -> str:
    """The text without the backslashes that stand outside of quotes and not at the end of a line."""
    return _PIECES.sub(lambda found: found["quoted"] or found["char"], text)
