"""Other files that a text names."""

from __future__ import annotations


def read(name: str) -> str:
    """What is in a file, byte for byte. Raises OSError."""
    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()
