"""From argv to options, by argparse. Options stand before or after the command alike."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from jailpf import __version__
from jailpf.cli import usage
from jailpf.cli.commands import COMMANDS, Command, Option
from jailpf.declare.settings import DEFAULT_FILE, DEFAULT_RUN
from jailpf.state.rundir import PLANS

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULTS = {"file": DEFAULT_FILE, "run": DEFAULT_RUN, "plans": "", "pf": "", "verbose": False, "json": False}


STATUSES = (
    "The exit status is 0 when all is well, 1 when something was looked for and found, and 64 to 78, as in sysexits(3), for errors; "
    "jailpf(8) tells more."
)
WITH_VALUE = {"-c", "--pf", "--plans", "--run"} | {
    flag
    for command in COMMANDS
    for one in (command, *command.subcommands)
    for option in one.options
    for flag in option.flags
    if flag.startswith("-") and option.action in {"", "append"}
}


class _Parser(argparse.ArgumentParser):
    """words: the words of the command line that is being read, for its errors."""

    words: ClassVar[list[str]] = []

    def error(self, message: str) -> NoReturn:
        """One error, with the status of sysexits(3)."""
        raise usage.explained(self, message, _Parser.words)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line. Raises UsageError; --help and --version end the program."""
    parser = build()
    arguments = asked_for_help(arguments)
    ordered = in_order(arguments)
    _Parser.words = parted(arguments)[0]
    if other := [word for word in arguments if usage.is_strange(word, _Parser.words) and "--" not in arguments]:
        raise usage.left_over(_Parser.words, other)
    options, extra = parser.parse_known_args(ordered)
    if extra:
        raise usage.left_over(_Parser.words, extra)
    for name, value in DEFAULTS.items():
        if not hasattr(options, name):
            setattr(options, name, value)
    if not hasattr(options, "module"):
        raise usage.no_command(_Parser.words)
    return options


def asked_for_help(arguments: list[str]) -> list[str]:
    """`jailpf help [COMMAND]` and `jailpf -V`: everybody tries them."""
    if parted(arguments)[0][:1] == ["help"]:
        return [*(word for word in arguments if word != "help"), "--help"]
    return ["--version"] if arguments == ["-V"] else arguments


def in_order(arguments: list[str]) -> list[str]:
    """The same command line with the options behind the command: argparse takes none between positional ones."""
    if "--" in arguments:
        return arguments
    words, given = parted(arguments)
    command = next((one for one in COMMANDS if words and one.name == words[0]), None)
    depth = 2 if command and command.subcommands else 1
    if given and given[-1] in WITH_VALUE and given[-1] is arguments[-1]:  # no word is to be taken for its value
        return [*words[:depth], *given[:-1], *words[depth:], given[-1]]
    return [*words[:depth], *given, *words[depth:]]


def parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The words of a command line, and its options with their values."""
    given, words = [], []
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        given.append(word)
        if word in WITH_VALUE:
            given += [value for value in [next(rest, None)] if value is not None]
    return words, given


def build() -> argparse.ArgumentParser:
    """The whole parser, for parsing, for completions and for the man page's test."""
    parser = _Parser(
        "jailpf",
        description="The firewall follows the jail.",
        parents=[_common()],
        epilog=f"jailpf COMMAND --help shows its arguments. {STATUSES} The files: jailpf.toml(5).",
    )
    parser.add_argument("--version", action="version", version=f"jailpf {__version__}")
    _add(parser, COMMANDS, "jailpf")
    return parser


def _add(parser: argparse.ArgumentParser, commands: Iterable[Command], prefix: str) -> None:
    sub = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=_Parser)
    for command in commands:
        one = sub.add_parser(
            command.name, help=command.help, description=command.help[:1].upper() + command.help[1:] + ".",
            epilog=f"example: {command.example}. {STATUSES}", parents=[_common()],
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
    common.add_argument(
        "--plans",
        metavar="DIR",
        help=f"where compiled rules outlive the boot (default {PLANS}, DIR/plans with --run DIR)",
    )
    common.add_argument("-v", "--verbose", action="store_true", help="show every program that is run")
    return common
