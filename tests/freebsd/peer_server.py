"""Listens in a jail: `peer_server.py NAME PROTO,ADDRESS,PORT ...`. Says "ready" when it does.

Whoever connects (tcp) or asks (udp) gets one line of JSON: who answered, on which port, and whom it saw; then tcp
lines come back as they were sent. It ends when its standard input does. Nothing but the standard library: it runs
by itself, `python -I`.
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
import sys
import time

SECONDS = 15.0


def bound(proto: str, address: str, port: int) -> socket.socket:
    """A socket on that address; an IPv6 address may take a moment until it can be used."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    deadline = time.monotonic() + SECONDS
    while True:
        sock = socket.socket(family, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
        except OSError as wrong:
            sock.close()
            if wrong.errno != errno.EADDRNOTAVAIL or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
            continue
        if proto == "tcp":
            sock.listen(64)
        return sock


class Server:
    def __init__(self, name: str, places: list[str]) -> None:
        self.name = name
        self.selector = selectors.DefaultSelector()
        for place in places:
            proto, address, port = place.split(",")
            self.selector.register(bound(proto, address, int(port)), selectors.EVENT_READ, "listen-" + proto)

    def greeting(self, sock: socket.socket, peer: str) -> bytes:
        said = {"name": self.name, "port": sock.getsockname()[1], "peer": peer.partition("%")[0]}
        return json.dumps(said).encode() + b"\n"

    def serve(self) -> None:
        self.selector.register(0, selectors.EVENT_READ, "stdin")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            for key, _ in self.selector.select():
                if key.data == "stdin":
                    if not os.read(0, 4096):
                        return
                    continue
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                try:
                    self.event(sock, key.data)
                except OSError:
                    if key.data == "talk":
                        self.selector.unregister(sock)
                        sock.close()

    def event(self, sock: socket.socket, what: str) -> None:
        if what == "listen-udp":
            _, peer = sock.recvfrom(2048)
            sock.sendto(self.greeting(sock, peer[0]), peer)
        elif what == "listen-tcp":
            talk, peer = sock.accept()
            talk.settimeout(5)
            self.selector.register(talk, selectors.EVENT_READ, "talk")
            talk.sendall(self.greeting(talk, peer[0]))
        elif said := sock.recv(4096):
            sock.sendall(said)
        else:
            raise OSError(errno.ECONNRESET, "closed")


if __name__ == "__main__":
    Server(sys.argv[1], sys.argv[2:]).serve()
