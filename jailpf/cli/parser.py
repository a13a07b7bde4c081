"""From argv to options, by argparse. Options stand before or after the command alike."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from jailpf import __version__
from jailpf.cli import usage
from jailpf.cli.commands import COMMANDS, GROUPS, Command, Option
from jailpf.declare.settings import DEFAULT_FILE, DEFAULT_RUN
from jailpf.state.rundir import PLANS

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULTS = {"file": DEFAULT_FILE, "run": DEFAULT_RUN, "plans": "", "pf": "", "verbose": False, "json": False}


STATUSES = "exit status: 0 fine, 1 something was found, 64 to 78 an error; see jailpf(8)"
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


class _Root(_Parser):
    """The parser of the whole command line: its help lists the commands in groups, before the options."""

    def format_help(self) -> str:
        """The text of `jailpf --help`."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        for group in reversed(self._action_groups):
            actions = group._group_actions
            if actions and isinstance(actions[0], argparse._SubParsersAction):
                of = {choice.dest: choice for choice in actions[0]._choices_actions}
                for heading, names in GROUPS.items():
                    formatter.start_section(heading)
                    formatter.add_arguments([of[name] for name in names])
                    formatter.end_section()
        for group in self._action_groups:
            actions = [each for each in group._group_actions if not isinstance(each, argparse._SubParsersAction)]
            formatter.start_section(group.title)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()


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
    parser = _Root(
        "jailpf",
        usage="jailpf [options] COMMAND ...",
        description="The firewall follows the jail: pf rules from one small file for each jail.",
        parents=[_common()],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"help on a command: jailpf COMMAND --help; on the files: jailpf.toml(5)\n{STATUSES}",
    )
    parser.add_argument(
        "--version", action="version", version=f"jailpf {__version__}", help="print the version and exit"
    )
    _add(parser, COMMANDS, "jailpf")
    return parser


def _add(parser: argparse.ArgumentParser, commands: Iterable[Command], prefix: str) -> None:
    sub = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=_Parser)
    for command in commands:
        one = sub.add_parser(
            command.name, help=command.help, description=command.help[:1].upper() + command.help[1:] + ".",
            epilog=f"example: {command.example}\n{STATUSES}", parents=[_common()], usage=_usage(command, prefix),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        one.prog = f"{prefix} {command.name}"
        one._positionals.title = "arguments"
        if command.json:
            one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs")
        for option in command.options:
            _option(one, option)
        if command.subcommands:
            _add(one, command.subcommands, one.prog)
        else:
            module, _, function = command.target.partition(":")
            one.set_defaults(module=module, function=function, command=command.name)


def _usage(command: Command, prefix: str) -> str:
    """The first line of a command's help."""
    shapes = {"": "{}", "?": "[{}]", "*": "[{} ...]", "+": "{} ..."}
    words = [one for one in command.options if not one.flags[0].startswith("-")]
    named = [shapes[str(one.nargs or "")].format(one.metavar or "|".join(one.choices)) for one in words]
    return " ".join([prefix, command.name, "[options]", *(["COMMAND ..."] if command.subcommands else named)])


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
    parser = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common = parser.add_argument_group("options of every command")
    common.add_argument("-c", dest="file", metavar="FILE", help=f"the settings (default {DEFAULT_FILE})")
    common.add_argument("--pf", choices=("pfctl", "simulated"), help="the pf to use, whatever the settings say")
    common.add_argument("--run", metavar="DIR", help=f"the run directory (default {DEFAULT_RUN})")
    common.add_argument(
        "--plans",
        metavar="DIR",
        help=f"where compiled rules are kept across reboots (default {PLANS}, or DIR/plans with --run DIR)",
    )
    common.add_argument("-v", "--verbose", action="store_true", help="show every program that jailpf runs")
    return parser
