# SPDX-License-Identifier: MIT
"""What stands for Supabase: a real PostgreSQL with its roles and default privileges, and an HTTP server that
puts into it what is POSTed, by the statement that PostgREST makes of such a request."""

import glob
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import pathlib
import urllib.parse

from harness import PATIENCE_SEC, until

PROGRAMS = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
NOBODY = 65534
# New tables are everybody's there, until somebody revokes it.
ROLES = """create role anon nologin; create role authenticated nologin;
alter default privileges in schema public grant all on tables to anon, authenticated;
grant usage on schema public to anon, authenticated;"""
# As PostgREST writes it for `Prefer: resolution=ignore-duplicates` on a table with a primary key.
INSERT = """set role anon;
with body as (select {payload}::json as value), added as (
  insert into public.{table} ({columns})
  select {columns} from json_populate_recordset(null::public.{table}, (select value from body))
  on conflict ("id") do nothing returning 1)
select count(*) from added;"""


def is_there():
    return bool(PROGRAMS)


def as_nobody():
    """PostgreSQL does not run as root."""
    return (["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.getuid() == 0 else [])


class Postgres:
    def __init__(self):
        self.programs = pathlib.Path(PROGRAMS[-1]).parent
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-postgres-", dir="/tmp"))
        if os.getuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        data = self.folder / "data"
        self.run([self.programs / "initdb", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
                  "--locale=C", "-D", data])
        with open(self.folder.with_suffix(".log"), "w") as log:
            self.process = subprocess.Popen(
                [*as_nobody(), self.programs / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=",
                 "-c", "fsync=off"], cwd="/", stdout=log, stderr=log)
        until(lambda: self.is_up(), "PostgreSQL")
        self.sql(ROLES)

    def run(self, command, **more):
        return subprocess.run([*as_nobody(), *command], cwd="/", text=True, capture_output=True, check=True,
                              timeout=PATIENCE_SEC, **more)

    def is_up(self):
        assert self.process.poll() is None, self.folder.with_suffix(".log").read_text()
        return self.try_sql("select 1").returncode == 0

    def try_sql(self, statements):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                               "-U", "postgres", "-f", "-"], input=statements, text=True, capture_output=True,
                              timeout=PATIENCE_SEC, check=False)

    def sql(self, statements):
        """The rows of the answer, each as a list of texts."""
        done = self.try_sql(statements)
        if done.returncode != 0:
            raise AssertionError(f"{statements}\n{done.stderr}")
        return [line.split("|") for line in done.stdout.splitlines()]

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.with_suffix(".log").unlink(missing_ok=True)


class PostgREST:
    """Takes everything, and says of the first request that it failed: so it comes again."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.requests = []  # path, headers, heartbeats
        self.problems = []
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, told = stand_in.take(self.path, dict(self.headers), body)
                try:
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(told.encode())
                except OSError:
                    pass  # the agent has ended

            def log_message(self, *arguments):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def take(self, path, headers, body):
        heartbeats = json.loads(body)
        self.requests.append((path, headers, heartbeats))
        table = urllib.parse.urlparse(path).path.removeprefix("/rest/v1/")
        columns = list(heartbeats[0])
        if any(list(heartbeat) != columns for heartbeat in heartbeats):
            return self.refuse(400, "all objects of a request must have the same keys")
        if "resolution=ignore-duplicates" not in headers.get("Prefer", ""):
            return self.refuse(409, "a repeat would be an error")
        done = self.postgres.try_sql(INSERT.format(
            table=table, columns=", ".join(f'"{column}"' for column in columns), payload=f"$body${body}$body$"))
        if done.returncode != 0:
            return self.refuse(401, done.stderr)
        return (503, "the answer is lost") if len(self.requests) == 1 else (201, "")

    def refuse(self, status, why):
        self.problems.append(why)
        return status, json.dumps({"message": why})

    def close(self):
        self.server.shutdown()
        self.server.server_close()
