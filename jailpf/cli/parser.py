"""From argv to options, by argparse. Options stand before or after the command alike."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, NoReturn

from jailpf import __version__
from jailpf.cli.commands import COMMANDS, Command, Option
from jailpf.declare.settings import DEFAULT_FILE, DEFAULT_RUN
from jailpf.errors import UsageError
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULTS = {"file": DEFAULT_FILE, "run": DEFAULT_RUN, "pf": "", "verbose": False, "json": False}


WITH_VALUE = {"-c", "--pf", "--run"} | {
    flag
    for command in COMMANDS
    for one in (command, *command.subcommands)
    for option in one.options
    for flag in option.flags
    if flag.startswith("-") and option.action in {"", "append"}
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One error, with the status of sysexits(3)."""
        if found := re.match(r"argument COMMAND: invalid choice: '(.*?)' \(choose from (.*)\)$", message):
            known = re.findall(r"[a-z]+", found[2])
            raise UsageError(f"{self.prog}: there is no command {found[1]!r}", None, did_you_mean(found[1], known))
        raise UsageError(f"{self.prog}: {message}", None, f"`{self.prog} --help` tells more")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line. Raises UsageError; --help and --version end the program."""
    parser = build()
    options = parser.parse_args(in_order(arguments))
    for name, value in DEFAULTS.items():
        if not hasattr(options, name):
            setattr(options, name, value)
    if not hasattr(options, "module"):
        raise UsageError("which command?", None, "one of " + ", ".join(command.name for command in COMMANDS))
    return options


def in_order(arguments: list[str]) -> list[str]:
    """The same command line with the options behind the command: argparse takes none between positional ones."""
    if "--" in arguments:
        return arguments
    given, words = [], []
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        given.append(word)
        if word in WITH_VALUE:
            given += [value for value in [next(rest, None)] if value is not None]
    command = next((one for one in COMMANDS if words and one.name == words[0]), None)
    depth = 2 if command and command.subcommands else 1
    return [*words[:depth], *given, *words[depth:]]


def build() -> argparse.ArgumentParser:
    """The whole parser, for parsing, for completions and for the man page's test."""
    parser = _Parser(
        "jailpf",
        description="The firewall follows the jail.",
        parents=[_common()],
        epilog="jailpf COMMAND --help tells more; jailpf(8), jailpf.toml(5)",
    )
    parser.add_argument("--version", action="version", version=f"jailpf {__version__}")
    _add(parser, COMMANDS, "jailpf")
    return parser


def _add(parser: argparse.ArgumentParser, commands: Iterable[Command], prefix: str) -> None:
    sub = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=_Parser)
    for command in commands:
        one = sub.add_parser(
            command.name, help=command.help, description=command.help[:1].upper() + command.help[1:] + ".",
            epilog=f"example: {command.example}", parents=[_common()],
        )  # fmt: skip
        one.prog = f"{prefix} {command.name}"
        if command.json:
            one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs")
        for option in command.options:
            _option(one, option)
        if command.subcommands:
            _add(one, command.subcommands, one.prog)
        else:
            module, _, function = command.target.partition(":")
            one.set_defaults(module=module, function=function, command=command.name)


def _option(parser: argparse.ArgumentParser, option: Option) -> None:
    given: dict[str, Any] = {
        "nargs": option.nargs,
        "action": option.action,
        "metavar": option.metavar,
        "choices": option.choices,
        "type": option.type,
        "default": option.default,
        "dest": option.dest,
    }
    told = option.help + ": %(words)s" if option.words else option.help
    action = parser.add_argument(*option.flags, help=told, **{name: value for name, value in given.items() if value})
    if option.words:
        action.words = _Importers()  # type: ignore[attr-defined]


class _Importers:
    """The names of jailpf's own adapters that can import, found out when a help text is printed."""

    def __str__(self) -> str:
        return ", ".join(importers())


def importers() -> list[str]:
    """What `jailpf import NAME` takes without a plugin, for help and completion."""
    from jailpf.cli import import_
    from jailpf.registry import build

    return import_.importers(build())


def _common() -> _Parser:
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("-c", dest="file", metavar="FILE", help=f"the settings (default {DEFAULT_FILE})")
    common.add_argument("--pf", choices=("pfctl", "simulated"), help="which pf to drive, whatever the settings say")
    common.add_argument("--run", metavar="DIR", help=f"the run directory (default {DEFAULT_RUN})")
    common.add_argument("-v", "--verbose", action="store_true", help="show every program that is run")
    return common
