"""Table files: one address or network a line, `#` comments, "!" negation. pfctl would look names up; we refuse them."""

from __future__ import annotations

import re

from jailpf.errors import DeclarationError, Place, Problem
from jailpf.system import files
from jailpf.values import Member

Members = list[Member]
_WORD = re.compile(r"[^ \t\v\f\r]+")  # isspace(3); a `#` inside a word starts no comment (pfr_next_token of pfctl)


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
            if found[0].startswith("#"):
                break
            try:
                members.append(Member.parse(found[0]))
            except ValueError as wrong:
                message, _, remedy = str(wrong).partition("; ")
                problems.append(Problem(message, Place(file, number, found.start() + 1), remedy))
    return members, problems
