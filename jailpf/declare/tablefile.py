"""Table files: addresses and networks, "!" negation, comments from a word that begins with `#` or `;`.

pfctl would look names up; we refuse them. pfctl of 13 knows no `;` (facts.md): there it is given the members instead.
"""

from __future__ import annotations

import re

from jailpf.errors import DeclarationError, Place, Problem
from jailpf.system import files
from jailpf.values import Member, near

Members = list[str]
"""As `Member` prints them: one spelling for one member."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HOST = re.compile(rf"!?{_OCTET}(?:\.{_OCTET}){{3}}")  # is spelled as it is: most of a long file, which takes no Member
_WORD = re.compile(r"[^ \t\v\f\r]+")  # isspace(3); inside a word nothing starts a comment (pfr_next_token of pfctl)
_ODD = re.compile(r"^\s*//|[,=\[-]")
COMMENTS = ("#", ";")


def read_table(file: str, named_at: Place) -> tuple[Members, list[Problem]]:
    """The members of a table file, and every problem in it. `named_at` is where the file is named."""
    try:
        raw = files.read(file)
    except DeclarationError as wrong:
        said = wrong.problems[0].message
        remedy = (
            "create it; it may be empty"
            if said == "no such file"
            else "name a file with one address or network per line"
        )
        if "/~" in file:
            remedy = "~ is expanded by the shell only: write the whole path, or a name beside this file"
        return [], [Problem(f"the table file {file}: {said}", named_at, remedy)]
    return parse_table(text_of(raw), file)


def text_of(raw: bytes) -> str:
    """The text of a table file. What is no UTF-8 may stand in comments, and comes back when it is encoded likewise."""
    return raw.decode("utf-8", "surrogateescape")


def parse_table(text: str, file: str) -> tuple[Members, list[Problem]]:
    """The same from text."""
    members: Members = []
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if _HOST.fullmatch(line):
            members.append(line)
            continue
        if _ODD.search(line) and (said := _other_form(line)):
            problems.append(Problem(said[0], Place(file, number, len(line) - len(line.lstrip()) + 1), said[1]))
            continue
        for found in _WORD.finditer(line):
            if found[0].startswith(COMMENTS):
                break
            try:
                members.append(spelled(found[0]))
            except ValueError as wrong:
                message, _, remedy = str(wrong).partition("; ")
                problems.append(Problem(message, Place(file, number, found.start() + 1), remedy))
    return members, problems


def _other_form(line: str) -> tuple[str, str] | None:
    """A line in the form of other files: what is wrong with all of it, and a remedy; None for one of ours."""
    line = split_comment(line)[0].strip()
    if line.startswith("//"):
        return "this does not begin a comment", "comments begin with `#`"
    if re.match(r"[\w.-]+\s*=|\[", line):
        return (
            "this is TOML, but a table file has only addresses",
            "write one address or network per line, without quotes",
        )
    words = line.replace(",", " ").split()
    if "," in line and all(near.is_network(word.lstrip("!")) for word in words):
        return "separate addresses by spaces or lines, not by commas", f"write {' '.join(words)}"
    if len(words) == 1 and "-" in line and (found := near.covering(line)):
        return f"{line!r} is a range, but pf takes networks", f"write those that cover it: {' '.join(found)}"
    return None


def spelled(word: str) -> str:
    """A member in its one spelling. Raises ValueError."""
    return word if _HOST.fullmatch(word) else str(Member.parse(word))


def split_comment(line: str) -> tuple[str, str]:
    """A line's words, and its comment with the sign that begins it."""
    start = next((found.start() for found in _WORD.finditer(line) if found[0].startswith(COMMENTS)), len(line))
    return line[:start], line[start:]


def too_new_for_13(file: str) -> bool:
    """Whether pfctl of 13 would take a comment of this file for data, in a file that `read_table` has taken."""
    return any(split_comment(line)[1].startswith(";") for line in text_of(files.read(file)).split("\n"))
