# SPDX-License-Identifier: MIT
"""The local API is what its description says, and nothing else."""

import datetime
import gzip
import json
import pathlib
import re
import unittest
import urllib.parse
import uuid

from harness import Agent, Game, Receiver, until
from listener import Listener

try:
    import jsonschema
except ImportError:
    jsonschema = None

SOURCES = pathlib.Path(__file__).parents[2] / "core" / "api"
SINK = 'cloud: {{ plugin = "http_ingest"; endpoint_url = "{}"; sync_interval_sec = 0.2; }};'

# Values of each parameter, beside the example of the description. Some of `to` are bad behind the
# example of `from` only.
GOOD = {
    "date": ["1970-01-01", "2000-02-29", "2040-12-31"],
    "from": ["2026-01-01", "2026-01-10"],
    "to": ["2026-01-10", "2036-01-17"],
    "tz": ["UTC", "local", "Asia/Kathmandu", "Pacific/Apia", "America/Argentina/Buenos_Aires"],
    "limit": ["1", "200", "5000", "0005"],
    "before": ["1", "999999999999999999"],
    "Last-Event-ID": ["0", "999999999999999999", "1-7C86204F-53ba-4741-862c-38894485d60a"],
    "If-None-Match": ["*", 'W/"x", "y"', "none"],
    "file": [],
}
NO_NUMBERS = ["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "x", "1" * 19, "1,2", "%31x", "\u0661"]
NO_DATES = ["", "2026-1-1", "2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "2026-02-29",
            "2026-01-16T00:00", " 2026-01-16", "2026-01-16 ", "20260116", "-026-01-16", "x", "yesterday"]
BAD = {
    "date": NO_DATES,
    "from": NO_DATES,
    "to": NO_DATES + ["2026-01-09", "2036-01-18"],
    "tz": ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "utc+1", "Europe/Paris\n"],
    "limit": NO_NUMBERS + ["0", "5001"],
    "before": NO_NUMBERS + ["0", "1000000000000000000"],
    "Last-Event-ID": [bad for bad in NO_NUMBERS if bad.strip() == bad and bad.isascii()]
                     + ["1000000000000000000", "1-", "1-7c86204f", "1-7c86204f53ba4741862c38894485d60a",
                        "-7c86204f-53ba-4741-862c-38894485d60a"],
}


def load():
    return json.loads((SOURCES / "openapi.json").read_text())


def is_time(text):
    return not isinstance(text, str) or bool(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ"))


@unittest.skipUnless(jsonschema, "jsonschema is not installed (package python3-jsonschema)")
class Contract(unittest.TestCase):
    """The description, and ways to hold an answer against it."""

    document = load()

    @classmethod
    def start(cls, **parts):
        agent = Agent(**parts)
        cls.addClassCleanup(agent.close)
        agent.start()
        return agent

    def resolve(self, node):
        while "$ref" in node:
            reference = node["$ref"]
            node = self.document
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]
        return node

    def validator(self, schema):
        checker = jsonschema.FormatChecker(formats=())
        checker.checks("date-time", raises=ValueError)(is_time)
        checker.checks("date", raises=ValueError)(
            lambda text: not isinstance(text, str) or bool(datetime.date.fromisoformat(text)))
        checker.checks("uuid", raises=ValueError)(
            lambda text: not isinstance(text, str) or str(uuid.UUID(text)) == text)
        parts = {"components": self.document["components"]}  # where its references lead
        return jsonschema.Draft202012Validator({**schema, **parts}, format_checker=checker)

    def assert_valid(self, value, schema, what):
        errors = [f"{'/'.join(map(str, error.path))}: {error.message}"
                  for error in self.validator(schema).iter_errors(value)]
        self.assertEqual([], errors, what)

    def operations(self):
        for path, methods in self.document["paths"].items():
            self.assertEqual(["get"], list(methods), "HEAD goes without saying")
            yield path, methods["get"]

    def parameters(self, operation):
        return [self.resolve(parameter) for parameter in operation.get("parameters", [])]

    def ask(self, agent, path, parameters=(), method="GET", headers=None, body=None):
        """`parameters` are pairs of a description and a value."""
        query = []
        headers = dict(headers or {})
        for parameter, value in parameters:
            name, place = parameter["name"], parameter["in"]
            if place == "path":
                path = path.replace(f"{{{name}}}", value)
            elif place == "header":
                headers[name] = str(value)
            else:
                query.append((name, value))
        return agent.request(method, path + ("?" + urllib.parse.urlencode(query) if query else ""),
                             headers, body)

    def examples(self, operation, but=None):
        """All that is required, as the examples have it, beside one other."""
        return [(parameter, parameter["example"]) for parameter in self.parameters(operation)
                if parameter.get("required") and parameter["name"] != but]

    def check(self, answer, operation, status, method="GET"):
        """Is this one of the answers of the description? Returns its JSON."""
        code, headers, body = answer
        what = (operation["operationId"], code, body[:300])
        self.assertEqual(status, code, what)
        self.assertIn(str(code), operation["responses"], what)
        return self.check_response(answer, self.resolve(operation["responses"][str(code)]), what, method)

    def check_response(self, answer, response, what, method="GET"):
        _, headers, body = answer
        for name, header in response.get("headers", {}).items():
            schema = self.resolve(header)["schema"]
            value = int(headers[name]) if schema["type"] == "integer" else headers[name]
            self.assert_valid(value, schema, (what, name))
        if "content" not in response:
            self.assertEqual((b"", None), (body, headers.get("Content-Type")), what)
            return None
        media = headers["Content-Type"].split(";")[0]
        self.assertIn(media, response["content"], what)
        if method == "HEAD":
            self.assertEqual(b"", body, what)
            return None
        if not media.endswith("json"):
            self.assertTrue(body.decode(), what)
            return None
        value = json.loads(body)
        self.assert_valid(value, response["content"][media]["schema"], what)
        return value


class Description(Contract):
    @classmethod
    def setUpClass(cls):
        cls.agent = cls.start(sinks='log: { plugin = "file"; path = "out.jsonl"; };')

    def nodes(self, node=None, path=()):
        """Each object of the description, with the keys that lead to it."""
        node = self.document if node is None else node
        if isinstance(node, dict):
            yield node, path
        for key, value in (node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(value, (dict, list)):
                yield from self.nodes(value, (*path, key))

    def test_it_is_served_as_it_is_written_and_packed(self):
        written = (SOURCES / "openapi.json").read_bytes()
        self.assertEqual(written, self.agent.request("GET", "/openapi.json")[2])
        _, headers, body = self.agent.request("GET", "/openapi.json", {"Accept-Encoding": "gzip"})
        self.assertEqual(("gzip", written), (headers["Content-Encoding"], gzip.decompress(body)))
        self.assertEqual(self.agent.status()["version"], self.document["info"]["version"])

    def test_every_reference_leads_somewhere_and_every_part_is_used(self):
        used = set()
        for node, path in self.nodes():
            if "$ref" in node:
                self.assertTrue(self.resolve(node), path)
                used.add(node["$ref"])
        parts = {f"#/components/{kind}/{name}" for kind, parts in self.document["components"].items()
                 if kind != "securitySchemes" for name in parts}
        by_name = {"#/components/responses/MethodNotAllowed"}  # of all paths, so of none
        by_name |= {f"#/components/schemas/{name}" for name in ("States", "Reset")}  # events
        self.assertEqual(parts, used | by_name)

    def test_schemas_are_schemas_and_examples_are_what_they_describe(self):
        checked = 0
        for node, path in self.nodes():
            if isinstance(node.get("schema"), dict):
                jsonschema.Draft202012Validator.check_schema(node["schema"])
                for example in [node["example"]] if "example" in node else []:
                    self.assert_valid(example, node["schema"], path)
                    checked += 1
        for name, schema in self.document["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)
            for example in schema.get("examples", []):
                self.assert_valid(example, schema, name)
                checked += 1
        self.assertLess(20, checked)

    def test_every_error_is_a_problem_and_every_object_is_closed(self):
        for path, operation in self.operations():
            for status, response in operation["responses"].items():
                if status >= "400" and (path, status) != ("/health", "503"):
                    self.assertEqual(["application/problem+json"], list(self.resolve(response)["content"]))
        for name, schema in self.document["components"]["schemas"].items():
            if "properties" in schema:
                self.assertFalse(schema["additionalProperties"], name)
                self.assertEqual([], [key for key in schema["required"] if key not in schema["properties"]])
        names = [operation["operationId"] for _, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))

    def test_nothing_is_served_that_is_not_in_it(self):
        detail = json.loads(self.agent.request("GET", "/nothing")[2])["detail"]
        served = set(re.findall(r"(/[^ ,]*)", detail))
        self.assertEqual(set(self.document["paths"]) - {"/{file}"}, served)
        in_table = set(re.findall(r'^    \{"(/[^"]*)"', (SOURCES / "routes.c").read_text(), re.MULTILINE))
        self.assertEqual(served - {"/"}, in_table)

    def test_the_states_are_those_that_there_are(self):
        page = self.agent.request("GET", "/metrics")[2].decode()
        for kind, name in (("detector", "DetectorState"), ("sink", "SinkState")):
            states = re.findall(rf'^clockblock_{kind}_state{{.*state="([a-z]+)"}}', page, re.MULTILINE)
            self.assertEqual(self.document["components"]["schemas"][name]["enum"], states)


class Answers(Contract):
    @classmethod
    def setUpClass(cls):
        receiver = Receiver()
        receiver.up()
        cls.addClassCleanup(receiver.down)
        cls.agent = cls.start(sinks=SINK.format(receiver.url()),
                              rest="poll_interval_sec = 1; allowance: { default_min = 60; };")
        game = Game(cls.agent)
        cls.addClassCleanup(game.end)
        until(lambda: any(heartbeat["credited_sec"] for heartbeat in cls.agent.history()) and receiver.heartbeats,
              "play that is stored")

    def files(self):
        return sorted(file.name for file in (SOURCES / "web").iterdir()) + ["chart.js"]

    def values(self, parameter):
        """The good ones."""
        if parameter["name"] == "file":
            return [name for name in self.files() if name != "index.html"]
        return [parameter["example"], *GOOD[parameter["name"]]]

    def test_every_path_answers_with_every_good_value(self):
        asked = 0
        for path, operation in self.operations():
            for parameter in [None, *self.parameters(operation)]:
                for value in [None] if parameter is None else self.values(parameter):
                    with self.subTest(path=path, value=value):
                        given = self.examples(operation, parameter and parameter["name"])
                        given += [(parameter, value)] if parameter else []
                        self.check_good(path, operation, given, value)
                        asked += 1
        self.assertLess(50, asked)

    def check_good(self, path, operation, given, value):
        status = 304 if value == "*" else 200
        head = self.ask(self.agent, path, given, method="HEAD")
        self.check(head, operation, status, "HEAD")
        if path == "/events":
            return
        answer = self.ask(self.agent, path, given)
        self.check(answer, operation, status)
        self.assertEqual(head[1].get("ETag"), answer[1].get("ETag"))
        self.assertEqual("no-cache" if "ETag" in answer[1] else "no-store", answer[1]["Cache-Control"])
        if "ETag" in answer[1]:
            self.assertEqual(head[1]["Content-Length"], answer[1]["Content-Length"])

    def test_a_copy_that_is_still_good_is_not_sent_again(self):
        for path, operation in self.operations():
            if "304" not in operation["responses"]:
                continue
            given = self.examples(operation)
            tag = self.ask(self.agent, path, given)[1]["ETag"]
            for copies in (tag, f"W/{tag}", f'"x", {tag}'):
                for method in ("GET", "HEAD"):
                    answer = self.ask(self.agent, path, given, method, {"If-None-Match": copies})
                    self.check(answer, operation, 304, method)

    def test_days_with_play_too(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        ends = {"from": (today - datetime.timedelta(2)).isoformat(),
                "to": (today + datetime.timedelta(2)).isoformat(), "date": today.isoformat()}
        for path, operation in self.operations():
            given = [(parameter, ends[parameter["name"]]) for parameter in self.parameters(operation)
                     if parameter["name"] in ends]
            if given:
                found = self.check(self.ask(self.agent, path, given), operation, 200)
                self.assertTrue(found, path)
                minutes = [day["minutes_used"] for day in (found if isinstance(found, list) else [found])]
                self.assertLess(0, sum(minutes), path)

    def test_events_are_what_the_schemas_say(self):
        schemas = {"heartbeat": "Heartbeat", "status": "States", "reset": "Reset"}
        seen = set()
        listener = Listener(self.agent, last_id=10**9).begin()
        self.addCleanup(listener.close)
        while seen != set(schemas):
            event = listener.next()
            reference = {"$ref": f"#/components/schemas/{schemas[event['event']]}"}
            self.assert_valid(json.loads(event["data"]), reference, event)
            self.assert_valid(event["id"], self.document["components"]["parameters"]["lastEventId"]["schema"], event)
            seen.add(event["event"])


class Refusals(Contract):
    @classmethod
    def setUpClass(cls):
        cls.agent = cls.start()

    def test_bad_values_name_their_parameter(self):
        asked = 0
        for path, operation in self.operations():
            for parameter in self.parameters(operation):
                for value in BAD.get(parameter["name"], []):
                    given = self.examples(operation, parameter["name"])
                    for method in ("GET", "HEAD"):
                        with self.subTest(path=path, parameter=parameter["name"], value=value):
                            answer = self.ask(self.agent, path, [*given, (parameter, value)], method)
                            problem = self.check(answer, operation, 400, method)
                            if problem:
                                self.assertEqual(parameter["name"], problem["parameter"])
                            asked += 1
        self.assertLess(200, asked)

    def test_every_parameter_is_tried(self):
        names = {parameter["name"] for _, operation in self.operations()
                 for parameter in self.parameters(operation)}
        self.assertEqual(names, set(GOOD))
        self.assertEqual(names - {"file", "If-None-Match"}, set(BAD), "these have no bad value")

    def test_what_is_required_is_missed_and_what_is_unknown_or_twice_refused(self):
        for path, operation in self.operations():
            if operation["responses"]["400"] == {"$ref": "#/components/responses/Malformed"}:
                continue  # a bookmark of a page may have parameters
            given = self.examples(operation)
            for parameter, value in given:
                problem = self.check(self.ask(self.agent, path, self.examples(operation, parameter["name"])),
                                     operation, 400)
                self.assertEqual(parameter["name"], problem["parameter"])
                twice = self.ask(self.agent, path, [*given, (parameter, value)])
                self.assertEqual(parameter["name"], self.check(twice, operation, 400)["parameter"])
            for name in ("unknown", "Date", "limit ", "tz[]", "\u00e9", "x" * 100):
                unknown = ({"name": name, "in": "query"}, "1")
                problem = self.check(self.ask(self.agent, path, [*given, unknown]), operation, 400)
                self.assertEqual(name[:63], problem["parameter"])

    def test_unknown_paths_are_not_found(self):
        response = self.resolve(self.document["components"]["responses"]["NotFound"])
        for path in ("/nothing", "/status/", "//status", "/Status", "/status.json", "/daily/2026-01-16",
                     "/index.html", "/web/style.css", "/.", "/..", "/../etc/passwd", "/%2e%2e/etc/passwd",
                     "/favicon.ico", "/%", "/a%20b", "/*", "/nothing?x=1"):
            for method in ("GET", "HEAD"):
                answer = self.agent.request(method, path)
                self.assertEqual(404, answer[0], path)
                self.check_response(answer, response, path, method)

    def test_other_methods_are_not_allowed(self):
        response = self.resolve(self.document["components"]["responses"]["MethodNotAllowed"])
        for path, operation in self.operations():
            for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"):
                answer = self.ask(self.agent, path, self.examples(operation), method)
                self.assertEqual((405, "GET, HEAD"), (answer[0], answer[1]["Allow"]), (path, method))
                self.check_response(answer, response, (path, method))

    def test_the_guard_stands_before_every_path(self):
        for path, operation in self.operations():
            given = self.examples(operation)
            for status, headers, body in (
                    (403, {"Origin": "http://evil.example"}, None),
                    (403, {"Sec-Fetch-Site": "cross-site"}, None),
                    (421, {"Host": f"evil.example:{self.agent.port}"}, None),
                    (413, {}, b"x")):
                self.check(self.ask(self.agent, path, given, headers=headers, body=body), operation, status)
            long = ({"name": "x" * 5000, "in": "query"}, "")
            self.check(self.ask(self.agent, path, [*given, long]), operation, 414)
            nul = ({"name": "\0", "in": "query"}, "")
            problem = self.check(self.ask(self.agent, path, [*given, nul]), operation, 400)
            self.assertNotIn("parameter", problem)

    def test_the_token_is_asked_for_where_the_description_says_so(self):
        agent = Agent()
        self.addCleanup(agent.close)
        secret = agent.folder / "token"
        secret.write_text("s3cret\n")
        secret.chmod(0o600)
        agent.write_config(agent.config.read_text().replace("api: {", f'api: {{ token_file = "{secret}";'))
        agent.start(ready=False)
        until(lambda: f":{agent.port}/status" in agent.log.read_text(), "the agent")
        right = {"Authorization": "Bearer s3cret"}
        for path, operation in self.operations():
            needs_token = operation.get("security") != []
            self.assertEqual(needs_token, "401" in operation["responses"], path)
            given = self.examples(operation)
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                answer = self.ask(agent, path, given, "GET" if needs_token else "HEAD", headers)
                self.check(answer, operation, 401 if needs_token else 200, "GET" if needs_token else "HEAD")
            self.check(self.ask(agent, path, given, "HEAD", right), operation, 200, "HEAD")



if __name__ == "__main__":
    unittest.main(verbosity=2)
