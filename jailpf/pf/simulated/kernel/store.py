"""Where the simulated pf is kept: in memory, or in a JSON file that several processes may use at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import threading
from typing import TYPE_CHECKING

from jailpf.errors import PfUnavailableError
from jailpf.pf.simulated.kernel.codec import from_json, to_json
from jailpf.state import rundir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jailpf.pf.simulated.kernel.model import Model


class Store:
    """Holds the Model. `fresh` fills a new one; `make` makes the folder of the file, before the first change."""

    def __init__(
        self, path: Path | None, model: Model, fresh: Callable[[Model], None], make: Callable[[], None] | None = None
    ) -> None:
        self._path, self._model, self._fresh, self._make = path, model, fresh, make
        self._signature: tuple[int, ...] | None = None
        self._threads = threading.RLock()
        self._busy = False  # inside of a change: what it calls must not lock the file again
        if path is None:
            fresh(model)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Model]:
        """The model as it is now; who only looks makes no file. Raises PfUnavailableError when the file cannot be used."""
        with self._threads:
            if self._path is None or self._busy:
                pass
            elif os.path.lexists(self._path):
                with self._locked(fcntl.LOCK_EX):
                    self._refresh()
            elif self._signature != ():
                self._model.reset()
                self._fresh(self._model)
                self._signature = ()
            yield self._model

    @contextlib.contextmanager
    def changing(self) -> Iterator[Model]:
        """The model for a change, which is kept when the block ends well. Raises PfUnavailableError."""
        with self._threads:
            if self._path is None or self._busy:
                yield self._model
                return
            if self._make:
                self._make()
                self._make = None
            with self._locked(fcntl.LOCK_EX):
                self._refresh()
                self._busy = True
                try:
                    yield self._model
                    self._save()
                except BaseException:
                    self._signature = None
                    raise
                finally:
                    self._busy = False

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        assert self._path is not None  # noqa: S101
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

    def _refresh(self) -> None:
        assert self._path is not None  # noqa: S101
        try:
            signature = self._sign()
            if signature == self._signature:
                return
            from_json(self._model, json.loads(rundir.read(str(self._path))))
            self._signature = signature
        except FileNotFoundError:
            self._model.reset()
            self._fresh(self._model)
            self._save()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._unusable(getattr(error, "strerror", None) or str(error)) from None

    def _save(self) -> None:
        assert self._path is not None  # noqa: S101
        text = json.dumps(to_json(self._model))
        try:
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            with os.fdopen(handle, "w") as file:
                file.write(text)
            os.replace(name, self._path)
            self._signature = self._sign()
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None

    def _sign(self) -> tuple[int, ...]:
        assert self._path is not None  # noqa: S101
        found = self._path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _unusable(self, reason: str) -> PfUnavailableError:
        return PfUnavailableError(
            f"{self._path}: the simulated pf cannot use its file: {reason}", remedy="remove the file"
        )
