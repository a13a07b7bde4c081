"""What pfctl checks of queues: bandwidths, priorities, service curves, one default queue.

An interface whose speed nobody says has 1 Gb/s, and its packets 1500 bytes.
"""

from __future__ import annotations

from jailpf.pf.simulated.language.queueing.curves import Segments, Service
from jailpf.pf.simulated.language.queueing.queue_model import Bandwidth, Queue, rate

SPEED, MTU = 10**9, 1500
_UINT = 2**32 - 1
_SIZES = ((10**6, 1), (10 * 10**6, 4), (200 * 10**6, 8), (2500 * 10**6, 24))
Problems = list[tuple[str, bool]]


def check_altq(queue: Queue, written: Bandwidth) -> Problems:
    """Work out the bandwidth of an interface."""
    found: Problems = []
    queue.ifbandwidth = written.absolute if written.absolute > 0 else written.of(SPEED) or SPEED
    if queue.scheduler != "hfsc" and queue.ifbandwidth > _UINT:
        queue.ifbandwidth = _UINT
    _take(queue, queue.ifbandwidth)
    if not queue.tbrsize:
        size = next((size for rate, size in _SIZES if queue.ifbandwidth <= rate), 128)
        queue.tbrsize = size * MTU
    return found


def _take(queue: Queue, whole: int) -> None:
    o = queue.options
    if o is None:
        return
    queue.flags = set(o.flags) if o.scheduler == queue.scheduler else set()
    curves = o.curves if o.scheduler == queue.scheduler else {}
    queue.curves = {name: Service(c.m1.of(whole), c.d, c.m2.of(whole)) for name, c in curves.items()}


def add(on: dict[str, Queue], queues: dict[tuple[str, str], Queue], queue: Queue, written: Bandwidth) -> Problems:
    """Add a queue. Returns what is wrong, each with whether it refuses the queue."""
    interface = on.get(queue.interface)
    if interface is None:
        return [(f"altq not defined on {queue.interface}", True)]
    queue.scheduler, queue.ifbandwidth = interface.scheduler, interface.ifbandwidth
    if (queue.interface, queue.name) in queues:
        return [(f"queue {queue.name} already exists on interface {queue.interface}", True)]
    parent = queues.get((queue.interface, queue.parent)) if queue.parent else None
    if queue.parent and parent is None:
        return [(f"parent {queue.parent} not found for {queue.name}", True)]
    queue.qlimit = queue.qlimit or 50
    whole = parent.bandwidth if parent else queue.ifbandwidth
    found: Problems = []
    if queue.scheduler in {"cbq", "hfsc", "fairq"}:
        found = _bandwidth(queue, parent, written, whole)
        if any(fatal for _, fatal in found):
            return found
    _take(queue, whole)
    if parent:
        parent.children += 1
    found += _BY_SCHEDULER[queue.scheduler](queue, interface, parent) if queue.scheduler in _BY_SCHEDULER else []
    if not any(fatal for _, fatal in found):
        queues[queue.interface, queue.name] = queue
    return found


def _bandwidth(queue: Queue, parent: Queue | None, written: Bandwidth, whole: int) -> Problems:
    queue.bandwidth = written.of(whole)
    if queue.bandwidth > queue.ifbandwidth:
        return [(f"bandwidth for {queue.name} higher than interface", True)]
    if parent is None or queue.scheduler == "hfsc":
        return []
    if queue.bandwidth > parent.bandwidth:
        return [(f"bandwidth for {queue.name} higher than parent", True)]
    parent.children_bandwidth += queue.bandwidth
    if parent.children_bandwidth > parent.bandwidth:
        total = f'({parent.children_bandwidth}) higher than parent "{parent.name}" ({parent.bandwidth})'
        return [(f"the sum of the child bandwidth {total}", False)]
    return []


def _cbq(queue: Queue, interface: Queue, parent: Queue | None) -> Problems:
    if queue.priority >= 8:
        return [("priority out of range: max 7", True)]
    if parent is None:
        queue.flags |= {"root", "wrr"}
        interface.roots += 1
    interface.defaults += "default" in queue.flags
    return []


def _priq(queue: Queue, interface: Queue, _: Queue | None) -> Problems:
    if queue.priority >= 16:
        return [("priority out of range: max 15", True)]
    if queue.priority in interface.priorities:
        return [(f"{queue.name} does not have a unique priority on interface {queue.interface}", True)]
    interface.priorities.add(queue.priority)
    interface.defaults += "default" in queue.flags
    return []


def _hfsc(queue: Queue, interface: Queue, parent: Queue | None) -> Problems:
    problem = _leaf(queue, interface, parent)
    if parent is None or problem:
        return problem
    curves = queue.curves
    for curve in curves.values():
        if curve.m1 > 0 and curve.m2 == 0:
            return [(f"m2 is zero for {queue.name}", True)]
    for curve in curves.values():
        if curve.m1 < curve.m2 and curve.m1:
            return [(f"m1 must be zero for convex curve: {queue.name}", True)]
    real, upper = curves.get("realtime"), curves.get("upperlimit")
    if real and real.m2:
        limit = Service(0, 0, queue.ifbandwidth // 100 * 80)
        if not _fits(parent, "realtime", real, limit):
            return [(f"real-time sc exceeds 80% of the interface bandwidth ({rate(limit.m2)})", True)]
    share = curves["linkshare"]
    if share.m2 and not _fits(parent, "linkshare", share, parent.curves["linkshare"]):
        return [("linkshare sc exceeds parent's sc", True)]
    if upper and upper.m2:
        if max(upper.m1, upper.m2) > queue.ifbandwidth:
            return [("upper-limit larger than interface bandwidth", True)]
        if real and real.m2 > upper.m2 and real.m2:
            return [("upper-limit sc smaller than real-time sc", True)]
    return []


def _fairq(queue: Queue, interface: Queue, parent: Queue | None) -> Problems:
    problem = _leaf(queue, interface, parent)
    if parent is None or problem:
        return problem
    share = queue.curves["linkshare"]
    if share.m2 and not _fits(parent, "linkshare", share, parent.curves["linkshare"]):
        return [("link-sharing sc exceeds parent's sc", True)]
    return []


def _leaf(queue: Queue, interface: Queue, parent: Queue | None) -> Problems:
    """Where a queue hangs in the tree, and what it shares."""
    if parent is None:
        queue.curves["linkshare"] = Service(queue.ifbandwidth, 0, queue.ifbandwidth)
        return []
    if "default" in parent.flags:
        return [(f"adding {queue.name} would make default queue {queue.parent} not a leaf", True)]
    interface.defaults += "default" in queue.flags
    share = queue.curves.get("linkshare", Service(0, 0, 0))
    queue.curves["linkshare"] = share if share.m2 else Service(share.m1, share.d, queue.bandwidth)
    return []


def _fits(parent: Queue, name: str, curve: Service, limit: Service) -> bool:
    if parent.children == 1 and name not in parent.sums:
        parent.sums[name] = Segments()
    total = parent.sums.setdefault(name, Segments())
    total.add(curve)
    return total.under(limit)


_BY_SCHEDULER = {"cbq": _cbq, "priq": _priq, "hfsc": _hfsc, "fairq": _fairq}


def commit(on: dict[str, Queue]) -> list[str]:
    """What is missing on the interfaces; pfctl looks at the last one only to decide."""
    found: list[str] = []
    last = False
    for interface in on.values():
        problems = []
        if interface.scheduler == "cbq" and interface.roots != 1:
            problems.append(f"should have one root queue on {interface.interface}")
        if interface.scheduler in _BY_SCHEDULER:
            if interface.defaults != 1:
                problems.append(f"should have one default queue on {interface.interface}")
            last = bool(problems)
        found += problems
    return found if last else []
