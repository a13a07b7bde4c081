"""The one place where the code of plugins is called: what fails there is told with the plugin's name, and is no bug of jailpf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jailpf.errors import JailpfError, PluginError, Problem

if TYPE_CHECKING:
    from jailpf.errors import Place

T = TypeVar("T")

trace: Callable[[BaseException], None] | None = None
"""Called with every exception of a plugin (`-v`)."""


@contextmanager
def foreign(
    owner: str, what: str, place: Place | None = None, keep: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Run a plugin's code: `with foreign("country", "rule type country: render", place): ...`.

    owner: the plugin's name, "" for jailpf's own code, whose mistakes are ours and stay as they are. what: what it was
    asked to do. place: the declaration that it was asked for. keep: exceptions that mean something to the caller.
    Raises PluginError with all of that; errors of jailpf's tree, which a plugin may raise, get the name in front.
    """
    try:
        yield
    except keep:
        raise
    except PluginError as wrong:
        if not owner:
            raise
        raise PluginError([_named(one, owner, place) for one in wrong.problems]) from wrong
    except JailpfError:
        raise
    except (Exception, SystemExit) as wrong:
        if not owner:
            raise
        if trace:
            trace(wrong)
        sentence = f"the plugin {owner!r} failed in {what}: {type(wrong).__name__}: {_one_line(wrong)}"
        raise PluginError(
            sentence, place, "run with -v for the traceback; fix the plugin, or remove it from `plugins` in jailpf.toml"
        ) from wrong


def guarded(what: T, owner: str) -> T:
    """An object of a plugin, such as an adapter, whose methods are called within `foreign`."""
    return cast("T", _Guarded(what, owner)) if owner else what


def owner_of(what: object) -> str:
    """The plugin that a guarded object is of, "" for one of jailpf's own."""
    return str(vars(what).get("_owner", "")) if type(what) is _Guarded else ""


class _Guarded:
    def __init__(self, what: object, owner: str) -> None:
        self._what, self._owner = what, owner

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # so that isinstance() is about the guarded object
        return type(self._what)

    def __getattr__(self, name: str) -> Any:
        called = f"{type(self._what).__name__}.{name}"
        with foreign(self._owner, called, keep=(AttributeError,)):
            found = getattr(self._what, name)
        if not callable(found) or isinstance(found, type):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            with foreign(self._owner, called):
                answer = found(*args, **kwargs)
                # What a generator raises, it raises here.
                return list(answer) if isinstance(answer, Iterator) else answer

        return call


def raised_at(wrong: BaseException) -> str:
    """FILE:LINE of the code that raised, "" where that is not known."""
    step = wrong.__traceback__
    while step and step.tb_next:
        step = step.tb_next
    return f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step else ""


def _named(problem: Problem, owner: str, place: Place | None) -> Problem:
    message = problem.message if repr(owner) in problem.message else f"the plugin {owner!r}: {problem.message}"
    return problem._replace(message=message, place=problem.place or place)


def _one_line(wrong: BaseException) -> str:
    return " ".join(str(wrong).split()) or "no message"
