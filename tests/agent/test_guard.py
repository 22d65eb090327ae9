# SPDX-License-Identifier: MIT
"""Who may ask the API, and what hostile clients can do to it: requests byte by byte, on raw sockets."""

import contextlib
import datetime
import json
import os
import pathlib
import resource
import select
import socket
import time
import unittest

from harness import PATIENCE_SEC, TOKEN, Agent, until

LISTED = "https://panel.example"
PROTECTION = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
CONNECTIONS_MAX = 32
MANY = 1000
# What the agent may grow by under attack: 32 answers of a megabyte each are the most that it holds.
# Sanitizers need several times as much.
GROWTH_BYTES = int(os.environ.get("CLB_SLOW", "1")) * 96 << 20
# Between two heartbeats, of which there is one a second: a client that delays them does so for longer.
LATE_SEC = int(os.environ.get("CLB_SLOW", "1")) * 8


class Answer:
    """One answer, read from a stream that may hold more of them."""

    def __init__(self, stream, method="GET"):
        line = stream.readline()
        if not line:
            raise EOFError("closed without an answer")
        self.status = int(line.split()[1])
        self.headers = {}
        self.names = []
        for line in iter(stream.readline, b"\r\n"):
            name, _, value = line.decode().partition(":")
            self.names.append(name.lower())
            self.headers[name.lower()] = value.strip()
        length = int(self.headers.get("content-length", 0))
        self.body = stream.read(length) if method != "HEAD" else b""


def head(target="/health", method="GET", hosts=("127.0.0.1:{port}",), headers=(), version="1.1"):
    """A request without a body; {port} is put in when it is sent."""
    lines = [f"{method} {target} HTTP/{version}", *(f"Host: {host}" for host in hosts), *headers]
    return "\r\n".join(lines) + "\r\n\r\n"


def named(*hosts, **more):
    return head(hosts=hosts, **more)


def told(*headers, **more):
    return head(headers=headers, **more)


class Raw(unittest.TestCase):
    """An agent that all tests of a class ask."""

    SETTINGS = ""

    @classmethod
    def setUpClass(cls):
        cls.agent = Agent()
        cls.addClassCleanup(cls.agent.close)
        token = cls.agent.folder / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        text = cls.agent.config.read_text()
        cls.agent.write_config(text.replace("api: {", f"api: {{ {cls.SETTINGS}"))
        cls.prepare()
        cls.agent.start(ready=False)
        until(cls.answers, "the API")

    @classmethod
    def prepare(cls):
        """Before the agent starts."""

    @classmethod
    def answers(cls):
        try:
            return cls.ask(head()).status in (200, 401)
        except OSError:
            return False

    @classmethod
    def connect(cls):
        return socket.create_connection(("127.0.0.1", cls.agent.port), timeout=PATIENCE_SEC)

    @classmethod
    def ask(cls, text, method="GET"):
        with cls.connect() as raw, raw.makefile("rb") as stream:
            raw.sendall(text.replace("{port}", str(cls.agent.port)).encode("latin-1"))
            return Answer(stream, method)

    def check(self, table):
        for text, expected in table:
            with self.subTest(request=text[:200]):
                answer = self.ask(text)
                self.assertEqual(expected, answer.status, answer.body)
                self.assert_protected(answer)

    def assert_protected(self, answer):
        for name, value in PROTECTION.items():
            self.assertEqual(value, answer.headers.get(name), name)
        self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
        self.assertNotIn("unsafe", answer.headers["content-security-policy"])
        self.assertEqual(len(answer.names), len(set(answer.names)), "a header twice")
        if answer.status >= 400:
            self.assertEqual("application/problem+json", answer.headers["content-type"])
            self.assertEqual(answer.status, json.loads(answer.body)["status"])


class Plain(Raw):
    """As it is shipped: no token, no foreign origin."""

    def test_hosts(self):
        self.check((
            (named("127.0.0.1:{port}"), 200),
            (named("localhost:{port}"), 200),
            (named("LOCALHOST:{port}"), 200),
            (named("LocalHost:{port}"), 200),
            (named("[::1]:{port}"), 200),
            (named("localhost.:{port}"), 421),
            (named("127.0.0.1.:{port}"), 421),
            (named("localhost"), 421),
            (named("127.0.0.1"), 421),
            (named("[::1]"), 421),
            (named("127.0.0.1:"), 421),
            (named("127.0.0.1:80"), 421),
            (named("127.0.0.1:0{port}"), 421),
            (named("127.0.0.1:{port}0"), 421),
            (named("::1:{port}"), 421),
            (named("[::1%25lo]:{port}"), 421),
            (named("[0:0:0:0:0:0:0:1]:{port}"), 421),
            (named("[::ffff:127.0.0.1]:{port}"), 421),
            (named("127.1:{port}"), 421),
            (named("2130706433:{port}"), 421),
            (named("0x7f000001:{port}"), 421),
            (named("0.0.0.0:{port}"), 421),
            (named("127.0.0.2:{port}"), 421),
            (named("user@127.0.0.1:{port}"), 421),
            (named("127.0.0.1:{port}@evil.example"), 421),
            (named("127.0.0.1:{port}/"), 421),
            (named("evil.example"), 421),
            (named("evil.example:{port}"), 421),
            (named("localhost.evil.example:{port}"), 421),
            (named("127.0.0.1.nip.example:{port}"), 421),
            (named("evillocalhost:{port}"), 421),
            (named("localhost:{port}, evil.example"), 421),
            (named(""), 421),
            (named("127.0.0.1:{port}", "127.0.0.1:{port}"), 421),
            (named("127.0.0.1:{port}", "evil.example"), 421),
            (named("evil.example", "127.0.0.1:{port}"), 421),
            (named(version="1.0"), 421),
            (named("127.0.0.1:{port}", version="1.0"), 200),
            (named("evil.example:{port}", version="1.0"), 421),
        ))

    def test_a_request_without_a_host_is_not_answered(self):
        self.assertIn(self.ask(named()).status, (400, 421))

    def test_targets(self):
        self.check((
            (head("http://127.0.0.1:{port}/health"), 200),
            (head("http://localhost:{port}/health?"), 200),
            (head("http://127.0.0.1:{port}/nowhere"), 404),
            (head("http://evil.example/health"), 404),
            (head("//evil.example/health"), 404),
            (head("/health/"), 404),
            (head("/../health"), 404),
            (head("/HEALTH"), 404),
            (head("*"), 404),
            (head("/health?"), 200),
            (head("/health?x"), 400),
            (head("/health?token=" + TOKEN), 400),
            (head("/health%00x"), 400),
            (head("/daily?date=2026-01-16%00x"), 400),
            (head("/%2e%2e/etc/passwd"), 404),
        ))

    def test_what_is_asked_is_named_as_text(self):
        for sent, shown in (("%ff%fe", "\ufffd\ufffd"), ("%c3%a9", "\u00e9"), ("%0d%0aX", "  X"), ("", "(empty)"),
                            ("<b>", "<b>"), ("y" * 62 + "%c3%a9", "y" * 62)):
            self.assertEqual(shown, json.loads(self.ask(head(f"/health?{sent}=1")).body)["parameter"])

    def test_origins(self):
        own = ("127.0.0.1", "localhost", "[::1]")
        self.check((
            *((told(f"Origin: http://{name}:{{port}}"), 200) for name in own),
            (told("Origin: http://127.0.0.1"), 403),
            (told("Origin: http://localhost:1"), 403),
            (told("Origin: https://127.0.0.1:{port}"), 403),
            (told("Origin: http://localhost:{port}.evil.example"), 403),
            (told("Origin: http://evil.example:{port}"), 403),
            (told("Origin: http://127.0.0.1:{port}/"), 403),
            (told("Origin: null"), 403),
            (told("Origin:"), 403),
            (told("Origin: file://"), 403),
            (told(f"Origin: {LISTED}"), 403),
            (told("Origin: http://evil.example", "Origin: http://127.0.0.1:{port}"), 400),
            (told("Origin: http://127.0.0.1:{port}", "Origin: http://evil.example"), 400),
            (told("Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"), 400),
        ))

    def test_nobody_gets_a_cors_answer(self):
        for origin in ("http://127.0.0.1:{port}", "http://evil.example", "null"):
            answer = self.ask(told(f"Origin: {origin}"))
            self.assertFalse([name for name in answer.names if name.startswith("access-control")])

    def test_sites(self):
        self.check((
            *((told(f"Sec-Fetch-Site: {site}"), 200) for site in ("none", "same-origin")),
            *((told(f"Sec-Fetch-Site: {site}"), 403) for site in ("cross-site", "same-site")),
            *((told(f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: navigate"), 403)
              for site in ("cross-site", "same-site")),
            (told("Sec-Fetch-Site: cross-site", "Origin: http://127.0.0.1:{port}"), 403),
        ))

    def test_only_a_navigation_may_come_to_the_first_page_from_elsewhere(self):
        for mode, expected in (("navigate", False), ("no-cors", True), ("cors", True), ("websocket", True)):
            answer = self.ask(told("Sec-Fetch-Site: cross-site", f"Sec-Fetch-Mode: {mode}", target="/"))
            self.assertEqual(expected, answer.status == 403, mode)
        framed = self.ask(told("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
                               "Sec-Fetch-Dest: iframe", target="/"))
        self.assertEqual("DENY", framed.headers["x-frame-options"])

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "NONSENSE"):
            answer = self.ask(head(method=method))
            self.assertEqual((405, "GET, HEAD"), (answer.status, answer.headers["allow"]), method)
            self.assert_protected(answer)

    def test_head_is_get_without_the_body(self):
        asked, got = self.ask(head("/daily?date=2026-01-16", "HEAD"), "HEAD"), self.ask(head("/daily?date=2026-01-16"))
        self.assertEqual((200, got.headers["content-length"]), (asked.status, asked.headers["content-length"]))

    def test_bodies(self):
        self.check((
            (told("Content-Length: 0"), 200),
            (told("Content-Length: 1") + "x", 413),
            (told("Content-Length: 1"), 413),
            (told("Content-Length: 1000000000000"), 413),
            (told("Transfer-Encoding: chunked") + "0\r\n\r\n", 413),
            (told("Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", 413),
            (told("Transfer-Encoding: chunked", "Content-Length: 0") + "0\r\n\r\n", 413),
            (told("Content-Length: 1", "Expect: 100-continue"), 413),
            (told("Content-Length: 1", method="POST") + "x", 405),
        ))

    def test_what_follows_a_refused_body_is_no_request(self):
        hidden = head("/status")
        with self.connect() as raw, raw.makefile("rb") as stream:
            text = told(f"Content-Length: {len(hidden)}") + hidden
            raw.sendall(text.replace("{port}", str(self.agent.port)).encode())
            self.assertEqual(413, Answer(stream).status)
            self.assertEqual(b"", stream.read())

    def test_long_addresses(self):
        exact = "/health?" + "x" * (4096 - len("/health?"))
        self.check(((head(exact), 400), (head(exact + "x"), 414), (head("/" + "x" * 8000), 414)))
        self.assertIn(self.ask(head("/" + "x" * 100_000)).status, (414, 431))

    def test_pipelined_requests_are_answered_in_order(self):
        targets = ["/health", "/daily?date=2026-01-16", "/nothing", "/history?limit=0", "/health"] * 8
        with self.connect() as raw, raw.makefile("rb") as stream:
            raw.sendall("".join(map(head, targets)).replace("{port}", str(self.agent.port)).encode())
            self.assertEqual([200, 200, 404, 400, 200] * 8, [Answer(stream).status for _ in targets])

    def test_each_request_of_a_connection_passes_the_guard(self):
        with self.connect() as raw, raw.makefile("rb") as stream:
            for text, expected in ((head(), 200), (named("evil.example"), 421), (head(), 200),
                                   (told("Origin: null"), 403), (head(), 200)):
                raw.sendall(text.replace("{port}", str(self.agent.port)).encode())
                self.assertEqual(expected, Answer(stream).status, text)

    def test_noise_is_refused(self):
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 64, b"\r\n\r\n\r\n\r\n",
                      b"GET\r\n\r\n", b"GET /health\r\n\r\n", b"GET /health HTTP/9.9\r\n\r\n",
                      b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /health HTTP/1.1\r\nHost\r\n\r\n"):
            with self.connect() as raw:
                raw.sendall(noise)
                self.assertEqual(200, self.ask(head()).status)  # by then the noise was heard, too
                raw.setblocking(False)
                with contextlib.suppress(OSError):
                    self.assertNotIn(b"200 OK", raw.recv(4096), noise)


class Guarded(Raw):
    """With a token, and one foreign origin that is listed."""

    SETTINGS = f'token_file = "token"; allowed_origins = [ "{LISTED}" ]; '
    RIGHT = f"Authorization: Bearer {TOKEN}"

    def test_tokens(self):
        wrong = ("", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Bearer {TOKEN} x",
                 f"Bearer {TOKEN.upper()}", f"Bearer x{TOKEN[1:]}", f"Bearer {TOKEN}{TOKEN}", f"Basic {TOKEN}",
                 TOKEN, f"Bearer\t{TOKEN}")
        self.check((
            (head(), 401),
            (told(self.RIGHT), 200),
            (told(f"authorization: bearer {TOKEN}"), 200),
            (told(f"AUTHORIZATION: BEARER {TOKEN}"), 200),
            *((told(f"Authorization: {value}"), 401) for value in wrong),
            (head(f"/health?token={TOKEN}"), 401),
            (head(f"/health?access_token={TOKEN}"), 401),
            (told(f"Cookie: token={TOKEN}"), 401),
            (told(f"X-Token: {TOKEN}"), 401),
            (told(self.RIGHT, "Authorization: Bearer x"), 400),
            (told("Authorization: Bearer x", self.RIGHT), 400),
            (told(self.RIGHT, "Origin: http://evil.example"), 403),
            (told(self.RIGHT, "Sec-Fetch-Site: cross-site"), 403),
            (head("/nothing"), 401),
            (named("evil.example", headers=(self.RIGHT,)), 421),
        ))
        self.assertEqual('Bearer realm="clockblock"', self.ask(head()).headers["www-authenticate"])
        self.assertNotIn(TOKEN.encode(), self.ask(head(f"/health?token={TOKEN}")).body)

    def test_the_listed_origin_gets_exactly_its_own_name(self):
        for target, expected in (("/health", 200), ("/nothing", 404), ("/health?x", 400)):
            answer = self.ask(told(f"Origin: {LISTED}", "Sec-Fetch-Site: cross-site", self.RIGHT, target=target))
            self.assertEqual((expected, LISTED, "Origin"),
                             (answer.status, answer.headers["access-control-allow-origin"], answer.headers["vary"]))
            self.assertNotIn("access-control-allow-credentials", answer.names)
            self.assert_protected(answer)

    def test_its_page_can_read_why_it_is_refused(self):
        for text, expected in ((told(f"Origin: {LISTED}"), 401),
                               (told(f"Origin: {LISTED}", method="POST"), 405)):
            answer = self.ask(text)
            self.assertEqual((expected, LISTED), (answer.status, answer.headers["access-control-allow-origin"]))

    def test_others_are_not_the_listed_origin(self):
        self.check((told(f"Origin: {origin}", self.RIGHT), 403) for origin in (
            "http://panel.example", "https://panel.example:443", "https://panel.example.evil.example",
            "https://PANEL.example", "https://panel.example/", "https://sub.panel.example", "null", "*"))

    def preflight(self, origin, *more, wants="GET"):
        return self.ask(told(f"Origin: {origin}", f"Access-Control-Request-Method: {wants}",
                             "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", *more, method="OPTIONS"))

    def test_a_preflight_of_the_listed_origin_lets_the_token_through(self):
        answer = self.preflight(LISTED, "Access-Control-Request-Headers: authorization")
        told_back = {name: answer.headers.get(f"access-control-allow-{name}")
                     for name in ("origin", "methods", "headers")}
        self.assertEqual((204, b""), (answer.status, answer.body))
        self.assertEqual({"origin": LISTED, "methods": "GET, HEAD", "headers": "Authorization, Last-Event-ID"}, told_back)
        self.assertEqual("Origin", answer.headers["vary"])
        self.assert_protected(answer)

    def test_other_preflights_are_refused(self):
        for answer, expected in ((self.preflight("http://evil.example"), 403),
                                 (self.preflight("null"), 403),
                                 (self.preflight("http://127.0.0.1:{port}"), 403),
                                 (self.preflight(LISTED, "Content-Length: 1"), 413),
                                 (self.ask(told(f"Origin: {LISTED}", method="OPTIONS")), 405)):
            self.assertEqual(expected, answer.status)
            self.assertNotIn("access-control-allow-methods", answer.names)


class Attacked(Raw):
    """An agent with something to tell, and what must hold whatever clients do to it."""

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 2 * MANY:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * MANY, hard), hard))
        super().setUpClass()

    @classmethod
    def prepare(cls):
        cls.agent.fill(5000)

    def setUp(self):
        self.sockets = []
        self.addCleanup(self.hang_up)
        until(lambda: self.agent.get("/health")[0] == 200, "the agent, before the attack")
        self.bytes_before = self.resident_bytes()
        self.seq_before = self.seq()

    def hang_up(self):
        for each in self.sockets:
            each.close()
        self.sockets = []

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.agent.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def connections(self):
        """How many connections the agent holds."""
        held = set()
        for entry in pathlib.Path(f"/proc/{self.agent.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                held.add(os.readlink(entry).removeprefix("socket:[").rstrip("]"))
        count = 0
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            is_listener = fields[3] == "0A"
            count += fields[1].endswith(f":{self.agent.port:04X}") and fields[9] in held and not is_listener
        return count

    def seq(self):
        return self.agent.sql("SELECT max(seq) FROM heartbeats")[0][0]

    def open(self, count):
        """So many connections at once; those that the agent does not take wait in the kernel."""
        for _ in range(count):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", self.agent.port))
            self.sockets.append(each)

    def send(self, text):
        data = text.replace("{port}", str(self.agent.port)).encode()
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.send(data)

    def assert_unharmed(self, heartbeats=4):
        """Heartbeats come as if nothing was, the control socket answers, and memory is bounded."""
        self.assertLessEqual(self.connections(), CONNECTIONS_MAX)
        begun = self.seq()
        until(lambda: self.seq() >= begun + heartbeats, "heartbeats under attack")
        self.assertEqual("pc-test", self.agent.ask("status")["device_id"])
        self.assertLess(self.resident_bytes() - self.bytes_before, GROWTH_BYTES)
        times = [row[0] for row in self.agent.sql(
            "SELECT wall_ms FROM heartbeats WHERE seq > ? ORDER BY seq", self.seq_before)]
        self.assertLess(max((b - a for a, b in zip(times, times[1:])), default=0), LATE_SEC * 1000)

    def assert_served_again(self):
        self.hang_up()
        until(self.agent.answers, "the API after the attack")


class Hostile(Attacked):
    """Clients that want to harm: memory stays bounded, heartbeats stay on time, and others are served
    again when they are gone."""

    def test_a_thousand_connections(self):
        self.open(MANY)
        until(lambda: self.connections() >= CONNECTIONS_MAX - 1, "a full house")
        self.send("GET /health HTTP/1.1\r\nHost: 127.")
        until(self.agent.answers, "the API while the others are there")
        self.assert_unharmed(2)
        self.assert_served_again()

    def test_a_full_house_of_those_who_wait_makes_room(self):
        self.open(CONNECTIONS_MAX)
        until(lambda: self.connections() >= CONNECTIONS_MAX, "a full house")
        self.assertEqual(200, self.agent.get("/health")[0])
        self.assert_unharmed(1)
        self.assert_served_again()

    def test_many_who_ask_for_much_and_leave(self):
        for _ in range(200):
            with self.connect() as raw:
                raw.sendall(head("/history?limit=5000").replace("{port}", str(self.agent.port)).encode())
        self.assert_unharmed(1)
        self.assert_served_again()

    def test_floods_of_headers(self):
        for line in (b"X: " + b"y" * 60_000 + b"\r\n", b"A: b\r\n", b"Host: 127.0.0.1:1\r\n", b"\tfolded\r\n"):
            with self.connect() as raw:
                self.assertTrue(self.floods(raw, b"GET /health HTTP/1.1\r\n" + line, line * (1 + 65536 // len(line))))
        self.assert_unharmed(1)
        self.assert_served_again()

    @staticmethod
    def floods(raw, first, again):
        """Sends on and on, up to 64 MB: true when the agent hung up."""
        try:
            raw.sendall(first)
            for _ in range(1000):
                raw.sendall(again)
        except OSError:
            return True
        return False


class Slow(Attacked):
    """Clients that let others wait."""

    def test_who_does_nothing_read_or_write_is_given_up(self):
        until(lambda: self.connections() == 0, "the end of other connections")
        self.open(CONNECTIONS_MAX - 2)
        until(lambda: self.connections() >= CONNECTIONS_MAX - 2, "connections")
        for each in self.sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        readers, silent = self.sockets[:20], self.sockets[20:]
        self.sockets = readers
        self.send(head("/history?limit=5000"))
        self.sockets = silent[:5]
        self.send("GET /health HTT")
        self.sockets = readers + silent
        self.assertEqual(200, self.agent.get("/health")[0], "another client is served meanwhile")
        self.assert_unharmed()
        until(lambda: self.connections() == 0, "connections that were given up")
        self.assert_served_again()

    def test_a_slow_writer_and_a_slow_reader_are_served(self):
        text = head("/history?limit=2000").replace("{port}", str(self.agent.port)).encode()
        with self.connect() as raw:
            for byte in text:
                raw.send(bytes((byte,)))
            self.assertEqual(200, self.agent.get("/health")[0], "another client is served meanwhile")
            received = 0
            while not received or select.select([raw], [], [], 0.2)[0]:
                part = raw.recv(2000)
                if not part:
                    break
                received += len(part)
                if received % 100_000 < 2000:
                    self.assertEqual(200, self.agent.get("/health")[0])
        self.assertGreater(received, 300_000)
        self.assert_unharmed(1)


class Bound(unittest.TestCase):
    def make(self, api):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.write_config(agent.config.read_text().replace("api: {", f"api: {{ {api}"))
        return agent

    def test_another_address_than_loopback_needs_a_token(self):
        for host in ("0.0.0.0", "::", "192.168.1.5", "127.0.0.1.example"):
            done = self.make(f'host = "{host}";').run("check")
            self.assertEqual(78, done.returncode, host)
            self.assertIn(f'api.host: "{host}" can be reached by other machines: set api.token_file', done.stderr)

    def test_ipv6(self):
        agent = self.make('host = "::1";')
        agent.start(ready=False)
        try:
            raw = until(lambda: self.reach(agent), "the API on ::1")
        except AssertionError:
            if "Address family not supported" in agent.log.read_text() or "assign" in agent.log.read_text():
                self.skipTest("there is no ::1 on this machine")
            raise
        with raw, raw.makefile("rb") as stream:
            for text, expected in ((named("[::1]:{port}"), 200), (named("localhost:{port}"), 200),
                                   (named("evil.example:{port}"), 421)):
                raw.sendall(text.replace("{port}", str(agent.port)).encode())
                self.assertEqual(expected, Answer(stream).status)

    @staticmethod
    def reach(agent):
        with contextlib.suppress(OSError):
            return socket.create_connection(("::1", agent.port), timeout=PATIENCE_SEC)
        if "cannot listen" in agent.log.read_text():
            raise AssertionError("no address")
        return None

    def test_a_taken_port_is_told_in_status_and_tried_again(self):
        agent = self.make("")
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", agent.port))
            taken.listen()
            agent.start(ready=False)
            until(lambda: agent.run("status").returncode == 0, "the control socket")
            self.assertIn(f"port {agent.port} of 127.0.0.1 is taken by another program", agent.run("status").stdout)
            told_of = json.loads(agent.run("status", "--json").stdout)["api"]
            self.assertEqual((False, True), (told_of["listening"], "is taken" in told_of["problem"]))
        until(agent.answers, "the API, once the port is free")
        url = f"http://127.0.0.1:{agent.port}"
        self.assertEqual({"url": url, "listening": True, "problem": None}, agent.status()["api"])
        self.assertIn(f"api        {url}\n", agent.run("status").stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
