"""Write what the manual pages list: the keys of jailpf.toml.5, the commands and options of jailpf.8.

`python man/keys.py`, or `--check` for a test.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.cli.commands import COMMANDS, Option
from jailpf.cli.parser import importers
from jailpf.declare.host import Host, Uplink
from jailpf.declare.jail_table import JailTable
from jailpf.declare.rules import RuleType, Service
from jailpf.declare.schema import Key, keys
from jailpf.declare.settings import Settings, Watch
from jailpf.registry import build
from jailpf_plugins import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.cli.commands import Command

PAGE = Path(__file__).with_name("jailpf.toml.5")
COMMAND_PAGE = Path(__file__).with_name("jailpf.8")
JSON = Option(("--json",), "print JSON for programs", action="store_true")


def tables() -> Iterator[tuple[str, str, type]]:
    """(heading, first sentence, class) of every table of keys, in the order of the page."""
    yield "The settings themselves", "At the top of the file.", Settings
    yield "[host] of the settings", "The host.", Host
    yield "[host.uplink.NAME] of the settings", "An uplink other than the default route.", Uplink
    yield "[watch] of the settings", "What `jailpf watch` does.", Watch
    for name, cls in build().manager_keys().items():
        yield f"[managers.{name.replace('.', '_')}] of the settings", f"For the adapter {name}.", cls
    yield "[jail] of a declaration", "What the jail's manager does not know, or knows wrongly.", JailTable
    yield "[service.NAME] of a declaration", "What listens in the jail.", Service
    for module in BUILT_IN:
        for rule_type in module.jailpf_rule_types():
            assert issubclass(rule_type, RuleType)  # noqa: S101 - for mypy
            word = rule_type.keyword
            heading = f"{word} of a service" if rule_type.scope == "service" else f"[{word}.NAME] of a declaration"
            yield heading, (rule_type.__doc__ or "").split("\n\n")[0], rule_type


def region() -> str:
    """What stands between the marks."""
    lines = []
    for heading, sentence, cls in tables():
        lines += [f".Ss {heading}", *prose(sentence), ".Bl -tag -width Ds"]
        for name, (attribute, one) in keys(cls).items():
            kind = " Pq true | false" if one.type is bool else " Pq one or a list" if one.many else ""
            lines += [f".It Ic {name}{kind}", *prose(one.doc)]
            if one.choices:
                lines += prose("One of " + ", ".join(f'"{word}"' for word in one.choices) + ".")
            if text := default(cls, attribute, one):
                lines += prose(text)
        lines.append(".El")
    return "\n".join(lines) + "\n"


def default(cls: type, attribute: str, one: Key) -> str:
    """The sentence about what holds without the key."""
    if one.required:
        return "Required."
    if one.default:
        return f"Default: {one.default}."
    value = next(field.default for field in dataclasses.fields(cls) if field.name == attribute)
    if isinstance(value, bool):
        return f"Default: {str(value).lower()}."
    if isinstance(value, str) and value:
        return f'Default: "{value}".'
    if isinstance(value, tuple) and value and all(type(each) is str for each in value):
        return "Default: [" + ", ".join(f'"{each}"' for each in value) + "]."
    return ""


def prose(text: str) -> list[str]:
    """Text lines for mdoc(7): a new line for each sentence, none too long, none that begins like a request."""
    text = re.sub(r"`([^`]*)`", r'"\1"', " ".join(text.split())).replace("\\", "\\e")
    lines = []
    for sentence in re.split(r"(?<=[a-z0-9)\]][.?]) (?=[A-Z])", text):
        lines += textwrap.wrap(sentence, 78, break_long_words=False, break_on_hyphens=False)
    return [f"\\&{line}" if line.startswith((".", "'")) else line for line in lines]


def synopsis() -> str:
    """Every command with its options and arguments, as the command line itself takes them."""
    lines = []
    for words, command in commands():
        lines += [".Nm", f".Cm {words}"]
        lines += [
            f".Op {_shape(one)}" if one.flags[0].startswith("-") else _argument(one) for one in _arguments(command)
        ]
    return "\n".join(lines) + "\n"


def options() -> str:
    """Every option and argument of every command that has any of its own."""
    lines = [".Bl -tag -width Ds"]
    for words, command in commands():
        arguments = _arguments(command)
        if not arguments:
            continue
        lines += [
            f".It Cm {words}",
            *prose(f"{command.help[:1].upper()}{command.help[1:]}."),
            ".Bl -tag -width Ds -compact",
        ]
        for one in arguments:
            told = one.help + (f": {', '.join(importers())}" if one.words else "")
            lines += [f".It {_shape(one, every=True)}", *prose(f"{told[:1].upper()}{told[1:]}.")]
        lines.append(".El")
    return "\n".join([*lines, ".El"]) + "\n"


def commands() -> Iterator[tuple[str, Command]]:
    """(its words, the command) of all that do something."""
    for command in COMMANDS:
        for inner in command.subcommands:
            yield f"{command.name} {inner.name}", inner
        if not command.subcommands:
            yield command.name, command


def _arguments(command: Command) -> list[Option]:
    """Options first."""
    every = [*command.options, *([JSON] if command.json else [])]
    return sorted(every, key=lambda one: not one.flags[0].startswith("-"))


def _shape(one: Option, *, every: bool = False) -> str:
    """ "Fl -main Ar file", or the argument itself. every: all spellings of an option."""
    value = f" Ar {_quoted(one.metavar)}" if one.metavar else f" Cm {' | '.join(one.choices)}" if one.choices else ""
    if not one.flags[0].startswith("-"):
        return f"Cm {' | '.join(one.choices)}" if one.choices else f"Ar {_quoted(one.metavar or one.flags[0])}"
    flags = one.flags if every else one.flags[:1]
    return " , ".join(f"Fl {flag[1:]}{value}" for flag in flags)


def _argument(one: Option) -> str:
    more = " ..." if one.nargs in ("*", "+") else ""
    shape = _shape(one) + more
    return f".Op {shape}" if one.nargs in ("*", "?") else f".{shape}"


def _quoted(metavar: str) -> str:
    return metavar.lower().replace(",...", "").replace("=", " Ns = Ns Ar ")


def fresh(file: Path, regions: dict[str, str]) -> str:
    """The page with its generated regions made anew."""
    text = file.read_text(encoding="utf-8")
    for name, made in regions.items():
        begin, end = (f'.\\" {which} GENERATED {name}\n' for which in ("BEGIN", "END"))
        before, _, rest = text.partition(begin)
        text = before + begin + made + end + rest.partition(end)[2]
    return text


def pages() -> dict[Path, str]:
    """{page: its text as it is to be}."""
    return {
        PAGE: fresh(PAGE, {"keys": region()}),
        COMMAND_PAGE: fresh(COMMAND_PAGE, {"synopsis": synopsis(), "options": options()}),
    }


if __name__ == "__main__":
    made = pages()
    if "--check" in sys.argv:
        sys.exit(any(text != file.read_text(encoding="utf-8") for file, text in made.items()))
    for file, text in made.items():
        file.write_text(text, encoding="utf-8")
