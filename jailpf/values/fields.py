"""Fields that check themselves when an object is made: type and allowed words, as the class declares them."""

from __future__ import annotations

import collections.abc
import types
import typing
from typing import Any, Literal, Union, get_args, get_origin


def check_fields(made: object) -> None:
    """Hold each field of a dataclass object against its annotation.

    Raises TypeError that names class, field, what it takes and what it was given.
    """
    for name, wanted in _hints(type(made)).items():
        value = getattr(made, name)
        if not fits(value, wanted):
            hint = _parse_hint(value, wanted)
            raise TypeError(f"{type(made).__name__}.{name} takes {shown(wanted)}, not {value!r}{hint}")


_known: dict[type, dict[str, Any]] = {}


def _hints(cls: type[object]) -> dict[str, Any]:
    if cls not in _known:
        names = getattr(cls, "__dataclass_fields__", {})
        _known[cls] = {name: hint for name, hint in typing.get_type_hints(cls).items() if name in names}
    return _known[cls]


def fits(value: object, wanted: Any) -> bool:
    """Whether a value is what an annotation says: classes, Literal, unions, `tuple[X, ...]`; others are not looked into."""
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in get_args(wanted))
    if origin is tuple:
        inside, *rest = get_args(wanted)
        if not isinstance(value, tuple):
            return False
        return all(fits(one, inside) for one in value) if rest == [...] else True
    if wanted is None or wanted is type(None):
        return value is None
    return isinstance(value, origin or wanted) if isinstance(origin or wanted, type) else True


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
