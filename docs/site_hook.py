"""For mkdocs: links that leave docs/ lead to files of the repository, which the site does not have; there they become plain text."""

from __future__ import annotations

import re
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:contrib|examples/mail-toaster|[A-Z]+\.md)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """One page on its way to HTML."""
    return OUTSIDE.sub(r"\1", markdown)
