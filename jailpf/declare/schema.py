"""Declared keys: one declaration gives the TOML reader, the JSON Schema and the reference page."""

from __future__ import annotations

import dataclasses
import re
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

from jailpf.declare.foreign import foreign
from jailpf.declare.hands import Known, bare_word, shown, stranger
from jailpf.declare.places import KEY
from jailpf.values.base import describe
from jailpf.values.peer import BareWordError
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from jailpf.declare.toml import Document, KeyPath
    from jailpf.errors import Place, Problem

T = TypeVar("T")
_OURS = nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table. `type` is a value class, bool, or a class with keys of its own (a nested table)."""

    type: Any
    doc: str
    name: str = ""
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    empty: bool = True


def key(
    type: Any,  # noqa: A002 - the field's word
    doc: str,
    *,
    name: str = "",
    default: Any = None,
    many: bool = False,
    required: bool = False,
    choices: tuple[str, ...] = (),
    optional: bool = False,
    filled: bool = False,
    shown: str = "",
) -> Any:
    """Declare a key of a rule type, or of a `Keys` table.

    type: a value class of jailpf.plugin (or your own, with `parse` that raises ValueError, `schema` and `__str__`), `bool`,
    `str` with `choices`, or a `Keys` class for a nested table. doc: one sentence for editors and the reference page.
    name: the TOML key, if it differs from the attribute (`from`). many: the file has one value or an array; here it is always a tuple.
    default: the value when the key is absent: None, or () with `many` (None with `many` and `optional`).
    required: the key must be present. filled: an empty array is refused. choices: the words that a `str` may have.
    shown: the default in words, for the docs. With `many` and no other default, an empty array is then refused, because
    "nobody" would be read as "any". Raises TypeError for a key that cannot be read.
    """
    if many and default is None and not optional:
        default = ()
    if isinstance(default, list):
        raise TypeError("the default of a key with many values is a tuple")
    if type is not bool and not choices and not hasattr(type, "parse") and not dataclasses.is_dataclass(type):
        raise TypeError(f"{type!r} is not the type of a key: a value class, bool, str with choices, or a Keys class")
    declared = Key(
        type=type, doc=doc, name=name, many=many, required=required, choices=choices, default=shown,
        empty=not filled and not (many and default == () and shown),
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={"key": declared})


@dataclass_transform(field_specifiers=(key,), frozen_default=True, kw_only_default=True)
class Keys:
    """A table with declared keys: the base class of rule types, and of tables inside one.

    A subclass becomes a frozen dataclass; `key()` makes its fields.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(frozen=True, kw_only=True)(cls)

    def problems(self) -> Iterable[tuple[str, str]]:
        """Check combinations of keys: ("KEY", "SENTENCE; REMEDY") for each problem.

        KEY is the TOML key, "KEY.2" the third value of an array, "" the table itself; the error gets its place.
        """
        return ()


def keys(cls: type) -> dict[str, tuple[str, Key]]:
    """{TOML key: (attribute, Key)} in the order of declaration. `-` of pf.conf(5) is `_` here."""
    if cls not in _keys:
        _keys[cls] = {
            declared.name or field.name: (field.name, declared)
            for field in dataclasses.fields(cls)
            if (declared := field.metadata.get("key")) is not None
        }
    return _keys[cls]


_keys: dict[type, dict[str, tuple[str, Key]]] = {}


class Reader:
    """Reads tables of one document and gathers every problem. known: what else there is, for remedies."""

    def __init__(self, document: Document, known: Known | None = None) -> None:
        self.document = document
        self.known = known or Known()
        self.problems: list[Problem] = []
        self._owner = ""  # the plugin whose table is being read

    def place(self, path: KeyPath) -> Place:
        """Where that is written."""
        return self.document.place(path)

    def _has_line(self, path: KeyPath) -> bool:
        """Whether it is written as [a.b.c], not as a key."""
        lines = self.document.text.split("\n")
        return lines[self.place(path).line - 1].lstrip().startswith("[")

    def wrong(self, path: KeyPath, message: str, remedy: str = "") -> None:
        """Note a problem."""
        from jailpf.errors import Problem

        self.problems.append(Problem(message, self.place(path), remedy))

    def table(self, path: KeyPath, raw: object, what: str) -> dict[str, Any]:
        """`raw` as a table; anything else is noted and read as empty."""
        if isinstance(raw, dict):
            return raw
        self.wrong(path, f"{what} is a table, not {describe(raw)}")
        return {}

    def unknown(self, path: KeyPath, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        """Note every key that is not known, with the nearest that is."""
        known = list(known)
        kind = str(path[-1] if len(path) == 3 else path[0]) if path else "file"
        strange: dict[str, list[str]] = {}
        for name in table:
            if name not in known:
                near = did_you_mean(name, known)
                remedy = stranger(kind, name, table[name]) or (_not_enabled(name) if len(path) == 2 else "")
                dotted = isinstance(table[name], dict) and self._has_line((*path, name, KEY))
                if not remedy and dotted and len(path) == 2 and near.startswith("known"):
                    remedy = f"a dot separates tables; write [{path[0]}.{_flat((path[1], name), table[name])}]"
                remedy = remedy or self.home(name, kind, table[name]) or near
                strange.setdefault(remedy if remedy.startswith("it is a key of") else name, []).append(name)
                if strange.get(remedy, [name])[0] == name:
                    self.wrong((*path, name, KEY), f"{name!r} is not a key of {where}", remedy)
        for remedy, names in strange.items():
            if len(names) > 1:
                self.problems = [
                    one._replace(message=f"{' and '.join(map(repr, names))} are not keys of {where}", remedy=f"they are{remedy[5:].replace('a key', 'keys')}")
                    if one.remedy == remedy else one for one in self.problems
                ]  # fmt: skip

    def home(self, name: str, kind: str = "", value: object = ...) -> str:
        """Where a key belongs that was written in a table that does not have it, "" when none has it."""
        tables = self.known.homes.get(name, ())
        if kind == "service" and (inside := [one for one in tables if one.endswith("of a service")]):
            keyword = inside[0].split(" ")[0]
            return f"it is a key of {keyword}: {keyword} = {{ {name} = {shown(value)} }}"
        return f"it is a key of {' and '.join(tables)}" if tables else ""

    def read(self, cls: type[T], path: KeyPath, table: Mapping[str, Any], extra: Iterable[str] = ()) -> T | None:
        """Make a `cls` from a table; None when something was wrong. `extra` keys are somebody else's."""
        outer, self._owner = self._owner, getattr(cls, "plugin", "") or self._owner
        try:
            return self._read(cls, path, table, extra)
        finally:
            self._owner = outer

    def _read(self, cls: type[T], path: KeyPath, table: Mapping[str, Any], extra: Iterable[str]) -> T | None:
        before = len(self.problems)
        declared = keys(cls)
        self.unknown(path, table, [*declared, *extra], _called(path))
        values: dict[str, Any] = {}
        for name, (attribute, one) in declared.items():
            if name in table:
                values[attribute] = self._value(one, (*path, name), table[name])
            elif one.required and not any(
                f"`{name}`" in each.remedy or f"'{name}'" in each.remedy for each in self.problems[before:]
            ):
                self.wrong(path, f"{_called(path)} has no {name!r}", f"add {name} = ...")
        if len(self.problems) > before:
            return None
        with self._foreign(cls, "problems", path):
            made = cls(**values)
            found = [(str(where), str(message)) for where, message in getattr(made, "problems", lambda: ())() or ()]
        for where, message in found:
            steps = (int(step) if step.isdigit() else step for step in where.split("."))
            sentence, _, remedy = message.partition("; ")
            self.wrong((*path, *steps), sentence, remedy)
        return made if len(self.problems) == before else None

    def _foreign(self, cls: type, called: str, path: KeyPath, *keep: type[Exception]) -> AbstractContextManager[None]:
        """`foreign` for a class of the plugin that is at work; nothing for jailpf's own, which are most."""
        if not self._owner:
            return _OURS
        return foreign(self._owner, f"{cls.__name__}.{called}()", self.place(path), keep=keep)

    def _value(self, one: Key, path: KeyPath, raw: object) -> Any:
        if not one.many:
            return self._one(one, path, raw)
        if isinstance(raw, list):
            if not raw and not one.empty:
                # Without the key it would be everybody, or everything, which nobody has written.
                self.wrong(path, "the array is empty", "add at least one value")
            return tuple(self._one(one, (*path, number), each) for number, each in enumerate(raw))
        return (self._one(one, path, raw),)

    def _one(self, one: Key, path: KeyPath, raw: object) -> Any:
        if one.type is bool:
            if not isinstance(raw, bool):
                self.wrong(path, f"this must be true or false, not {describe(raw)}", _truth(path, raw))
            return raw
        if one.choices:
            if raw not in one.choices:
                words = ", ".join(f'"{choice}"' for choice in one.choices)
                self.wrong(path, f"{raw!r} is not one of {words}", did_you_mean(str(raw), one.choices))
            return raw
        if dataclasses.is_dataclass(one.type) and not hasattr(one.type, "parse"):
            return self.read(cast("type[Any]", one.type), path, self.table(path, raw, _called(path)))
        try:
            with self._foreign(one.type, "parse", path, ValueError):
                return one.type.parse(raw)
        except BareWordError as wrong:
            first = (
                "Outgoing" in one.type.__name__ or "Outside" in one.type.__name__ or path[-1] in ("ext_ip4", "ext_ip6")
            )
            self.wrong(path, *bare_word(wrong, self.known, first=first, party=one.type.__name__ == "Party"))
        except ValueError as wrong:
            message, _, remedy = str(wrong).partition("; ")
            if path[:1] == ("jail",) and isinstance(raw, dict):
                message, remedy = f"{_called(path)} is not a table", stranger("jail", str(path[-1]), raw)
            self.wrong(path, message, remedy)
        return None


def _truth(path: KeyPath, raw: object) -> str:
    """true and false in other spellings."""
    word = str(raw).lower()
    if path[-1] == "overload" and word.startswith("<"):
        return "write true: the rules get a table of their own, because pf cannot fill one of pf.conf from an anchor"
    if word in ("yes", "true", "on", "1", "all", "no", "false", "off", "0", "none"):
        return f"write {'true' if word in ('yes', 'true', 'on', '1', 'all') else 'false'}, without quotes"
    return ""


def _not_enabled(name: str) -> str:
    """Plugins are mostly called as their rule type; those that are enabled have their keys here."""
    from jailpf.system.installed import entry_points

    for called in entry_points():
        if called.replace("-", "_") == name.replace("-", "_"):
            return f"the plugin {called!r} is installed but not enabled: add it to `plugins` in jailpf.toml"
    return ""


def _flat(names: Iterable[object], table: Mapping[str, Any]) -> str:
    """The name that somebody wrote with dots, with `-` for them."""
    parts = list(map(str, names))
    while len(table) == 1 and isinstance(inside := next(iter(table.values())), dict):
        parts.append(next(iter(table)))
        table = inside
    return "-".join(parts)


def _called(path: KeyPath) -> str:
    if len(path) == 2 and isinstance(path[1], int):
        return f"[[{path[0]}]]"
    return "[" + ".".join(map(_part, path)) + "]" if path else "this file"


def _part(part: str | int) -> str:
    """A key as TOML writes it; what is no bare key is quoted, so that an error stays one line."""
    return str(part) if re.fullmatch(r"[A-Za-z0-9_-]+", str(part), re.ASCII) else repr(part)


def documented(cls: type) -> Iterator[tuple[str, Key]]:
    """(TOML key, Key) for the reference page."""
    for name, (_, one) in keys(cls).items():
        yield name, one
