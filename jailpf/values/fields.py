"""Fields that check themselves when an object is made: type and allowed words, as the class declares them."""

from __future__ import annotations

import collections.abc
import types
import typing
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def check_fields(made: object) -> None:
    """Hold each field of a dataclass object against its annotation.

    Raises TypeError that names class, field, what it takes and what it was given.
    """
    for one in _declared(type(made)):
        value = getattr(made, one.name)
        # Nearly every field has its default or the very class that is wanted, and a thousand jails have many rules.
        if value is not one.default and type(value) not in one.classes:
            one.check(made, value)


T = TypeVar("T")


def changed(made: T, **fields: object) -> T:
    """A dataclass object with slots, with other values in some fields; only these are checked.

    Raises as `check_fields` does.
    """
    new: T = object.__new__(type(made))
    for one in _declared(type(made)):
        if one.name in fields:
            value = fields[one.name]
            one.check(made, value)
        else:
            value = getattr(made, one.name)
        object.__setattr__(new, one.name, value)
    return new


class _Field(NamedTuple):
    """classes: those that fit as they are."""

    name: str
    default: object
    classes: frozenset[type]
    wanted: Any
    fits: Callable[[object], bool]

    def check(self, made: object, value: object) -> None:
        """Raises TypeError for a value that does not fit."""
        if value is self.default or type(value) in self.classes or self.fits(value):
            return
        hint = _parse_hint(value, self.wanted)
        raise TypeError(f"{type(made).__name__}.{self.name} takes {shown(self.wanted)}, not {value!r}{hint}")


_known: dict[type, list[_Field]] = {}


def _declared(cls: type[object]) -> list[_Field]:
    if cls not in _known:
        hints = typing.get_type_hints(cls)
        fields = getattr(cls, "__dataclass_fields__", {})
        _known[cls] = [
            _Field(name, one.default, frozenset(_classes(hints[name])), hints[name], _test(hints[name]))
            for name, one in fields.items()
        ]
    return _known[cls]


def _classes(wanted: Any) -> Iterator[type]:
    if get_origin(wanted) in (Union, types.UnionType):
        for one in get_args(wanted):
            yield from _classes(one)
    elif isinstance(wanted, type) and get_origin(wanted) is None:
        yield wanted


def fits(value: object, wanted: Any) -> bool:
    """Whether a value is what an annotation says: classes, Literal, unions, `tuple[X, ...]`; others are not looked into."""
    return _test(wanted)(value)


@cache
def _test(wanted: Any) -> Callable[[object], bool]:
    """The question, made once for each annotation."""
    origin, inside = get_origin(wanted), get_args(wanted)
    if origin is Literal:
        return lambda value: value in inside
    if origin in (Union, types.UnionType):
        any_of = [_test(one) for one in inside]
        return lambda value: any(test(value) for test in any_of)
    if origin is tuple:
        each, cls = _test(inside[0]), inside[0]
        if inside[1:] != (...,):
            return lambda value: isinstance(value, tuple)
        return lambda value: isinstance(value, tuple) and all(type(one) is cls or each(one) for one in value)
    if wanted is None or wanted is type(None):
        return lambda value: value is None
    cls = origin or wanted
    return (lambda value: isinstance(value, cls)) if isinstance(cls, type) else (lambda value: True)  # noqa: ARG005


def shown(wanted: Any) -> str:
    """An annotation in words: `"in", "out" or ""`, `Protocol or None`, `a tuple of Peer`."""
    origin = get_origin(wanted)
    if origin is Literal:
        return _either([f'"{word}"' for word in get_args(wanted)])
    if origin in (Union, types.UnionType):
        return _either([shown(one) for one in get_args(wanted)])
    if origin is tuple:
        return f"a tuple of {shown(get_args(wanted)[0])}"
    if origin in (collections.abc.Mapping, dict):
        return "a mapping of " + " to ".join(map(shown, get_args(wanted)))
    if origin is collections.abc.Callable:
        return "a function"
    if origin in (list, frozenset):
        return f"a {origin.__name__} of {shown(get_args(wanted)[0])}"
    if wanted is type(None):
        return "None"
    names = {bool: "True or False", str: "text", int: "a whole number"}
    return names.get(wanted) or str(getattr(wanted, "__name__", wanted))


def _either(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]


def _parse_hint(value: object, wanted: Any) -> str:
    """`; write Protocol.parse("tcp")` where the type could be made of what was given."""
    single = value[0] if isinstance(value, tuple) and len(value) == 1 else value
    for one in (wanted, *get_args(wanted)):
        if isinstance(one, type) and hasattr(one, "parse") and isinstance(single, str | int):
            try:
                one.parse(single)
            except ValueError:
                continue
            made = f"{one.__name__}.parse({single!r})"
            return f"; write {f'({made},)' if get_origin(wanted) is tuple else made}"
    return ""
