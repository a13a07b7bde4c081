"""Asks a peer_server: `peer_client.py tcp|udp SOURCE TO PORT SECONDS [hold]`; SOURCE "-" leaves it to the system.

Prints one line of JSON: {"how": "reached" | "refused" | "cut" | "silent", "said": what the server said, "detail": ...}.
With `hold` the connection stays open: for every line of standard input it sends one and prints "alive" when it
comes back, else "dead". Nothing but the standard library.
"""

from __future__ import annotations

import json
import socket
import sys
import time


def opened(proto: str, source: str, to: str) -> socket.socket:
    sock = socket.socket(
        socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    )
    if source != "-":
        sock.bind((source, 0))
    return sock


def line(sock: socket.socket, seconds: float) -> bytes:
    """One line from a TCP connection; b"" when it is closed before."""
    deadline = time.monotonic() + seconds
    text = b""
    while not text.endswith(b"\n"):
        sock.settimeout(max(0.01, deadline - time.monotonic()))
        part = sock.recv(1)
        if not part:
            return b""
        text += part
    return text


def udp(sock: socket.socket, to: str, port: int, seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    sock.connect((to, port))
    while True:
        sock.send(b"who?\n")
        sock.settimeout(max(0.01, min(0.5, deadline - time.monotonic())))
        try:
            return sock.recv(2048)
        except TimeoutError:
            if time.monotonic() >= deadline:
                raise


def ask(sock: socket.socket, proto: str, to: str, port: int, seconds: float) -> dict[str, object]:
    connected = False
    try:
        if proto == "udp":
            said = udp(sock, to, port, seconds)
        else:
            sock.settimeout(seconds)
            sock.connect((to, port))
            connected = True
            said = line(sock, seconds)
        if not said:
            return {"how": "cut", "detail": "closed before a word was said"}
        return {"how": "reached", "said": json.loads(said)}
    except ConnectionRefusedError as wrong:
        return {"how": "refused", "detail": str(wrong)}
    except OSError as wrong:
        return {"how": "cut" if connected else "silent", "detail": f"{type(wrong).__name__}: {wrong}"}


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main(proto: str, source: str, to: str, port: str, seconds: str, hold: str = "") -> None:
    try:
        sock = opened(proto, source, to)
    except OSError as wrong:
        say(json.dumps({"how": "silent", "detail": f"no socket on {source}: {wrong}"}))
        return
    with sock:
        answer = ask(sock, proto, to, int(port), float(seconds))
        say(json.dumps(answer))
        if hold and answer["how"] == "reached":
            for _ in sys.stdin:
                try:
                    sock.settimeout(3)
                    sock.sendall(b"still there?\n")
                    say("alive" if line(sock, 3) else "dead")
                except OSError:
                    say("dead")


if __name__ == "__main__":
    main(*sys.argv[1:])
