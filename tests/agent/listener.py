# SPDX-License-Identifier: MIT
"""One who listens to /events."""

import http.client
import json
import socket

from harness import PATIENCE_SEC


def seq_of(event):
    """An id is a seq and, where there is a heartbeat, its epoch."""
    return int(event["id"].partition("-")[0])


class Listener:
    """As much of an EventSource as is needed here."""

    def __init__(self, agent, last_id=None, room=None, headers=None):
        self.socket = socket.socket()
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.settimeout(PATIENCE_SEC)
        self.socket.connect(("127.0.0.1", agent.port))
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.socket.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{agent.port}\r\n"
                            f"Accept: text/event-stream\r\n{resume}{more}\r\n".encode())
        self.response = http.client.HTTPResponse(self.socket, method="GET")

    def begin(self):
        self.response.begin()
        return self

    def next(self):
        """The fields of the next event; {"comment": ...} for a keep-alive; None at the end."""
        fields = {}
        while line := self.response.readline().decode():
            if line == "\n":
                if set(fields) != {"retry"}:
                    return fields
                fields = {}
                continue
            name, _, value = line.rstrip("\n").partition(":")
            fields[name or "comment"] = value.removeprefix(" ")
        return None

    def await_event(self, name):
        """Its data, and the seq of its id."""
        while True:
            event = self.next()
            assert event is not None, f"the stream ended before {name}"
            if event.get("event") == name:
                return json.loads(event["data"]), seq_of(event)

    def await_end(self, most=100):
        """The stream ends, after so many events at most."""
        for _ in range(most):
            if self.next() is None:
                return
        raise AssertionError("the stream goes on")

    def close(self):
        self.response.close()
        self.socket.close()
