"""Writes what stands between the marks of docs/reference: `python tools/reference.py`. The declarations are the source."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import re
import sys
import textwrap
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jailpf import errors, hookspecs, plugin
from jailpf.cli.commands import COMMANDS, GROUPS, Command, Option
from jailpf.cli.parser import importers
from jailpf.declare import toml as document
from jailpf.declare.host import Host, Uplink
from jailpf.declare.jail_table import JailTable
from jailpf.declare.rules import RuleType, Service
from jailpf.declare.schema import keys
from jailpf.declare.settings import PROGRAMS, Settings, Watch
from jailpf.registry import build
from jailpf.values.fields import shown
from jailpf_plugins import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
REFRESH = "python tools/reference.py"
MARK = re.compile(r"(<!-- BEGIN GENERATED: (\w+) -->\n).*?(<!-- END GENERATED -->)", re.DOTALL)
HOOKS = [name for name in vars(hookspecs) if name.startswith("jailpf_")]


def main() -> int:
    """Refresh every page."""
    for page in sorted(FOLDER.glob("*.md")):
        page.write_text(fresh(page), encoding="utf-8")
    return 0


def fresh(page: Path) -> str:
    """The page as it should be."""
    text = page.read_text(encoding="utf-8")
    return MARK.sub(lambda found: found[1] + "\n" + REGIONS[found[2]]().strip() + "\n\n" + found[3], text)


def key_table(cls: type) -> str:
    """A row for each key, in the order of declaration."""
    defaults = _defaults(cls)
    rows = ["| Key | Value | Default | |", "| --- | --- | --- | --- |"]
    for name, (attribute, one) in keys(cls).items():
        kind = "true or false" if one.type is bool else " or ".join(f'`"{word}"`' for word in one.choices)
        kind = kind or one.type.__name__
        kind += ", or a list" if one.many else ""
        default = "required" if one.required else _default(one.default, defaults[attribute])
        rows.append(f"| `{name}` | {kind} | {default} | {_cell(one.doc)} |")
    return "\n".join(rows)


def _defaults(cls: type) -> dict[str, Any]:
    import dataclasses

    return {field.name: field.default for field in dataclasses.fields(cls)}


def _default(shown: str, value: object) -> str:
    if shown:
        return _cell(shown if "`" in shown else f"`{shown}`" if shown[:1] in '"[' else shown)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str) and value:
        return f'`"{value}"`'
    if isinstance(value, tuple) and value:
        return "`[" + ", ".join(f'"{each}"' for each in value) + "]`"
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def settings() -> str:
    """jailpf.toml."""
    programs = "\n".join(f"| `{name}` | `{path}` |" for name, path in PROGRAMS.items())
    parts = [
        ("At the top", key_table(Settings)),
        ("[host]: the host's side", key_table(Host)),
        ("[host.uplink.NAME]: another way outside than that of the default route", key_table(Uplink)),
        ("[watch]: what `jailpf watch` does", key_table(Watch)),
        ("[programs]: only where they are not in their usual place", f"| Key | Default |\n| --- | --- |\n{programs}"),
    ]
    parts += [
        (f"[managers.{name.replace('.', '_')}]: of the adapter {name}", key_table(cls))
        for name, cls in build().manager_keys().items()
    ]
    return _sections(parts)


def declarations() -> str:
    """A jail's file."""
    parts = [("[service.NAME]", _paragraph(Service).partition(": ")[2].capitalize() + "\n\n" + key_table(Service))]
    types = [one for module in BUILT_IN for one in module.jailpf_rule_types() if issubclass(one, RuleType)]
    for one in sorted(types, key=lambda each: (each.scope == "jail", each.rank, each.keyword)):
        heading = f"{one.keyword}, of a service" if one.scope == "service" else f"[{one.keyword}.NAME]"
        parts.append((heading, f"{_paragraph(one)}\n\n{key_table(one)}"))
    parts.append(("[jail]", "What the jail manager does not know, or knows wrongly.\n\n" + key_table(JailTable)))
    return _sections(parts)


def commands() -> str:
    """The command line, in the groups of --help."""
    of = {one.name: one for one in COMMANDS}
    groups = ((heading, _commands((of[name] for name in names), "jailpf")) for heading, names in GROUPS.items())
    return "\n\n".join(f"## {heading.capitalize()}\n\n{_sections(parts)}" for heading, parts in groups)


def _commands(found: Iterable[Command], prefix: str) -> Iterator[tuple[str, str]]:
    for one in found:
        if one.subcommands:
            yield from _commands(one.subcommands, f"{prefix} {one.name}")
            continue
        options = [
            *one.options,
            *([Option(("--json",), "print JSON for programs", action="store_true")] if one.json else []),
        ]
        lines = [f"| `{_written(option)}` | {_cell(_told(option))} |" for option in options]
        table = "\n".join(["", "| | |", "| --- | --- |", *lines, ""]) if lines else ""
        usage = " ".join([f"{prefix} {one.name}", *(_usage(option) for option in options)])
        sentence = one.help[:1].upper() + one.help[1:]
        yield (
            f"{prefix} {one.name}".removeprefix("jailpf "),
            f"{sentence}.\n\n    {usage}\n{table}\nExample: `{one.example}`",
        )


def _told(option: Option) -> str:
    return f"{option.help}: {', '.join(importers())}" if option.words else option.help


def _written(option: Option) -> str:
    if not option.flags[0].startswith("-"):
        return option.metavar or option.flags[0]
    return ", ".join(option.flags) + (f" {option.metavar}" if option.metavar else "")


def _usage(option: Option) -> str:
    if option.flags[0].startswith("-"):
        return f"[{option.flags[0]}{' ' + option.metavar if option.metavar else ''}]"
    word = "|".join(option.choices) or option.metavar or option.flags[0]
    return {"*": f"[{word} ...]", "+": f"{word} ...", "?": f"[{word}]"}.get(str(option.nargs), word)


def hooks() -> str:
    """The five hooks."""
    return _sections((name, f"```python\n{signature(name)}\n```\n\n{_doc(getattr(hookspecs, name))}") for name in HOOKS)


def signature(name: str) -> str:
    """As an author writes it."""
    source = inspect.getsource(getattr(hookspecs, name))
    line = next(line for line in source.split("\n") if line.startswith("def "))
    return f"@hookimpl\n{line.split('  #')[0].removesuffix(':')}: ..."


def api() -> str:
    """Every name of jailpf.plugin."""
    parts = []
    for name in plugin.__all__:
        what = getattr(plugin, name)
        if inspect.ismodule(what):
            names = [each for each in what.__all__ if inspect.isfunction(getattr(what, each))]
            lines = [f"* `{name}.{each}`: {_paragraph(getattr(what, each))}" for each in names]
            parts.append((name, _doc(what) + "\n\n" + "\n".join(lines)))
            continue
        if not (inspect.isclass(what) or inspect.isfunction(what)):
            continue
        members = "".join(f"\n* {line}" for line in _members(what)) if inspect.isclass(what) else ""
        parts.append((name, _doc(what) + ("\n" + members if members else "")))
    return _sections(parts)


def _members(cls: type) -> Iterator[str]:
    if not issubclass(cls, RuleType):
        yield from _fields(cls)
    own = [one for one in cls.__mro__ if one.__module__.startswith("jailpf") and one.__name__ not in plugin.__all__]
    for name, value in {name: value for one in (*reversed(own), cls) for name, value in vars(one).items()}.items():
        if name.startswith("_"):
            continue
        call = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if inspect.isfunction(call):
            names = [each for each in inspect.signature(call).parameters if each not in ("self", "cls")]
            yield f"`{name}({', '.join(names)})`: {_paragraph(call)}"
        elif isinstance(value, property):
            yield f"`{name}`: {_paragraph(value)}"


def _fields(cls: type) -> Iterator[str]:
    """Each field with what it takes and its default; a declared key with its sentence."""
    declared = dict(keys(cls).values()) if dataclasses.is_dataclass(cls) else {}
    hints = _hints(cls)
    for field in dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ():
        if field.name.startswith("_"):
            continue
        one = declared.get(field.name)
        if one and one.default:
            default = f", default {_default(one.default, None)}"
        elif field.default_factory is not dataclasses.MISSING:
            default = ", default empty"
        elif field.default is dataclasses.MISSING:
            default = ", required"
        else:
            default = f", default `{_code(field.default)}`"
        sentence = f": {one.doc}" if one else ""
        yield f"field `{field.name}`, {_cell(shown(hints[field.name]))}{default}{sentence}"


def _hints(cls: type) -> dict[str, Any]:
    """Annotations as types; those that only type checkers import are looked up where they are re-exported."""
    names: dict[str, Any] = {**vars(typing), **vars(collections.abc), **vars(plugin), **vars(errors), **vars(document)}
    return typing.get_type_hints(cls, localns=names)


def _code(value: object) -> str:
    if isinstance(value, str) and type(value) is not str:
        return f'"{value}"'
    return f'"{value}"' if isinstance(value, str) else str(value) if not isinstance(value, tuple) or value else "()"


def statuses() -> str:
    """sysexits(3), from the tree of errors."""
    found: dict[int, list[str]] = {}
    for one in vars(errors).values():
        if inspect.isclass(one) and issubclass(one, errors.JailpfError) and "status" in vars(one):
            found.setdefault(one.status, []).append(_paragraph(one))
    found[70] = ["A bug of jailpf; please report it with the traceback."]
    rows = [f"| {status} | {_cell(' '.join(found[status]))} |" for status in sorted(found)]
    return "\n".join(["| Status | Meaning |", "| --- | --- |", *rows])


def _doc(what: object) -> str:
    """The whole docstring as Markdown."""
    return "\n".join(line.rstrip() for line in textwrap.dedent(inspect.getdoc(what) or "").split("\n")).replace(
        "<", "&lt;"
    )


def _paragraph(what: object) -> str:
    return " ".join((inspect.getdoc(what) or "").split("\n\n")[0].split()).replace("<", "&lt;")


def _sections(parts: Iterable[tuple[str, str]]) -> str:
    return "\n\n".join(f"### {heading}\n\n{text.strip()}" for heading, text in parts)


REGIONS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "declarations": declarations,
    "commands": commands,
    "hooks": hooks,
    "api": api,
    "statuses": statuses,
}

if __name__ == "__main__":
    sys.exit(main())
