"""Before a jail.conf is replaced, jail(8) reads the new text: nothing but our hooks may differ from what it read before."""

from __future__ import annotations

import glob
import os
import re
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place
from jailpf.managers import parameters
from jailpf.managers.attach import lines
from jailpf.managers.attach.lines import ours
from jailpf.managers.attach.replaced import without
from jailpf.managers.jailconf_text import OutlineError, includes, line_of, outline
from jailpf.managers.sources import absolute, included, sources, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.declare.settings import Settings
    from jailpf.errors import Problem
    from jailpf.managers.attach.lines import Hooks
    from jailpf.managers.jailconf_text import Statement
    from jailpf.managers.parameters import Parameters

Jails = dict[str, "Parameters"]


def read_changed(settings: Settings, top: str, changed: Mapping[str, str]) -> Jails:
    """What jail(8) would read from `top` if the changed files had their new texts. Raises ConfigError in its words."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="jailpf-") as folder:
        preview = _Preview(changed, folder)
        try:
            return parameters.read(settings, preview.copy(top))
        except ConfigError as wrong:
            raise ConfigError([preview.of_originals(problem) for problem in wrong.problems]) from None


def effective(known: Parameters, jail: str, hooks: Hooks) -> bool:
    """Whether a jail runs exactly these hooks of ours, each once."""
    wanted = sorted((f"exec.{hook}", command.replace("$name", jail)) for hook, command in hooks)
    return sorted(_ours(known)) == wanted


def calls(known: Parameters) -> list[tuple[str, str]]:
    """(hook, verb) of each hook of ours that a jail runs, such as ("created", "created")."""
    return [(name.removeprefix("exec."), value.split()[-2]) for name, value in _ours(known)]


def wrong(known: Parameters, jail: str, hooks: Hooks) -> tuple[str, ...]:
    """What is wrong with a jail's hooks of ours, a sentence for each; () when they call jailpf as they should.

    Hooks of earlier versions are right too: the check before a start stood in exec.prestart.
    """
    found = [(name.removeprefix("exec."), " ".join(value.split()[-2:])) for name, value in _ours(known)]
    sentences = []
    for hook, command in hooks:
        verb = command.split()[-2]
        right = {hook, "prestart"} if hook == "prepare" else {hook}
        where = [name for name, called in found if called == f"{verb} {jail}"]
        if not where:
            sentences.append(f"nothing calls `jailpf {verb} {jail}`")
        elif len(where) > 1:
            sentences.append(f"`jailpf {verb} {jail}` is called {len(where)} times")
        elif elsewhere := _other_pf(known, verb):
            sentences.append(f"`jailpf {verb} {jail}` is called with {elsewhere}, and no rule reaches pf")
        elif not set(where) & right:
            sentences.append(f"`jailpf {verb} {jail}` is called from exec.{where[0]}, not from exec.{hook}")
    return tuple(sentences)


def _other_pf(known: Parameters, verb: str) -> str:
    """`--pf simulated` of a line of ours: hooks are for the pf that the settings name."""
    for _, value in _ours(known):
        if value.split()[-2] == verb and (found := re.search(r"--pf simulated\b", value)):
            return found[0]
    return ""


def attached(known: Parameters) -> bool:
    """Whether a jail runs any hook of ours."""
    return bool(_ours(known))


def programs(known: Parameters) -> tuple[str, ...]:
    """The files that a jail's hooks of ours run."""
    return lines.programs("\n".join(value for _, value in _ours(known)))


def settings_files(known: Parameters) -> tuple[str, ...]:
    """The jailpf.toml that a jail's hooks of ours read."""
    return lines.settings_files("\n".join(value for _, value in _ours(known)))


def must_agree(before: Jails, after: Jails, file: str, loads: str = "") -> None:
    """Raise ConfigError when anything but our hooks, and those that jailpf replaces, differs. loads: as of JailConfHooks."""
    if list(before) != list(after):
        raise ConfigError(
            f"with the hook lines, jail(8) would read other jails: {', '.join(after)}",
            Place(file),
            "the file stays as it is",
        )
    for name, known in before.items():
        old, new = _others(known, name, loads), _others(after[name], name, loads)
        for parameter in {**old, **new}:
            if old.get(parameter) != new.get(parameter):
                message = f"with the change, jail(8) would read another {parameter} for {name}"
                raise ConfigError(message, Place(file), "the file stays as it is; edit it by hand")


def who_replaces(file: str, hook: str) -> str:
    """Where `=` replaces what a jail's block collected: "FILE:LINE", "" when it cannot be told."""
    for one in sources(file):
        text = text_of(one) if os.path.isfile(one) else ""
        try:
            whole = outline(text)
        except OutlineError:
            continue
        for block in (whole, *(block for _, block in whole.walk())):
            if block.name and "*" not in block.name:
                continue
            for statement in block.statements:
                if statement.name == f"exec.{hook}" and statement.op != "+=":
                    return str(Place(one, line_of(text, statement.start)))
    return ""


def set_outside(top: str) -> dict[str, list[str]]:
    """The hooks, and their commands, that are set for every jail: at the top of a file or in a wildcard block."""
    found: dict[str, list[str]] = {}
    for one in sources(top):
        try:
            whole = outline(text_of(one) if os.path.isfile(one) else "")
        except OutlineError:
            continue
        for block in (whole, *(block for _, block in whole.walk())):
            if not block.name or "*" in block.name:
                for statement in block.statements:
                    if statement.name.startswith("exec."):
                        found.setdefault(statement.name, []).extend(value.text for value in statement.values)
    return found


def _ours(known: Parameters) -> list[tuple[str, str]]:
    return [
        (name, value) for name, values in known.items() if name.startswith("exec.") for value in values if ours(value)
    ]


def _others(known: Parameters, jail: str, loads: str) -> Parameters:
    """What is neither ours nor of what jailpf replaces."""
    found = {}
    for name, values in known.items():
        hook = name.startswith("exec.")
        kept = without(tuple(value for value in values if not ours(value)), jail, loads) if hook else values
        if kept or not values:
            found[name] = kept
    return found


class _Preview:
    """Copies of the changed files, and of every file that includes one, with the includes pointing at the copies."""

    def __init__(self, changed: Mapping[str, str], folder: str) -> None:
        self.changed, self.folder = changed, folder
        self.copies: dict[str, str] = {}

    def copy(self, file: str) -> str:
        if file in self.copies:
            return self.copies[file]
        text = self.changed[file] if file in self.changed else text_of(file)
        for statement, patterns in reversed(_includes(text)):
            files = [each for pattern in patterns for each in _matching(file, pattern)]
            lines = " ".join(f'.include "{self._file(each)}";' for each in files)
            text = text[: statement.start] + lines + text[statement.end :]
        made = f"{self.folder}/{len(self.copies)}.conf"
        self.copies[file] = made
        with open(made, "w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
            opened.write(text)
        return made

    def of_originals(self, problem: Problem) -> Problem:
        """What jail(8) says of a copy, said of its original."""
        message = problem.message
        for original, made in self.copies.items():
            message = message.replace(made, original)
        return problem._replace(message=message)

    def _file(self, file: str) -> str:
        return self.copy(file) if set(sources(file)) & set(self.changed) else os.path.abspath(file)


def _includes(text: str) -> list[tuple[Statement, list[str]]]:
    """In the order of the text. What cannot be outlined is left to jail(8) to refuse."""
    try:
        return sorted(includes(outline(text)), key=lambda one: one[0].start)
    except OutlineError:
        return []


def _matching(file: str, pattern: str) -> list[str]:
    return included(file, pattern) or ([] if glob.has_magic(pattern) else [absolute(file, pattern)])
