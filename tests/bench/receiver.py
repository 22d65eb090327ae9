# SPDX-License-Identifier: MIT
"""A receiver for heartbeats that does next to nothing, in a process of its own."""

import multiprocessing
import socket
import threading
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
MARK = b'"timestamp_utc"'  # once in each heartbeat, of both agents
ROWS, FIRST, LAST = range(3)


class Receiver:
    """Counts rows, and knows the seconds from the first request to the last answer."""

    def __init__(self):
        context = multiprocessing.get_context("fork")
        self.seen = context.Array("d", 3)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/clockblock/heartbeat"
        self.process = context.Process(target=self.serve, daemon=True)

    def __enter__(self):
        self.process.start()
        self.listener.close()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()

    @property
    def rows(self):
        return int(self.seen[ROWS])

    @property
    def seconds(self):
        return self.seen[LAST] - self.seen[FIRST]

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.take, args=(connection,), daemon=True).start()

    def take(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            body = bytearray(1 << 22)
            while (length := read_request(connection, body, self.note_start)) is not None:
                connection.sendall(ANSWER)
                answered = time.monotonic()
                self.note_end(answered, body.count(MARK, 0, length))

    def note_start(self):
        if self.seen[FIRST] == 0:
            self.seen[FIRST] = time.monotonic()

    def note_end(self, answered, rows):
        with self.seen.get_lock():
            self.seen[LAST] = answered
            self.seen[ROWS] += rows


def read_request(connection, body, started):
    """Reads a request's body into `body`; returns its length, or None when there is no more."""
    head = bytearray()
    while (border := head.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(65536)
        if not piece:
            return None
        started()
        head += piece
    length = content_length(head[:border])
    got = len(head) - border - 4
    assert length <= len(body)
    body[:got] = head[border + 4:]
    view = memoryview(body)
    while got < length:
        piece = connection.recv_into(view[got:length])
        if piece == 0:
            return None
        got += piece
    return length


def content_length(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
