"""From text to tokens: the lexer, the stream with one token of lookahead, and the errors that end a statement."""

from __future__ import annotations
