"""Fixtures of the tests that need FreeBSD: pf, the network and jailpf itself once, a scene for each test."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

HERE = Path(__file__).parent
for folder in (HERE.parent, HERE.parents[1], HERE.parents[1] / "plugins"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

from freebsd import host, net, probe, ruleset, tools  # noqa: E402
from freebsd.home import Program, missing  # noqa: E402
from freebsd.scene import Scene  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

ANYWHERE = "test_freebsd_helpers.py"
_diagnosed: set[str] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Elsewhere everything but the tests of the helpers is skipped; where pf has rules of its own, refused."""
    mine = [item for item in items if HERE in item.path.parents and item.path.name != ANYWHERE]
    if not mine:
        return
    reason = host.elsewhere()
    if not reason and (reason := host.refusal()) and any("freebsd" in word for word in config.args):
        pytest.exit(reason, returncode=4)
    for item in mine if reason else ():
        item.add_marker(pytest.mark.skip(reason=f"tests/freebsd: {reason}"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure comes with all that pf, jls and ifconfig know at that moment."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed and call.when in ("setup", "call") and not host.elsewhere():
        said = str(call.excinfo.value) if call.excinfo else ""
        if call.when == "call" or said not in _diagnosed:  # a fixture that failed once fails for every test
            report.sections.append(("the host", host.diagnosis()))
        _diagnosed.add(said)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many answers of the real pf were held against the simulated one."""
    if probe.compared:
        terminalreporter.write_line(
            f"tests/freebsd: the simulated pf agreed with {probe.compared} probes of the real one"
        )


@pytest.fixture(scope="session")
def release() -> int:
    """FreeBSD's major release."""
    return tools.release()


@pytest.fixture(scope="session")
def stack() -> Iterator[ExitStack]:
    """What is to be undone in the end, even when a set-up fails half-way."""
    with ExitStack() as undo:
        yield undo


@pytest.fixture(scope="session")
def before(stack: ExitStack) -> host.Before:
    """pf is ours: loaded, and given back as it was."""
    return host.take(stack)


@pytest.fixture
def pf(before: host.Before) -> Iterator[str]:
    """A main ruleset that lets everything through and calls jailpf/*; its text. Needs no network of ours."""
    main = ruleset.text(net.bare(), "none")
    ruleset.load(main)
    yield main
    host.clean(before)


@pytest.fixture(scope="session")
def network(stack: ExitStack, before: host.Before) -> net.Net:
    """The tests' interfaces and the outside client."""
    for feature in ("vimage", "inet6"):
        if tools.sysctl(f"kern.features.{feature}") != "1":
            pytest.skip(f"this kernel has no {feature.upper()}: there can be no outside client")
    # A TIME_WAIT socket keeps a removed vnet, and the epair in it, for twice this (facts.md: 58 s): tests count interfaces.
    net.change(stack, "net.inet.tcp.msl", "500")
    return net.build(stack)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """jailpf from the checkout, as a program and under `python -I -m`."""
    if lacks := missing("pluggy"):
        pytest.fail(f"jailpf needs {', '.join(lacks)}", pytrace=False)
    return Program(tmp_path_factory.mktemp("program"))


@pytest.fixture
def scene(network: net.Net, before: host.Before, tmp_path: Path, program: Program) -> Iterator[Scene]:
    """jailpf.toml with the single layout; no rules are loaded yet, no jail runs."""
    made = Scene(network, before, tmp_path, program)
    try:
        yield made
    finally:
        made.close()
