"""status: what is loaded, whether that is what is declared, and the counters of every service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.cli import output
from jailpf.errors import JailpfError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.lifecycle.survey import Survey
    from jailpf.pf import LabelCount

COLOURS = {
    "loaded": "green",
    "stale": "yellow",
    "missing": "red",
    "unfinished": "red",
    "foreign": "red",
    "stopped": "dim",
    "broken": "red",
}


def status(session: Session, options: Namespace) -> int:
    """0 when every jail is as declared, 1 when one is not."""
    from jailpf.lifecycle.checks import outside, readiness
    from jailpf.lifecycle.survey import look

    seen = look(session)
    seen.ask(list(seen.known.values()))
    names = options.jails or sorted({*session.jails.declared(), *seen.known})
    rows = [_jail(session, seen, name) for name in names]
    foreign = [] if options.jails else seen.orphans()
    enabled = session.pf.enabled()
    missing = readiness.lines_missing(session) if any(row["anchors"] for row in rows) else []
    nowhere = outside.nowhere(session) if rows else []
    if options.json:
        absent = [output.problem_json(one) for one in nowhere]
        pf = {"enabled": enabled, "missing_lines": missing}
        output.as_json("status", pf=pf, jails=rows, foreign=foreign, problems=absent)
    else:
        output.problems(nowhere)
        if not enabled:
            print(output.colour("pf is disabled and filters nothing", "red"))
        if missing:
            print(output.colour(f"pf.conf does not evaluate what is loaded; add to it: {', '.join(missing)}", "red"))
        _print(rows, foreign)
    good = {"loaded", "stopped"}
    return (
        0
        if enabled and not missing and not nowhere and not foreign and all(row["state"] in good for row in rows)
        else 1
    )


def states(session: Session, seen: Survey) -> list[str]:
    """The state of every jail that is declared or loaded, as in the first column of a row."""
    seen.ask(list(seen.known.values()))
    return [str(_jail(session, seen, name)["state"]) for name in sorted({*session.jails.declared(), *seen.known})]


def _jail(session: Session, seen: Survey, name: str) -> dict[str, Any]:
    from jailpf.lifecycle.prepare import declared, prepare

    record = seen.known.get(name)
    row: dict[str, Any] = {
        "jail": name,
        "state": "stopped",
        "anchors": [anchor.path for anchor in record.anchors] if record else [],
        "services": [],
    }
    if record is None and not declared(session, name):
        row["state"] = "unknown"
        try:
            session.jails.services(name)
        except JailpfError as wrong:
            row["problems"] = [output.problem_json(problem) for problem in wrong.problems]
        return row
    try:
        prepared = prepare(session, name, created=True) if declared(session, name) else None
    except JailpfError as wrong:
        row |= {"state": "broken", "problems": [output.problem_json(problem) for problem in wrong.problems]}
        prepared = None
    else:
        if prepared is not None and (record is not None or seen.runs(name)):
            row["state"] = seen.condition(prepared.record)
        elif record is not None:
            row["state"] = "stale"
    if prepared is not None:
        row |= _waits(session, name, prepared)
    if record is not None:
        row["services"] = [
            _service(label, seen.counts.get(label, [])) for label in record.labels if label.count("/") > 1
        ]
    return row


def _waits(session: Session, name: str, prepared: Prepared) -> dict[str, Any]:
    """What the jail's rules wait for: the age of tables that are refreshed, and jails whose addresses nobody knows yet."""
    from jailpf.lifecycle.refresh import fetched

    tables = [{"table": one.name, "age": None if one.age is None else int(one.age)} for one in fetched(session, name)]
    found: dict[str, Any] = {"fetched": tables} if tables else {}
    return found | ({"waits_for": list(prepared.ruleset.waits_for)} if prepared.ruleset.waits_for else {})


def _age(seconds: int | None) -> str:
    if seconds is None:
        return "never refreshed: `jailpf table refresh`"
    units = ((86400, "days"), (3600, "hours"), (60, "minutes"))
    size, unit = next(((size, unit) for size, unit in units if seconds >= 2 * size), (1, "seconds"))
    return f"refreshed {seconds // size} {unit} ago"


def _service(label: str, counts: list[LabelCount]) -> dict[str, Any]:
    """The sum of the counters of a service's pass rules."""
    sums = {what: sum(getattr(one, what) for one in counts) for what in ("evaluations", "packets", "bytes", "states")}
    return {"service": label.rpartition("/")[2], "rules": len(counts), **sums}


def _print(rows: list[dict[str, Any]], foreign: list[str]) -> None:
    width = max([4, *(len(row["jail"]) for row in rows)])
    for row in rows:
        state = output.colour(f"{row['state']:<10}", COLOURS.get(row["state"], "red"))
        print(f"{row['jail']:<{width}}  {state}  {' '.join(row['anchors'])}".rstrip())
        head = ("SERVICE", "RULES", "PACKETS", "BYTES", "STATES", "EVALUATIONS")
        lines = [
            [str(one[key]) for key in ("service", "rules", "packets", "bytes", "states", "evaluations")]
            for one in row["services"]
        ]
        if lines:
            output.table(lines, head, indent="    ")
        for one in row.get("fetched", ()):
            print(f"    <{one['table']}> {_age(one['age'])}")
        for other in row.get("waits_for", ()):
            print(
                f"    names {other}, whose addresses are known only while it runs; until then nobody gets in by that name"
            )
        for problem in row.get("problems", ()):
            print(f"    {problem['message']}" + (f"; {problem['remedy']}" if problem["remedy"] else ""))
    for path in foreign:
        print(
            f"{'-':<{width}}  {output.colour('foreign   ', 'red')}  {path}  (loaded, but not recorded; `jailpf sync` removes it)"
        )
    if not rows and not foreign:
        print("nothing is declared or loaded")
