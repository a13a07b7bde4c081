"""plugin new: a working, tested start."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf import __version__
from jailpf.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session

FILES = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    "{module}.py": "module.py.in",
    "tests/test_{keyword}.py": "test.py.in",
}


def new(_session: Session, options: Namespace) -> int:
    """Write the files of a plugin into a new folder, and say what comes next."""
    from importlib.resources import files

    words = _words(options.name)
    folder = os.path.join(options.into or "", f"jailpf-{options.name}")
    if os.path.lexists(folder):
        raise UsageError(f"{folder} already exists", None, "choose another name, or --into another folder")
    os.makedirs(os.path.join(folder, "tests"))
    for name, template in FILES.items():
        text = (files("jailpf") / "templates" / "plugin" / template).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        path = os.path.join(folder, name.format(module=words["MODULE"], keyword=words["KEYWORD"]))
        with open(path, "x", encoding="utf-8") as opened:
            opened.write(text)
        print(path)
    print(f"next: cd {folder} && pip install -e '.[test]' && python -m pytest")
    return 0


def _words(name: str) -> dict[str, str]:
    """What stands in the templates. Raises UsageError for what cannot be a plugin's name, or is one of jailpf's words."""
    from jailpf.registry import RESERVED, build

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name, re.ASCII) or len(name) > 40:
        raise UsageError(f"{name!r} cannot be a plugin's name", None, "small letters, digits and '-': office-hours")
    keyword = name.replace("-", "_")
    if keyword in (*RESERVED, *build().rule_types):
        raise UsageError(f"{keyword!r} is jailpf's own word", None, "choose another name")
    return {
        "NAME": name,
        "MODULE": f"jailpf_{keyword}",
        "KEYWORD": keyword,
        "CLASS": "".join(part.capitalize() for part in name.split("-")),
        "VERSION": ".".join(__version__.split(".")[:2]),
        "COLUMN": str(len(keyword) + len(" = { from = ") + 1),
    }
