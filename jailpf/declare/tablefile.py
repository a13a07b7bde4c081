"""Table files: addresses and networks, "!" negation, comments from a word that begins with `#` or `;`.

pfctl would look names up; we refuse them. pfctl of 13 knows no `;` (facts.md): there it is given the members instead.
"""

from __future__ import annotations

import re

from jailpf.errors import DeclarationError, Place, Problem
from jailpf.system import files
from jailpf.values import Member

Members = list[Member]
_WORD = re.compile(r"[^ \t\v\f\r]+")  # isspace(3); inside a word nothing starts a comment (pfr_next_token of pfctl)
COMMENTS = ("#", ";")


def read_table(file: str, named_at: Place) -> tuple[Members, list[Problem]]:
    """The members of a table file, and every problem in it. `named_at` is where the file is named."""
    try:
        raw = files.read(file)
    except DeclarationError as wrong:
        return [], [
            Problem(f"the table file {file}: {wrong.problems[0].message}", named_at, "make it; it may be empty")
        ]
    return parse_table(raw.decode("utf-8", "replace"), file)


def parse_table(text: str, file: str) -> tuple[Members, list[Problem]]:
    """The same from text."""
    members: Members = []
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        for found in _WORD.finditer(line):
            if found[0].startswith(COMMENTS):
                break
            try:
                members.append(Member.parse(found[0]))
            except ValueError as wrong:
                message, _, remedy = str(wrong).partition("; ")
                problems.append(Problem(message, Place(file, number, found.start() + 1), remedy))
    return members, problems


def split_comment(line: str) -> tuple[str, str]:
    """A line's words, and its comment with the sign that begins it."""
    start = next((found.start() for found in _WORD.finditer(line) if found[0].startswith(COMMENTS)), len(line))
    return line[:start], line[start:]


def too_new_for_13(file: str) -> bool:
    """Whether pfctl of 13 would take a comment of this file for data, in a file that `read_table` has taken."""
    for line in files.read(file).decode("utf-8", "replace").split("\n"):
        if split_comment(line)[1].startswith(";"):
            return True
    return False
