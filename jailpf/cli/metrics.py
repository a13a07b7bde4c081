"""metrics: the Prometheus text format, for node_exporter's textfile collector."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import ConfigError, JailpfError
from jailpf.state import rundir

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry

    from jailpf.lifecycle.session import Session
    from jailpf.state.rundir import RunDir


def metrics(session: Session, options: Namespace) -> int:  # noqa: ARG001 - every command takes them
    """Print all of it. 0 also when jails are not as declared: that is what the numbers say."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
    except ImportError:
        raise ConfigError("metrics need prometheus_client", None, 'pip install "jailpf[metrics]"') from None
    registry = CollectorRegistry()
    _jails(session, registry)
    _tables(session, registry)
    _hooks(session, registry)
    _promises(session, registry)
    print(generate_latest(registry).decode(), end="")
    return 0


def _jails(session: Session, registry: CollectorRegistry) -> None:
    from prometheus_client import Gauge

    from jailpf.cli.status import states
    from jailpf.insight.counters import counts
    from jailpf.lifecycle.survey import look

    seen = look(session)
    enabled = Gauge("jailpf_pf_enabled", "Whether pf filters.", registry=registry)
    enabled.set(session.pf.enabled())
    known = Gauge("jailpf_jails", "Jails by how pf compares with their declarations.", ["state"], registry=registry)
    for state in ("loaded", "stale", "missing", "unfinished", "broken", "stopped"):
        known.labels(state).set(0)
    for state in states(session, seen):
        known.labels(state).inc()
    Gauge("jailpf_foreign_anchors", "Anchors of ours without a record.", registry=registry).set(len(seen.orphans()))
    names = ["jail", "service"]
    packets = Gauge(
        "jailpf_service_packets", "Packets of a service since its rules were loaded.", names, registry=registry
    )
    octets = Gauge("jailpf_service_bytes", "Bytes of a service since its rules were loaded.", names, registry=registry)
    open_now = Gauge("jailpf_service_states", "States of a service.", names, registry=registry)
    for one in counts(seen):
        packets.labels(one.jail, one.service).set(one.packets)
        octets.labels(one.jail, one.service).set(one.bytes)
        open_now.labels(one.jail, one.service).set(one.states)


def _tables(session: Session, registry: CollectorRegistry) -> None:
    from prometheus_client import Gauge

    from jailpf.lifecycle.prepare import prepare

    ages = Gauge("jailpf_table_age_seconds", "Age of the file of a table.", ["jail", "table"], registry=registry)
    for name in session.jails.declared():
        try:
            prepared = prepare(session, name, created=False)
        except JailpfError:
            continue  # counted as broken
        for table in prepared.ruleset.tables if prepared else ():
            if table.file and os.path.exists(table.file):
                ages.labels(name, table.name).set(max(0, time.time() - os.path.getmtime(table.file)))


def _hooks(session: Session, registry: CollectorRegistry) -> None:
    from prometheus_client import Gauge

    what = "How long the last hook of a jail took, without the start of Python."
    seconds = Gauge("jailpf_hook_seconds", what, ["jail", "hook"], registry=registry)
    declared = frozenset(session.jails.declared())
    for hook, took, jail in _took(session.directory):
        if jail in declared:
            seconds.labels(jail, hook).set(took)


def _took(run: RunDir) -> Iterator[tuple[str, float, str]]:
    """(hook, seconds, jail) as warm.took wrote them, the oldest first; what is no such line is left out."""
    for path in (run.took + ".old", run.took):
        with suppress(OSError):
            for line in rundir.read(path).decode("utf-8", "replace").splitlines():
                hook, _, rest = line.partition(" ")
                took, _, jail = rest.partition(" ")
                with suppress(ValueError):
                    yield hook, float(took), jail


def _promises(session: Session, registry: CollectorRegistry) -> None:
    from prometheus_client import Gauge

    from jailpf.declare.promises import there

    if not there(session.settings.file):
        return
    from jailpf.insight.promises import broken, promises_of
    from jailpf.insight.world import build

    gauge = Gauge("jailpf_promises", "Promises by whether what is loaded keeps them.", ["kept"], registry=registry)
    try:
        promises = promises_of(session)
    except JailpfError as wrong:  # nobody knows how many these are: one that is not kept is enough for the alert
        output.problems(wrong.problems)
        gauge.labels("no").set(1)
        return
    bad = broken(promises, build(session))
    gauge.labels("yes").set(len(promises) - len(bad))
    gauge.labels("no").set(len(bad))
