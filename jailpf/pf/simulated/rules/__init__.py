"""What a rule is once lists and macros are gone, and how pfctl prints it.

Here belong: the fields of a rule, addresses as pf keeps them, the words of pf.conf(5), anchor paths, printing. Not here: reading text
(language), deciding (kernel).
"""

from __future__ import annotations
