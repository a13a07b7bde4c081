"""A command line that cannot be understood: what was meant, in the words of the command that it is about.

Other tools and haste have other words. What is offered is a command line that works.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from jailpf.cli.commands import COMMANDS
from jailpf.errors import UsageError
from jailpf.values.near import is_network
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    import argparse

    from jailpf.cli.commands import Command, Option

FIRST = ("init", "new", "check", "attach", "doctor")
MANAGERS = "the jail manager starts and stops jails, such as `service jail start JAIL`"
OTHERS = {
    "start": f"{MANAGERS}; `jailpf load JAIL` loads the rules by hand",
    "stop": f"{MANAGERS}; `jailpf unload JAIL` removes the rules by hand",
    "restart": f"{MANAGERS}; `jailpf reload JAIL` loads the rules again",
    "show": "`jailpf render JAIL` shows what is declared, `jailpf status` what is loaded, `jailpf diff JAIL` both",
    "flush": "it is `jailpf unload JAIL`",
    "rdr": "ports are declared in jails/NAME.toml: [service.NAME] with port = ..., then `jailpf reload JAIL`",
    "nat": "it is declared: [nat.NAME] in jails/NAME.toml, or nat in [host] of jailpf.toml for all jails",
    "enable": "`jailpf attach JAIL` writes hook lines; sysrc jailpf_enable=YES runs jailpf at boot",
    "disable": "`jailpf detach JAIL` removes hook lines",
    "add": "a jail's file is jails/NAME.toml: `jailpf new JAIL` writes one, `jailpf reload JAIL` loads it",
    "edit": "a jail's file is jails/NAME.toml: edit it, then `jailpf reload JAIL`",
    "rm": "a jail's file is jails/NAME.toml: remove it, and `jailpf unload JAIL`",
    "remove": "a jail's file is jails/NAME.toml: remove it, and `jailpf unload JAIL`",
    "delete": "a jail's file is jails/NAME.toml: remove it, and `jailpf unload JAIL`",
    "test": "it is `jailpf check`",
    "validate": "it is `jailpf check`",
    "version": "it is `jailpf --version`",
    "apply": "use `jailpf load JAIL`, or `jailpf sync` for all running jails",
    "ls": "did you mean 'list'?",
    "install": "install plugins with pip and list them in `plugins` of jailpf.toml",
}
ACTIONS = {
    "remove": "delete",
    "del": "delete",
    "rm": "delete",
    "list": "show",
    "ls": "show",
    "set": "replace",
    "flush": "replace NAME --empty",
}
OPTIONS = {
    "--config": "-c FILE",
    "--conf": "-c FILE",
    "--format": "--json",
    "-j": "--json",
    "--dryrun": "-n",
    "--simulated": "--pf simulated",
}


def found(words: list[str]) -> tuple[Command | None, str]:
    """The command that a line begins with, and how it is called: "jailpf plugin new"."""
    commands: tuple[Command, ...] = COMMANDS
    called, one = "jailpf", None
    for word in words:
        inner = next((each for each in commands if each.name == word), None)
        if inner is None:
            break
        one, called, commands = inner, f"{called} {word}", inner.subcommands
    return one, called


def is_strange(option: str, words: list[str]) -> bool:
    """Whether an option is another tool's, or `--all` of a command that has none: told before anything that is missing."""
    one, _ = found(words)
    without = one is not None and not any("--all" in each.flags for each in one.options)
    return option.partition("=")[0] in OPTIONS or (option == "--all" and without)


def no_command(words: list[str]) -> UsageError:
    """Nothing, or only the first of two words."""
    one, called = found(words)
    if one is not None:
        offered = ", ".join(f"`{each.example}`" for each in one.subcommands)
        return UsageError(f"{called}: a subcommand is missing", None, f"it is {offered}")
    first = ", ".join(f"`jailpf {name}`" for name in FIRST)
    return UsageError("no command is given", None, f"start with {first}; `jailpf --help` lists all")


def unknown_command(words: list[str], known: list[str], prog: str) -> UsageError:
    """A word that is no command."""
    word = words[0]
    names = {command.name for command in COMMANDS}
    what = f"{prog}: there is no command {word!r}"
    if prog != "jailpf":
        near = did_you_mean(word, known, only_near=True)
        one, _ = found(prog.split()[1:])
        remedy = OTHERS.get(word) or (
            f"did you mean {near!r}?" if near else f"it is `{one.subcommands[0].example}`" if one else ""
        )
        return UsageError(what, None, f"known are {', '.join(known)}; {remedy}" if word == "help" else remedy)
    if len(words) > 1 and words[1] in names:
        return UsageError(what, None, f"write the command first: jailpf {words[1]} {' '.join([word, *words[2:]])}")
    if len(words) > 1 and words[1] in ("show", "add", "delete", "replace", "reload", "expire", "refresh"):
        return UsageError(what, None, f"write jailpf table JAIL {' '.join(words)}")
    if word in OTHERS:
        return UsageError(what, None, OTHERS[word])
    near = did_you_mean(word, known, only_near=True)
    return UsageError(what, None, f"did you mean {near!r}?" if near else "`jailpf --help` shows all commands")


def left_over(words: list[str], extra: list[str]) -> UsageError:
    """Arguments that the command does not take."""
    one, called = found(words)
    help_of = f"`{called} --help` shows its arguments"
    word = extra[0]
    option = word.partition("=")[0]
    if one is None:
        near = OPTIONS.get(option) or _nearest(option, ["-c", "--pf", "--run", "--verbose", "--version", "--help"])
        return UsageError(
            f"jailpf has no option {option}", None, f"did you mean {near}?" if near else "`jailpf --help` shows all"
        )
    flags = (
        [flag for each in one.options for flag in each.flags if flag.startswith("-")]
        + ["-c", "--pf", "--run", "-v", "--verbose"]
        + (["--json"] if one.json else [])
    )
    if not word.startswith("-"):
        if any(each.flags == ("jail",) for each in one.options):
            return UsageError(
                f"{called} takes one jail, but {word!r} is a second one", None, f"run it once for each; {help_of}"
            )
        return UsageError(f"{called} does not take {word!r}", None, f"it is `{one.example}`; {help_of}")
    meant = OPTIONS.get(option, option)
    if meant == "--json" and not one.json:
        offered = ", ".join(each.name for each in COMMANDS if each.json)
        return UsageError(f"{called} has no --json", None, f"these have it: {offered}")
    if option == "--all" and any(each.nargs == "+" for each in one.options):
        return UsageError(f"{called} has no --all", None, "name the jails; `jailpf sync` does it for all that run")
    if option == "--all" and any(each.nargs == "*" for each in one.options):
        return UsageError(f"{called} has no --all", None, "without names it takes all jails")
    near = meant if meant != option else _nearest(option, flags)
    return UsageError(f"{called} has no option {option}", None, f"did you mean {near}?" if near else help_of)


def explained(parser: argparse.ArgumentParser, message: str, words: list[str]) -> UsageError:
    """argparse's words, in ours."""
    prog = parser.prog
    one, _ = found(prog.split()[1:])
    shape = f"it is `{one.example}`; see `{prog} --help`" if one else f"see `{prog} --help`"
    if match := re.match(r"argument COMMAND: invalid choice: '(.*?)' \(choose from (.*)\)$", message):
        known = re.findall(r"[a-z]+", match[2])
        rest = words[words.index(match[1]) :] if match[1] in words else [match[1]]
        return unknown_command(rest, known, prog)
    if match := re.match(r"the following arguments are required: (.*)$", message):
        if one is not None and one.name == "import":
            words_of = "|".join(_importers())
            return UsageError(
                f"{prog}: the source is missing: {words_of}", None, "`jailpf import -n NAME` shows what it would write"
            )
        names = [_shown(one, name) for name in match[1].split(", ") if not _optional(one, name)]
        return UsageError(f"{prog}: {' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing", None, shape)
    if match := re.match(r"argument ([a-z_]+): invalid choice: '(.*?)' \(choose from (.*)\)$", message):
        return _choice(prog, match[1], match[2], re.findall(r"'([^']*)'", match[3]), words)
    return _value(prog, message) or UsageError(f"{prog}: {message}", None, f"see `{prog} --help`")


def _value(prog: str, message: str) -> UsageError | None:
    """What is wrong about an option's value."""
    found = re.match(r"argument (\S+): (.*)$", message)
    if not found:
        return None
    option, what = found[1].partition("/")[0], found[2]
    remedy = f"see `{prog} --help`"
    if what.startswith("expected"):
        return UsageError(f"{prog}: {option} needs a value", None, remedy)
    if choice := re.match(r"invalid choice: '(.*?)' \(choose from (.*)\)", what):
        known = re.findall(r"[\w.-]+", choice[2])
        near = did_you_mean(choice[1], known, only_near=True)
        remedy = f"did you mean {near}?" if near else remedy
        return UsageError(f"{prog}: {option} is one of {', '.join(known)}, not {choice[1]!r}", None, remedy)
    if ignored := re.match(r"ignored explicit argument '(.*)'", what):
        return UsageError(f"{prog}: {option} takes no value, not {ignored[1]!r}", None, f"write {option} alone")
    if number := re.match(r"invalid (int|float) value: '(.*)'", what):
        return UsageError(f"{prog}: {option} needs a number, not {number[2]!r}", None, remedy)
    return None


def _importers() -> list[str]:
    from jailpf.cli import import_
    from jailpf.registry import build

    return import_.importers(build())


def _choice(prog: str, name: str, word: str, known: list[str], words: list[str]) -> UsageError:
    if name == "action":
        rest = [each for each in words[1:] if not each.startswith("-")]
        if is_network(word) or (rest and rest[0] in known):
            verb = next((each for each in rest if each in known), "add")
            others = [each for each in rest if each not in known]
            line = (
                f"jailpf table JAIL {others[0]} {verb} {others[1]}"
                if is_network(word) and len(others) == 2
                else f"jailpf table {' '.join(others[:2])} {verb} {' '.join(others[2:])}"
            )
            return UsageError(f"{prog}: write the jail first, then the table, then the action", None, line)
        near = ACTIONS.get(word) or did_you_mean(word, known, only_near=True)
        return UsageError(
            f"{prog}: {word!r} is not an action on a table",
            None,
            f"did you mean {near}?" if near else f"it is {'|'.join(known)}",
        )
    near = did_you_mean(word, known, only_near=True)
    return UsageError(
        f"{prog}: {word!r} is not one of {', '.join(known)}",
        None,
        f"did you mean {near!r}?" if near else f"see `{prog} --help`",
    )


def _of(one: Command | None, name: str) -> Option | None:
    return next((each for each in one.options if name in (*each.flags, each.metavar)), None) if one else None


def _optional(one: Command | None, name: str) -> bool:
    option = _of(one, name)
    return option is not None and option.nargs in ("*", "?")


def _shown(one: Command | None, name: str) -> str:
    option = _of(one, name)
    return "|".join(option.choices) if option and option.choices else name


def _nearest(option: str, flags: list[str]) -> str:
    return next(iter(difflib.get_close_matches(option, flags, 1, 0.6)), "")
