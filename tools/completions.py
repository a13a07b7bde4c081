"""Writes contrib/completions from the command line's own parser: `python tools/completions.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import shtab

from jailpf.cli import parser

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "contrib" / "completions"
REFRESH = "python tools/completions.py"
NAMES = "jailpf list --names 2>/dev/null"
HEAD = f"# Completion of jailpf, made by `{REFRESH}`; edit that instead."
TABLES_OF = "jailpf list --tables"
WORDS = "inet inet6 tcp udp sctp icmp icmp6 from to port on jail host ext_ip4 ext_ip6"
TABLES = {"bash": "_jailpf_tables", "zsh": "_jailpf_tables", "tcsh": ""}
TRACE = {"bash": "_jailpf_trace", "zsh": "_jailpf_trace", "tcsh": f"`echo {WORDS}`"}
JAILS = {"bash": "_jailpf_jails", "zsh": "_jailpf_jails", "tcsh": "`jailpf list --names`"}
PREAMBLE = {
    "bash": f"""{HEAD}
_jailpf_jails() {{ compgen -W "$({NAMES})" -- "$1"; }}
_jailpf_tables() {{ compgen -W "$({TABLES_OF} "${{COMP_WORDS[COMP_CWORD - 1]}}" 2>/dev/null)" -- "$1"; }}
_jailpf_trace() {{
  if [ "${{COMP_WORDS[COMP_CWORD - 1]}}" = jail ]; then _jailpf_jails "$1"; else compgen -W "{WORDS}" -- "$1"; fi
}}""",
    "zsh": f"""{HEAD}
_jailpf_jails() {{ local -a jails; jails=(${{(f)"$({NAMES})"}}); compadd -a jails }}
_jailpf_tables() {{ local -a tables; tables=(${{(f)"$({TABLES_OF} ${{words[CURRENT - 1]}} 2>/dev/null)"}}); compadd -a tables }}
_jailpf_trace() {{ if [[ $words[CURRENT-1] == jail ]]; then _jailpf_jails; else compadd {WORDS}; fi }}""",
}
NEEDS = "__jailpf_needs_command"
SHELLS = {"bash": "jailpf.bash", "zsh": "_jailpf", "tcsh": "jailpf.tcsh"}


def main() -> int:
    """Write all four files."""
    for name, text in made().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def made() -> dict[str, str]:
    """{file name: text}."""
    found = {name: _shtab(shell) for shell, name in SHELLS.items()}
    return {**found, "jailpf.fish": fish(parser.build())}


def _shtab(shell: str) -> str:
    root = parser.build()
    for path, one in _commands(root):
        for action in one._actions:
            if hasattr(action, "words"):
                action.choices = parser.importers()
            elif action.dest in ("jail", "jails"):
                action.complete = JAILS  # type: ignore[attr-defined]
            elif action.metavar == "WORD":
                action.complete = TRACE  # type: ignore[attr-defined]
            elif action.metavar == "NAME" and path == ("table",):
                action.complete = TABLES  # type: ignore[attr-defined]
            elif action.metavar == "FILE":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar in ("DIR", "SOURCE"):
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    text = shtab.complete(root, shell, preamble=PREAMBLE)  # type: ignore[arg-type]
    lines = [line.rstrip() for line in text.strip().split("\n")]
    if shell == "tcsh":
        lines.insert(0, HEAD)
    return "\n".join(lines) + "\n"


def _commands(
    one: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """(words of the command, its parser), the program itself first."""
    yield path, one
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from _commands(below, (*path, name))


def fish(root: argparse.ArgumentParser) -> str:
    """The file for fish(1), which shtab does not know."""
    commands = dict(_commands(root))
    first = " ".join(path[0] for path in commands if len(path) == 1)
    needs = [f"function {NEEDS}", f"    not __fish_seen_subcommand_from {first}", "end"]
    lines = [HEAD, *needs, "complete -c jailpf -f"]
    for path, one in commands.items():
        where = _where(path, list(commands))
        for action in one._actions:
            if isinstance(action, argparse._SubParsersAction):
                lines += [
                    f"complete -c jailpf {where}-a {choice.dest} -d {_quoted(choice.help or '')}"
                    for choice in action._choices_actions
                ]
            else:
                lines += _fish_action(action, where, path)
    return "\n".join(lines) + "\n"


def _where(path: tuple[str, ...], commands: list[tuple[str, ...]]) -> str:
    """The condition under which a line counts. `new` is a command, and one of `plugin` too."""
    tests = [f"__fish_seen_subcommand_from {word}" for word in path] or [NEEDS]
    if below := [other[-1] for other in commands if path and other[:-1] == path]:
        tests.append(f"not __fish_seen_subcommand_from {' '.join(below)}")
    if len(path) == 1:
        above = [other[0] for other in commands if other[1:] == path]
        tests += [f"not __fish_seen_subcommand_from {word}" for word in above]
    return f"-n {_quoted('; and '.join(tests))} "


def _fish_action(action: argparse.Action, where: str, path: tuple[str, ...]) -> Iterator[str]:
    words = _values(action, path)
    if action.option_strings:
        flags = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in action.option_strings]
        value = "" if action.nargs == 0 else " -r" + (words or (" -F" if action.metavar in ("FILE", "DIR") else ""))
        yield f"complete -c jailpf {where}{' '.join(flags)}{value} -d {_quoted(action.help or '')}"
    elif words:
        yield f"complete -c jailpf {where}{words.strip()}"


def _values(action: argparse.Action, path: tuple[str, ...]) -> str:
    if action.metavar == "WORD":
        return f" -a {_quoted(f'{WORDS} ({NAMES})')}"
    if action.metavar == "NAME" and path == ("table",):
        return f" -a {_quoted(f'({TABLES_OF} (commandline -opc)[-1] 2>/dev/null)')}"
    if action.metavar in ("DIR", "SOURCE") and not action.option_strings:
        return " -F"
    if action.dest in ("jail", "jails"):
        return f" -a {_quoted(f'({NAMES})')}"
    return f" -a {_quoted(' '.join(action.choices))}" if action.choices else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


if __name__ == "__main__":
    sys.exit(main())
