"""altq and queue lines as pfctl prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.queueing.queue_model import DEFAULT_PRIORITY, DEFAULT_QLIMIT, rate

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.queueing.queue_model import Bandwidth, Queue, QueueOptions

_ORDER = ("red", "ecn", "rio", "codel", "borrow", "wrr", "root", "default")
_CURVES = ("realtime", "linkshare", "upperlimit")


def altq_text(queue: Queue, o: QueueOptions) -> str:
    """The altq line, up to its list of queues."""
    text = f"altq on {queue.interface} " + (_scheduler(queue, o) or f"{queue.scheduler} ")
    text += _bandwidth(o.bandwidth, queue.ifbandwidth)
    if queue.qlimit != DEFAULT_QLIMIT:
        text += f"qlimit {queue.qlimit} "
    return text + f"tbrsize {queue.tbrsize} "


def queue_text(queue: Queue, o: QueueOptions, on: bool) -> str:
    """The queue line, up to its list of queues."""
    text = f"queue {queue.name} " + (f"on {queue.interface} " if on else "")
    if queue.scheduler in {"cbq", "hfsc", "fairq"}:
        text += _bandwidth(o.bandwidth, queue.bandwidth)
    if queue.priority != DEFAULT_PRIORITY:
        text += f"priority {queue.priority} "
    if queue.qlimit != DEFAULT_QLIMIT:
        text += f"qlimit {queue.qlimit} "
    return text + (_scheduler(queue, o) if queue.scheduler != "codel" else "")


def _bandwidth(written: Bandwidth, absolute: int) -> str:
    if written.percent > 0:
        return f"bandwidth {written.percent}% " if written.percent < 100 else ""
    return f"bandwidth {rate(absolute)} "


def _scheduler(queue: Queue, o: QueueOptions) -> str:
    words = []
    if queue.scheduler == "codel":
        words = [f"{word} {value}" for word, value in (("target", o.target), ("interval", o.interval)) if value]
        inside = "".join(f" {word}" for word in words) + ("ecn" if "ecn" in queue.flags else "")
        return f"codel({inside} ) " if inside else ""
    words = [flag for flag in _ORDER if flag in queue.flags]
    for name in _CURVES:
        curve = queue.curves.get(name)
        if curve is None or not curve.m2 or (name == "linkshare" and curve.m2 == queue.bandwidth and not curve.d):
            continue
        written = o.curves.get(name)
        second = _speed(curve.m2, written.m2.percent if written else 0)
        if not curve.d:
            words.append(f"{name} {second}")
        else:
            words.append(f"{name}({_speed(curve.m1, written.m1.percent if written else 0)} {curve.d} {second})")
    return f"{queue.scheduler}( {' '.join(words)} ) " if words else ""


def _speed(absolute: int, percent: int) -> str:
    return f"{percent}%" if percent > 0 else rate(absolute % 2**32)
