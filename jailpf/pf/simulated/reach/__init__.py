"""All packets at once: what the kernel does, computed on sets.

Here belong: intervals, flows of packets that pf treats alike, and who is reached from where. Not here: one packet (kernel).
"""

from __future__ import annotations
