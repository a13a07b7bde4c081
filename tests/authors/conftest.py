"""Distributions of third parties, installed as pip does it."""

from __future__ import annotations

import pytest
from authors_site import EXAMPLES, Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The examples of docs/examples, installed."""
    found = Site(tmp_path_factory.mktemp("site"))
    found.install(EXAMPLES / "jailpf-country", EXAMPLES / "jailpf-monitor", EXAMPLES / "jailpf-blackship")
    return found
