# SPDX-License-Identifier: MIT
"""A receiver of heartbeats that misbehaves as it is told to, and certificates for it."""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import subprocess
import threading

REASONS = {200: "OK", 301: "Moved Permanently", 400: "Bad Request", 401: "Unauthorized", 413: "Content Too Large"}


def reset(connection):
    """Ends a connection as a machine does that knows nothing of it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Request:
    """One request, that is answered in whatever way a test wants."""

    def __init__(self, receiver, connection, head, body):
        self.receiver = receiver
        self.connection = connection
        self.headers = {name.strip().lower(): value.strip() for name, _, value in
                        (line.partition(":") for line in head.decode().split("\r\n")[1:])}
        self.path = head.split(b" ", 2)[1].decode()
        self.body = body

    def heartbeats(self):
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body)

    def send(self, text):
        self.connection.sendall(text.encode())

    def answer(self, status, *headers, body=""):
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Oops')}", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines) + "\r\n\r\n" + body)

    def take(self):
        self.receiver.keep(self.heartbeats())

    def take_and_answer(self):
        self.take()
        self.answer(200)


class FaultyReceiver:
    """Takes what it gets, unless `fault` is set: a function that is called with each request in place
    of that. `connection_fault` comes before anything is read. Both run in the connection's thread."""

    def __init__(self, context=None):
        self.context = context  # of TLS; looked up for each connection
        self.lock = threading.Lock()
        self.deliveries = []    # each heartbeat as often as it came
        self.faults = 0         # how often one was met
        self.fault = None
        self.connection_fault = None
        self.sockets = set()
        self.listener = None
        # Bound, and never listening: nobody else gets the port while the receiver is down.
        self.holder = socket.socket()
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.holder.bind(("127.0.0.1", 0))
        self.port = self.holder.getsockname()[1]
        self.up()

    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/in"

    def up(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self):
        """Nobody listens any more."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.hang_up()

    def hang_up(self):
        with self.lock:
            sockets, self.sockets = self.sockets, set()
        for connection in sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def misbehave(self, fault=None, connection_fault=None):
        self.fault, self.connection_fault = fault, connection_fault
        if connection_fault:
            self.hang_up()  # what is open already would not meet it

    def behave(self):
        """The end of the fault. Connections that hang in it stay as they are."""
        self.fault = self.connection_fault = None

    def keep(self, heartbeats):
        with self.lock:
            self.deliveries.extend(heartbeats)

    def met(self):
        with self.lock:
            self.faults += 1

    def heartbeats(self):
        """Each once, in the order in which they came first. A repeat has to be the same."""
        with self.lock:
            deliveries = list(self.deliveries)
        first = {}
        for heartbeat in deliveries:
            assert first.setdefault(heartbeat["id"], heartbeat) == heartbeat, "a repeat was altered"
        return list(first.values())

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with self.lock:
                    self.sockets.add(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, raw):
        connection = raw
        try:
            if self.connection_fault:
                self.met()
                self.connection_fault(raw)
                return
            if self.context:
                connection = self.context.wrap_socket(raw, server_side=True)
                with self.lock:
                    self.sockets.discard(raw)  # that one is empty now
                    self.sockets.add(connection)
            while request := self.read(connection):
                fault = self.fault
                if fault is None:
                    request.take_and_answer()
                else:
                    self.met()
                    fault(request)
        except OSError:
            pass  # the other side went, or a test closed it
        finally:
            with self.lock:
                self.sockets.discard(connection)
            connection.close()

    def read(self, connection):
        """The next request, or None at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        request = Request(self, connection, head, body)
        length = int(request.headers["content-length"])
        while len(request.body) < length:
            piece = connection.recv(65536)
            if not piece:
                return None
            request.body += piece
        return request


# ---- Certificates ----

CONFIGURATION = """
[ca]
default_ca = it
[it]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    """Makes certificates with openssl in a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(CONFIGURATION)
        self.file = folder / "ca.pem"
        self.openssl("req", "-x509", "-subj", "/CN=authority", "-days", "30", "-out", "ca.pem",
                     *self.new_key("ca"), "-addext", "basicConstraints=critical,CA:true")

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def certify(self, name, san, start="20200101000000Z", end="20991231235959Z"):
        """Returns the paths of a certificate and its key."""
        self.openssl("req", "-new", "-subj", f"/CN={name}", "-out", f"{name}.csr", *self.new_key(name))
        (self.folder / f"{name}.ext").write_text(f"subjectAltName = {san}\n")
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key",
                     "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", "-extfile", f"{name}.ext",
                     "-startdate", start, "-enddate", end)
        (self.folder / f"{name}.key").chmod(0o600)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def context(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
