#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures ClockBlock beside the first agent, in one run, and prints one table. See README.md."""

import argparse
import contextlib
import datetime
import functools
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from instruments import (answer_ms, cpu_seconds, desktop, gpu_tree, peak_bytes, requests_per_second,
                         resident_bytes, wake_ups)
from receiver import Receiver

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
POLL_MS = 5000
DAY_ROWS = 17280
PLUGINS = 50
OUR_PLUGINS = ("process_name", "window_title", "gpu_usage", "idle", "http_ingest")
MIB = 1 << 20
DESKTOP, MANY = 570, 2000  # processes
AGES = {0: "the first of all", 900: "known for 15 min", 4000: "known for an hour"}  # seconds
PATIENCE_SEC = 300
EPOCH = datetime.date(1970, 1, 1).toordinal()
OURS, FIRST = "ClockBlock", "first agent"

CONFIG = """
db_path = "{database}"; device_id = "pc-01"; retention_days = 60; api: {{ port = {port}; }};
detectors: {{ games: {{ plugin = "process_name"; {more_of_games}
    rules = ( {{ activity = "Minecraft"; process = [ "Minecraft.exe" ]; }} ); }}; {detectors} }};
sinks: {{ {sink} }};
"""
MORE_OF_GAMES = 'known_games = true; steam = true; games_file = "{games}";'
DETECTORS = """
    window: {{ plugin = "window_title"; x11_display = "{display}";
        rules = ( {{ activity = "Minecraft"; title = [ "^Minecraft\\\\b" ]; }} ); }};
    gpu: {{ plugin = "gpu_usage"; sys_root = "{sys}"; }};
    away: {{ plugin = "idle"; x11_display = "{display}"; }};
"""
SINK = 'bench: {{ plugin = "http_ingest"; endpoint_url = "{url}"; sync_interval_sec = {sec}; }};'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, what, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"bench: waited {seconds} s for {what}")
        time.sleep(0.02)


class Bench:
    """What all figures share: the programs, a folder, and the table that grows."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.build = pathlib.Path(options.build).resolve()
        self.reference = pathlib.Path(options.reference).resolve() / "first_agent"
        self.has_first = self.reference.is_dir()
        self.agents = [OURS, FIRST] if self.has_first else [OURS]
        self.rows = []

    # ---- Programs ----

    def environment(self):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CLOCKBLOCK_")}
        return kept | {"FIRST_AGENT": str(self.reference), "PYTHONDONTWRITEBYTECODE": "1"}

    def program(self, agent):
        if agent == FIRST:
            return [sys.executable, HERE / "first_agent.py"]
        return [self.build / "tests" / "bench" / "bench_store"]

    def number(self, agent, *arguments):
        """Runs a driver to its end; returns the number that it prints."""
        command = [*self.program(agent), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True,
                              env=self.environment(), timeout=PATIENCE_SEC)
        return float(done.stdout)

    @contextlib.contextmanager
    def running(self, agent, database, url=None, sync_sec=300, **more):
        """The agent as it is used; yields its process and port, and ends it. `more` is for CONFIG."""
        port = free_port()
        command = self.command(agent, database, port, url, sync_sec, **more)
        log = open(self.folder / "agent.log", "a")
        process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment())
        try:
            until(lambda: answers(process, port), f"{agent}: see {log.name}", 30)
            yield process, port
        finally:
            end(process)
            log.close()

    def command(self, agent, database, port, url, sync_sec, more_of_games="", detectors=""):
        if agent == FIRST:
            sink = [url, str(sync_sec)] if url else []
            return [*self.program(FIRST), "run", database, str(port), *sink]
        sink = SINK.format(url=url, sec=sync_sec) if url else ""
        config = self.folder / f"{port}.conf"
        config.write_text(CONFIG.format(database=database, port=port, sink=sink, more_of_games=more_of_games,
                                        detectors=detectors))
        return [self.build / "clockblock", "run", "--config", config]

    # ---- Databases ----

    def filled(self, agent, rows):
        """A database with that many heartbeats up to now, made once."""
        database = self.folder / f"{agent.replace(' ', '-')}-{rows}.db"
        if not database.exists():
            first_ms = int(time.time() * 1000) - rows * POLL_MS
            self.number(agent, "fill", database, rows, first_ms)
        return database

    @contextlib.contextmanager
    def scratch(self, original=None):
        """A path for a database, with a copy of the original if there is one."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            database = pathlib.Path(folder) / "clockblock.db"
            if original:
                shutil.copy(original, database)
                os.sync()  # the disk is not busy with the copy while it is measured
            yield database

    # ---- The table ----

    def alternate(self, measure, rounds=None):
        """Measures the agents in turn, round by round; returns a list of numbers for each."""
        numbers = {agent: [] for agent in self.agents}
        for _ in range(rounds or self.options.rounds):
            for agent in self.agents:
                numbers[agent].append(measure(agent))
        return numbers

    def add(self, figure, numbers):
        ours, first = numbers.get(OURS, []), numbers.get(FIRST, [])
        ratios = [mine / theirs for mine, theirs in zip(ours, first)]  # of the same round
        ratio = f"{statistics.median(ratios):.3g}" if ratios else "-"
        absent = "not there" if FIRST not in numbers and not self.has_first else "-"
        self.rows.append((figure, middle(ours, "-"), middle(first, absent), ratio,
                          f"{span(ours)} | {span(first)}"))
        print(f"  {figure}: {self.rows[-1][1:]}", file=sys.stderr)


def answers(process, port):
    if process.poll() is not None:
        raise SystemExit(f"bench: an agent ended with {process.returncode}: {process.args}")
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/status")
        return connection.getresponse().status == 200
    return False


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# ---- Figures ----


def stored(bench):
    """In turn with what the disk allows, which the noise of a shared disk moves as well."""
    cases = [("append", OURS), ("overwrite", OURS), *(("commits", agent) for agent in bench.agents)]
    numbers = {case: [] for case in cases}
    for _ in range(bench.options.rounds):
        for what, agent in cases:
            with bench.scratch() as path:
                numbers[what, agent].append(bench.number(agent, what, path, bench.options.seconds))
    bench.add("heartbeats stored/s, one commit each",
              {agent: numbers["commits", agent] for agent in bench.agents})
    with bench.scratch() as path:
        bench.add("ms that 99 % of commits stay below *",
                  {OURS: [bench.number(OURS, "p99", path.with_name(f"{i}.db"), bench.options.seconds)
                          for i in range(bench.options.rounds)]})
        bench.add("bytes of wal per heartbeat of play *", {OURS: [bench.number(OURS, "wal", path)]})
    bench.add("  floor: 4 KB appends/s, fdatasync each", {OURS: numbers["append", OURS], FIRST: []})
    bench.add("  floor: the same in place", {OURS: numbers["overwrite", OURS], FIRST: []})


def size(bench):
    rows = bench.options.rows
    numbers = bench.alternate(lambda agent: bench.filled(agent, rows).stat().st_size / rows, 1)
    bench.add(f"bytes per row at {rows:,} rows *", numbers)


def drain(bench, rows):
    seconds, memory = [], []

    def drained(agent):
        with bench.scratch(bench.filled(agent, rows)) as database, Receiver() as receiver:
            if agent == FIRST:
                return bench.number(FIRST, "drain", database, receiver.url, 3 * bench.options.seconds)
            with bench.running(OURS, database, receiver.url) as (process, _):
                until(lambda: receiver.rows >= rows, "all heartbeats to be delivered", PATIENCE_SEC)
                memory.append(peak_bytes(process.pid) / MIB)
            seconds.append(receiver.seconds)
            return rows / receiver.seconds

    bench.add(f"rows drained/s of {rows:,}", bench.alternate(drained))
    bench.add("  seconds that took *", {OURS: seconds, FIRST: []})
    bench.add("  resident MiB at most *", {OURS: memory, FIRST: []})


def drains(bench):
    for rows in sorted({min(DAY_ROWS, bench.options.rows), bench.options.rows}):
        drain(bench, rows)


def plugins(bench):
    """The first agent has no plugins: what stands beside ours is what the system alone would cost."""
    program = bench.build / "tests" / "bench" / "bench_plugin"

    def number(*arguments):
        done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                              check=True, env=bench.environment(), timeout=PATIENCE_SEC)
        return float(done.stdout)

    with bench.scratch() as database:
        folder = database.parent
        original = (bench.build / "plugins" / "process_name.so").read_bytes()
        for i in range(PLUGINS):
            file = folder / f"process_{i:04}.so"  # a plugin is called like its file
            file.write_bytes(original.replace(b"process_name\0", f"process_{i:04}\0".encode()))
            file.chmod(0o644)
        cases = {
            f"ms to load {PLUGINS} plugins *": ("load", folder),
            f"  floor: ms to dlopen {PLUGINS} plugins *": ("dlopen", folder),
            "ns a poll through the ABI *": ("poll", 1),
            "  floor: ns a call through a pointer *": ("call", 1),
        }
        numbers = {name: [] for name in cases}
        for _ in range(bench.options.rounds):
            for name, arguments in cases.items():
                numbers[name].append(number(*arguments))
    for name, found in numbers.items():
        bench.add(name, {OURS: found})


@contextlib.contextmanager
def held(program, count):
    """Real processes that sleep, so that this machine has `count` of them."""
    there = sum(entry.name.isdigit() for entry in pathlib.Path("/proc").iterdir())
    command = [program, "hold", str(max(0, count - there - 2))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        yield
        holder.stdin.close()


def processes(bench):
    """The real ones of a desktop; many in a tree of files, as 2,000 would disturb the machine."""
    program = bench.build / "tests" / "bench" / "bench_process"
    games = ROOT / "conf" / "games.conf"

    def look(agent, root, age):
        if agent == FIRST:
            return bench.number(FIRST, "look", root)
        done = subprocess.run([program, "poll", root, games, str(age)], stdout=subprocess.PIPE, text=True,
                              check=True, env=bench.environment(), timeout=PATIENCE_SEC)
        return float(done.stdout)

    def measure(count, root):
        for age, name in AGES.items():
            numbers = bench.alternate(functools.partial(look, root=root, age=age))
            bench.add(f"us a poll of {count:,} processes, {name} *", numbers)

    with held(program, DESKTOP):
        measure(DESKTOP, "/proc")
    with tempfile.TemporaryDirectory(dir=bench.folder) as tree:
        subprocess.run([program, "tree", tree, str(MANY)], check=True)
        bench.add(f"us a poll of {MANY:,} in a tree, {AGES[4000]} *",
                  {OURS: [look(OURS, tree, 4000) for _ in range(bench.options.rounds)]})


def api(bench):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    for path in ("/status", f"/daily?date={today}"):
        served = {agent: [] for agent in bench.agents}

        def ask(agent):
            with bench.scratch(bench.filled(agent, bench.options.rows)) as database:
                with bench.running(agent, database) as (process, port):
                    before = cpu_seconds(process.pid)
                    a_second = requests_per_second(port, path, bench.options.seconds)
                    cpu_us = (cpu_seconds(process.pid) - before) * 1e6 / (a_second * bench.options.seconds)
                    served[agent].append((a_second, cpu_us, *answer_ms(port, path, bench.options.seconds)))

        bench.alternate(ask)
        for place, figure in enumerate(("requests/s", "CPU us each *", "ms, half of them *", "ms, 99 of 100 *")):
            bench.add(f"{path.split('?')[0]} {figure}", {agent: [one[place] for one in all_of_them]
                                                         for agent, all_of_them in served.items()})
    decade(bench, today)


def decade(bench, today):
    """Ten years of days over HTTP, of which the last month is that of the database and is not closed."""
    from_day = today - datetime.timedelta(3652)
    household, plain_days = [], []
    with bench.scratch(bench.filled(OURS, bench.options.rows)) as database:
        close_days(database, from_day, today - datetime.timedelta(bench.options.rows // DAY_ROWS + 2))
        for _ in range(bench.options.rounds):
            with bench.running(OURS, database) as (_, port):
                path = f"/days?from={from_day}&to={today}"
                household.append(answer_ms(port, path, bench.options.seconds)[0])
                plain_days.append(answer_ms(port, f"{path}&tz=UTC", bench.options.seconds)[0])
    bench.add("/days, ten years of the household's, ms *", {OURS: household})
    bench.add("/days&tz=, ten years of a zone's, ms *", {OURS: plain_days})


def year(bench):
    """Simulated once, on the disk; the other nine years are as if they had been closed."""
    program = bench.build / "tests" / "bench" / "bench_days"

    def number(*arguments):
        done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                              check=True, env=bench.environment(), timeout=PATIENCE_SEC)
        return float(done.stdout)

    with bench.scratch() as database:
        begun, before = time.monotonic(), os.times()
        subprocess.run([bench.build / "tests" / "sim" / "clb_sim", HERE.parent / "sim" / "year.sim", database],
                       check=True, env=bench.environment(), timeout=2 * PATIENCE_SEC)
        bench.add("s to record and check a year of play *", {OURS: [time.monotonic() - begun]})
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        bench.add("  CPU s of that *", {OURS: [cpu]})
        bench.add("  MB of that year *", {OURS: [database.stat().st_size / 1e6]})
        close_days(database, datetime.date(2018, 1, 1), datetime.date(2027, 1, 1))
        daily, decade = [], []
        for _ in range(bench.options.rounds):
            daily.append(number("daily", database, "2027-07-01"))
            decade.append(number("range", database, "2018-01-01", "2027-12-31"))
    bench.add("ms to answer about a day of it *", {OURS: daily})
    bench.add("ms to answer about ten years of days *", {OURS: decade})


def close_days(database, first, behind):
    """From the first day to the one before the last, as the agent closes days; zones do not matter here."""
    day = 24 * 3600 * 1000
    rows = [(date, date * day - 3600 * 1000, (date + 1) * day - 3600 * 1000)
            for date in range(first.toordinal() - EPOCH, behind.toordinal() - EPOCH)]
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("INSERT INTO local_days VALUES(1, ?, ?, ?, 7200000, 0, 9000000, 1800000)", rows)


def idle(bench):
    """All agents idle side by side: they share the moment, and leave the machine idle."""
    cases = [(agent, sink) for agent in bench.agents for sink in (False, True)]
    memory = {case: [] for case in cases}
    cpu = {case: [] for case in cases}
    for _ in range(bench.options.rounds):
        idle_round(bench, cases, memory, cpu)
    for sink, name in ((False, "no sink"), (True, f"http sink every {POLL_MS // 1000} s")):
        bench.add(f"resident MiB, {name} *", {agent: memory[agent, sink] for agent in bench.agents})
        bench.add(f"CPU s per hour idle, {name} *", {agent: cpu[agent, sink] for agent in bench.agents})


def idle_round(bench, cases, memory, cpu):
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        processes = {}
        for agent, sink in cases:
            database = stack.enter_context(bench.scratch())
            url = receiver.url if sink else None
            running = bench.running(agent, database, url, POLL_MS // 1000)
            processes[agent, sink], _ = stack.enter_context(running)
        time.sleep(2 * POLL_MS / 1000)
        before = {case: cpu_seconds(process.pid) for case, process in processes.items()}
        begun = time.monotonic()
        time.sleep(max(bench.options.idle, POLL_MS / 1000))
        for case, process in processes.items():
            used = cpu_seconds(process.pid) - before[case]
            cpu[case].append(used / (time.monotonic() - begun) * 3600)
            memory[case].append(resident_bytes(process.pid) / MIB)


def detectors(bench):
    """All detectors on, and the first agent with its one, on a desktop that nobody touches."""
    if not shutil.which("Xvfb") or not shutil.which("openbox"):
        print("  detectors: skipped: there is no Xvfb or no openbox", file=sys.stderr)
        return
    names = ("wake-ups a second *", "context switches a second *", "CPU s per hour *", "resident MiB *")
    figures = {name: {agent: [] for agent in bench.agents} for name in names}
    with desktop() as display, tempfile.TemporaryDirectory(dir=bench.folder) as sys_root:
        gpu_tree(sys_root)
        on = {"more_of_games": MORE_OF_GAMES.format(games=ROOT / "conf" / "games.conf"),
              "detectors": DETECTORS.format(display=display, sys=sys_root)}
        for _ in range(bench.options.rounds):
            detectors_round(bench, on, figures)
    for name, numbers in figures.items():
        bench.add(f"all detectors: {name}", numbers)


def detectors_round(bench, on, figures):
    with contextlib.ExitStack() as stack:
        processes = {}
        for agent in bench.agents:
            running = bench.running(agent, stack.enter_context(bench.scratch()), **on if agent == OURS else {})
            processes[agent], port = stack.enter_context(running)
            if agent == OURS:
                until(lambda: all_work(port), "all detectors to work", 30)
        time.sleep(2 * POLL_MS / 1000)
        before = {agent: cpu_seconds(process.pid) for agent, process in processes.items()}
        begun = time.monotonic()
        seen = wake_ups([process.pid for process in processes.values()], max(bench.options.idle, POLL_MS / 1000))
        for agent, process in processes.items():
            cpu = (cpu_seconds(process.pid) - before[agent]) / (time.monotonic() - begun) * 3600
            row = (*seen[process.pid], cpu, resident_bytes(process.pid) / MIB)
            for numbers, number in zip(figures.values(), row):
                numbers[agent].append(number)


def all_work(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/status")
    return all(detector["state"] == "ok" for detector in json.load(connection.getresponse())["detectors"])


# ---- The table ----


def plain(number):
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def middle(numbers, absent):
    return plain(statistics.median(numbers)) if numbers else absent


def span(numbers):
    return f"{plain(min(numbers))}..{plain(max(numbers))}" if len(numbers) > 1 else "-"


def print_table(rows):
    table = [("figure", OURS, FIRST, "ratio", f"noise: {OURS} | {FIRST}"), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(5)]
    for row in table:
        cells = [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2, 3)), row[4]]
        print("  ".join(cells))
    print("medians of the rounds and of their ratios, ClockBlock to first agent; *: less is better")


def print_machine(options):
    processes = sum(entry.name.isdigit() for entry in pathlib.Path("/proc").iterdir())
    client = "wrk -t1 -c4" if shutil.which("wrk") else "a Python client"
    print(f"{os.cpu_count()} cores, {processes} processes, load {os.getloadavg()[0]:.2f}, "
          f"{options.rounds} rounds, API asked by {client}")


FIGURES = {"store": stored, "size": size, "drain": drains, "plugins": plugins, "processes": processes,
           "api": api, "idle": idle, "detectors": detectors, "year": year}


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=ROOT / "build", help="build folder (default: build)")
    parser.add_argument("--reference", default=ROOT.parent / "shared" / "reference",
                        help="folder that holds first_agent/")
    parser.add_argument("--folder", help="where databases are made: on the disk to measure")
    parser.add_argument("--rows", type=int, default=30 * DAY_ROWS, help="rows of a full database")
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement, in turn")
    parser.add_argument("--seconds", type=float, default=3, help="of one measurement")
    parser.add_argument("--idle", type=float, default=20, help="seconds of idling, a multiple of 5 to be exact")
    parser.add_argument("--only", choices=FIGURES, action="append", help="may be given again")
    return parser.parse_args()


def main():
    options = parse_options()
    subprocess.run(["cmake", "--build", options.build, "--target", "clockblock", "bench_store", "bench_plugin",
                    "bench_process", "bench_days", "clb_sim", *(f"plugin_{name}" for name in OUR_PLUGINS)],
                   check=True, stdout=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="clockblock-bench-", dir=options.folder) as folder:
        bench = Bench(options, pathlib.Path(folder))
        print_machine(options)
        for name in options.only or FIGURES:
            FIGURES[name](bench)
        print_table(bench.rows)


if __name__ == "__main__":
    main()
