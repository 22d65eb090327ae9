# SPDX-License-Identifier: MIT
"""Days for people and programs: `clockblock report`, and the ranges of the API that tell the same."""

import csv
import datetime
import fcntl
import io
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import termios
import time
import unicodedata
import unittest
import urllib.parse

from harness import AGENT, Agent, Game, clean_environment, until

MINUTE = 60_000
SLOT = 15 * MINUTE
DAY = 86_400_000
# It is around noon there, and a test does not cross midnight.
AHEAD_H = 12 - time.gmtime().tm_hour
ZONE = f"Etc/GMT{-AHEAD_H:+d}" if AHEAD_H else "Etc/GMT"
TZ = urllib.parse.quote(ZONE)
LIMITED = "allowance: { default_min = 120; };"


def columns(text):
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def date_text(date):
    return (datetime.date(1970, 1, 1) + datetime.timedelta(date)).isoformat()


class Household(Agent):
    """A database with days of play, made by hand."""

    def __init__(self, rest=LIMITED, zone=ZONE, starts_at="00:00"):
        super().__init__(rest="poll_interval_sec = 1; "
                         f'day: {{ timezone = "{zone}"; starts_at = "{starts_at}"; }}; {rest}')
        once = self.run("once")
        assert once.returncode == 0, once.stderr
        self.this_day = (int(time.time() * 1000) + AHEAD_H * 3_600_000) // DAY

    def start_of(self, date):
        return date * DAY - AHEAD_H * 3_600_000

    def activity(self, name):
        if not name:
            return 0
        self.sql("INSERT OR IGNORE INTO names(name) VALUES(?)", name)
        return self.sql("SELECT id FROM names WHERE name = ?", name)[0][0]

    def play(self, ago, hour, name, used_ms, overdraft_ms=0):
        """On the day so many days ago, from an hour on; the last of it is overdraft. A session too."""
        activity, begun = self.activity(name), self.start_of(self.this_day - ago) + int(hour * 60) * MINUTE
        at, end = begun, begun + used_ms
        while at < end:
            until_ms = min((at // SLOT + 1) * SLOT, end)
            over = max(0, until_ms - max(at, end - overdraft_ms))
            self.sql("INSERT INTO usage_slots VALUES(1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                     " used_ms = used_ms + excluded.used_ms, overdraft_ms = overdraft_ms +"
                     " excluded.overdraft_ms", at // SLOT, activity, until_ms - at, over)
            self.sql("INSERT INTO daily_rollups VALUES(1, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                     " used_ms = used_ms + excluded.used_ms, overdraft_ms = overdraft_ms +"
                     " excluded.overdraft_ms", at // DAY, until_ms - at, over, until_ms, until_ms)
            at = until_ms
        self.sql("INSERT INTO sessions VALUES(NULL, 1, ?, ?, ?, ?, ?)", activity, begun, end, used_ms,
                 overdraft_ms)

    def close_day(self, ago, allowance_ms, granted_ms=0):
        """As the agent does at the first heartbeat of the next day."""
        start = self.start_of(self.this_day - ago)
        used, over = self.sql("SELECT coalesce(sum(used_ms), 0), coalesce(sum(overdraft_ms), 0) FROM"
                              " usage_slots WHERE slot >= ? AND slot < ?", start // SLOT,
                              (start + DAY) // SLOT)[0]
        self.sql("INSERT INTO local_days VALUES(1, ?, ?, ?, ?, ?, ?, ?)", self.this_day - ago, start,
                 start + DAY, allowance_ms, granted_ms, used, over)

    def report(self, *arguments):
        done = self.run("report", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def in_terminal(self, width, *arguments, **environment):
        """What a terminal of that width gets."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        process = subprocess.Popen(
            [AGENT, "report", "--config", self.config, *arguments], stdout=theirs,
            env=clean_environment() | {"TERM": "xterm", "LC_ALL": "C.UTF-8"} | environment)
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        assert process.wait() == 0
        return text.decode().replace("\r\n", "\n")


class Base(unittest.TestCase):
    def make(self, *arguments, **named):
        agent = Household(*arguments, **named)
        self.addCleanup(agent.close)
        return agent


def scripted(agent):
    """Under, at and beyond 2 h; with milliseconds that are no round number of anything."""
    agent.play(4, 10, "Minecraft", 61 * MINUTE + 14_999)
    agent.play(4, 14, "Doom", 28 * MINUTE + 1)
    agent.close_day(4, 120 * MINUTE)
    agent.play(3, 10, "Minecraft", 120 * MINUTE)
    agent.close_day(3, 120 * MINUTE)
    agent.play(2, 10, "Minecraft", 145 * MINUTE + 7, 25 * MINUTE + 7)
    agent.close_day(2, 120 * MINUTE)
    agent.play(0, 9, "", 12 * MINUTE + 34_567)


class Table(Base):
    def lines(self, text):
        """By date: the line of a day and, where there is one, the line below it."""
        found = {}
        for line in text.splitlines():
            match = re.match(r"\w{3} (\d{4}-\d\d-\d\d)(.*)", line)
            if match:
                date = match.group(1)
                found[date] = [match.group(2), ""]
            elif line.startswith("    ") and found:
                found[date][1] += line.strip()
        return found

    def test_a_day_under_at_and_beyond_its_allowance(self):
        agent = self.make()
        scripted(agent)
        text = agent.in_terminal(80, NO_COLOR="1")
        lines = self.lines(text)
        self.assertEqual([date_text(agent.this_day - ago) for ago in range(6, -1, -1)], list(lines))
        under, at, beyond, none, today = (lines[date_text(agent.this_day - ago)] for ago in (4, 3, 2, 1, 0))
        # The longest day has 145 of 30 columns; 120 minutes are 25 of them, rounded.
        self.assertRegex(under[0], r"^   1 h 29 m  █{18}▌·{6}      +2 h 00 m$")
        self.assertEqual("Minecraft 1 h 01 m, Doom 28 m", under[1])
        self.assertRegex(at[0], r"^   2 h 00 m  █{24}▉ +2 h 00 m$")
        self.assertRegex(beyond[0], r"^   2 h 25 m  █{25}▒{5} +2 h 00 m +25 m$")
        self.assertEqual("Minecraft", beyond[1])
        self.assertRegex(none[0], r"^ +0 m  ·{25} +2 h 00 m$")
        self.assertEqual("today so far, 1 h 47 m left; (unnamed)", today[1])
        self.assertRegex(text.splitlines()[-1], r"^7 days +6 h 06 m +14 h 00 m +25 m$")

    def test_columns_stand_below_each_other_and_fit(self):
        agent = self.make()
        scripted(agent)
        agent.play(1, 1, "我的世界 " * 9, 40 * MINUTE)
        agent.play(1, 2, "e\u0301" * 40, 39 * MINUTE)
        for hour in range(3, 8):
            agent.play(1, hour, f"Spiel Nr. {hour} für Größere", 10 * MINUTE + hour)
        for width in (200, 80, 60, 56, 55, 40, 20):
            text = agent.in_terminal(width, NO_COLOR="1")
            lines = text.splitlines()
            for line in lines:
                self.assertLess(columns(line), max(width, 40), f"{width}: {line}")
            days = [line for line in lines if re.match(r"[A-Z][a-z]{2} \d", line)]
            self.assertEqual(1, len({columns(line.rpartition("2 h 00 m")[0]) for line in days}), text)
            self.assertEqual(width >= 56, "█" in text, text)
        self.assertIn("… 40 m and 6 more\n", agent.in_terminal(56, NO_COLOR="1"))
        self.assertIn("… 40 m, e\u0301", agent.in_terminal(200, NO_COLOR="1"))

    def test_what_is_no_text_cannot_reach_the_terminal(self):
        agent = self.make()
        agent.play(0, 1, "a\u009b31mb\u0007", MINUTE)
        self.assertIn("a 31mb", agent.in_terminal(80, NO_COLOR="1"))

    def test_grants_move_the_allowance_and_nothing_that_was_used(self):
        agent = self.make()
        scripted(agent)
        day, today = (date_text(agent.this_day - ago) for ago in (2, 0))
        for minutes, date in (("30", day), ("-45", today)):
            granted = agent.run("grant", minutes, "--date", date)
            self.assertEqual(0, granted.returncode, granted.stderr)
        lines = self.lines(agent.report())
        self.assertRegex(lines[day][0], r"^   2 h 25 m .* 2 h 30 m +25 m$")
        self.assertEqual("30 m granted; Minecraft", lines[day][1])
        self.assertRegex(lines[today][0], r" 1 h 15 m$")
        self.assertEqual("45 m taken back; today so far, 1 h 02 m left; (unnamed)", lines[today][1])

    def test_a_day_without_an_allowance_says_so(self):
        agent = self.make(rest="")
        agent.play(1, 10, "Minecraft", 30_000)
        text = agent.in_terminal(80, NO_COLOR="1")
        lines = self.lines(text)
        self.assertRegex(lines[date_text(agent.this_day - 1)][0], r"^ +< 1 m  █{30} +no limit$")
        self.assertRegex(lines[date_text(agent.this_day)][0], r"^ +0 m +no limit$")
        self.assertEqual("today so far", lines[date_text(agent.this_day)][1])
        self.assertRegex(text.splitlines()[-1], r"^7 days +< 1 m *$")

    def test_colour_is_for_terminals_that_want_it(self):
        agent = self.make()
        scripted(agent)
        self.assertIn("\033[31m▒▒▒▒▒\033[0m", agent.in_terminal(80))
        for plain in (agent.in_terminal(80, NO_COLOR="1"), agent.in_terminal(80, TERM="dumb"), agent.report()):
            self.assertNotIn("\033", plain)

    def test_without_utf8_the_bar_is_ascii(self):
        agent = self.make()
        scripted(agent)
        text = agent.in_terminal(80, NO_COLOR="1", LC_ALL="C")
        self.assertTrue(text.isascii(), text)
        self.assertIn("  " + "#" * 25 + "!" * 5 + "  ", text)

    def test_an_empty_database_and_none(self):
        agent = self.make()
        self.assertEqual(7 + 4, len(agent.report().splitlines()))  # heading, today's line, rule, total
        self.assertIn("1 day ", agent.report("--days", "1"))
        agent.sql("DELETE FROM devices")
        self.assertEqual(7 + 4, len(agent.report().splitlines()))
        agent.database.unlink()
        done = agent.run("report")
        self.assertEqual((74, ""), (done.returncode, done.stdout))
        self.assertIn("there is no database yet", done.stderr)
        self.assertFalse(agent.database.exists())

    def test_wrong_usage(self):
        agent = self.make()
        for arguments, sentence in ((["--days", "0"], 'from 1 to 3660, not "0"'),
                                    (["--days", "3661"], 'not "3661"'), (["--days=x"], 'not "x"'),
                                    (["--days="], 'not ""'), (["--days", "-1"], 'not "-1"'),
                                    (["--days", "1.5"], 'not "1.5"'),
                                    (["--json", "--csv"], "choose one"), (["now"], "too much")):
            done = agent.run("report", *arguments)
            self.assertEqual((64, ""), (done.returncode, done.stdout), arguments)
            self.assertIn(sentence, done.stderr)
        self.assertEqual(3660 + 4, len(agent.report("--days", "3660").splitlines()))

    def test_while_the_agent_runs_today_is_what_it_committed(self):
        agent = self.make()
        agent.start()
        game = Game(agent)
        self.addCleanup(game.end)
        until(lambda: (agent.today() or {"minutes_used": 0})["minutes_used"] > 0, "play")
        game.end()
        until(lambda: not agent.status()["is_playing"], "an end")
        used = agent.status()["today"]["minutes_used"]
        today = json.loads(agent.report("--days", "1", "--json"))["days"][0]
        self.assertEqual((used, [("Minecraft", used)]), (
            today["minutes_used"], [(a["activity"], a["minutes_used"]) for a in today["activities"]]))


class ForPrograms(Base):
    def test_json_is_what_days_says_to_the_millisecond(self):
        agent = self.make()
        scripted(agent)
        agent.run("grant", "7", "--date", date_text(agent.this_day - 1))
        agent.start()
        reported = json.loads(agent.report("--json", "--days", "30"))
        self.assertEqual("pc-test", reported["device_id"])
        status, listed = agent.get(f"/days?from={date_text(agent.this_day - 29)}&to={date_text(agent.this_day)}")
        self.assertEqual(200, status)
        for day in reported["days"]:
            played = sum(round(a["minutes_used"] * MINUTE) for a in day["activities"])
            self.assertEqual(round(day["minutes_used"] * MINUTE), played, day)
            del day["activities"]
        self.assertEqual(listed, reported["days"])
        by_ago = {ago: listed[-1 - ago] for ago in range(5)}
        self.assertEqual(
            [(89 * MINUTE + 15_000) / MINUTE, 120, (145 * MINUTE + 7) / MINUTE, 0,
             (12 * MINUTE + 34_567) / MINUTE], [by_ago[ago]["minutes_used"] for ago in (4, 3, 2, 1, 0)])
        self.assertEqual((25 * MINUTE + 7) / MINUTE, by_ago[2]["minutes_overdraft"])
        self.assertEqual((7, 127), (by_ago[1]["minutes_granted"], by_ago[1]["minutes_left"]))
        self.assertEqual([True] * 29 + [False], [day["closed"] for day in listed])
        for earlier, later in zip(listed, listed[1:]):
            self.assertEqual(earlier["end"], later["start"])

    def test_csv_is_read_by_others(self):
        agent = self.make()
        scripted(agent)
        agent.play(1, 10, '=HYPERLINK("x")', 2 * MINUTE)
        agent.play(1, 12, 'Tom "Cat", Jerry', MINUTE)
        text = agent.run("report", "--csv", "--days", "5")
        with subprocess.Popen([AGENT, "report", "--csv", "--days", "5", "--config", agent.config],
                              stdout=subprocess.PIPE, env=clean_environment()) as process:
            raw = process.stdout.read()
        self.assertEqual(0, text.returncode)
        self.assertEqual(6, raw.count(b"\r\n"))
        self.assertEqual(6, raw.count(b"\n"))
        rows = list(csv.DictReader(io.StringIO(raw.decode(), newline=""), strict=True))
        day_keys = list(json.loads(agent.report("--json"))["days"][0])
        self.assertEqual(day_keys, list(rows[0]))
        self.assertEqual(("89.250", "30.750", "true", "Minecraft 61.250; Doom 28.000"), tuple(
            rows[0][key] for key in ("minutes_used", "minutes_left", "closed", "activities")))
        self.assertEqual(("145.000", "25.000"), (rows[2]["minutes_used"], rows[2]["minutes_overdraft"]))
        self.assertEqual('\'=HYPERLINK("x") 2.000; Tom "Cat", Jerry 1.000', rows[3]["activities"])
        self.assertEqual(("12.576", "(unnamed) 12.576", "false"), tuple(
            rows[4][key] for key in ("minutes_used", "activities", "closed")))

    def test_csv_without_an_allowance_has_empty_fields(self):
        agent = self.make(rest="")
        row = list(csv.DictReader(io.StringIO(agent.report("--csv", "--days", "1"))))[0]
        self.assertEqual(("", "0.000", ""), tuple(
            row[key] for key in ("minutes_allowance", "minutes_granted", "minutes_left")))


class Damage(Base):
    """What SQLite takes, and no agent wrote: it ends nothing."""

    def days(self, agent, count):
        days = json.loads(agent.report("--json", "--days", str(count)))["days"]
        self.assertEqual([date_text(agent.this_day - ago) for ago in range(count - 1, -1, -1)],
                         [day["date"] for day in days])
        self.assertEqual([True] * (count - 1) + [False], [day["closed"] for day in days])
        agent.report("--days", str(count))
        agent.report("--csv", "--days", str(count))
        return days

    def test_closed_days_and_sessions_whose_times_cannot_be(self):
        for damage in ("end_ms = 9223372036854775807", "start_ms = -9223372036854775807", "end_ms = start_ms - 900000",
                       "start_ms = 4611686018427000000, end_ms = 4611686018427900000"):
            with self.subTest(damage):
                agent = self.make()
                scripted(agent)
                agent.sql(f"UPDATE local_days SET {damage} WHERE date = ?", agent.this_day - 3)
                agent.sql("INSERT INTO sessions VALUES(NULL, 1, 0, ?, 9223372036854775807, 5, 0)",
                          agent.start_of(agent.this_day))
                agent.sql("UPDATE last_tick SET wall_ms = 4611686018427387904")
                days = self.days(agent, 7)
                self.assertEqual(agent.start_of(agent.this_day - 3), datetime.datetime.fromisoformat(
                    days[3]["start"]).timestamp() * 1000)
                agent.start()
                query = f"from={date_text(agent.this_day - 6)}&to={date_text(agent.this_day)}"
                for path in ("/days", "/sessions", "/activities"):
                    self.assertEqual(200, agent.get(f"{path}?{query}")[0])
                agent.stop()

    def test_an_index_with_one_date_many_times(self):
        agent = self.make()
        scripted(agent)
        self.loosen(agent, "PRIMARY KEY(device, date)", "PRIMARY KEY(device, date, start_ms)")
        for turn in range(1, 90):
            agent.sql("INSERT INTO local_days SELECT device, date, start_ms + ?, end_ms, allowance_ms, granted_ms,"
                      " used_ms, overdraft_ms FROM local_days WHERE date = ? LIMIT 1", turn * SLOT, agent.this_day - 2)
        self.loosen(agent, "PRIMARY KEY(device, date, start_ms)", "PRIMARY KEY(device, date)")
        self.days(agent, 3)
        self.days(agent, 7)

    def loosen(self, agent, old, new):
        """Another key for the closed days, with rows of the same form."""
        with sqlite3.connect(agent.database) as database:
            database.execute("PRAGMA writable_schema = ON")
            changed = database.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE"
                                       " name = 'local_days' AND instr(sql, ?)", (old, new, old))
            self.assertEqual(1, changed.rowcount)
        database.close()


class Ranges(Base):
    def test_bad_input_names_the_parameter(self):
        agent = self.make()
        agent.start()
        good = "from=2026-01-01&to=2026-01-31"
        for path in ("/days", "/activities", "/sessions"):
            for query, parameter in (
                ("", "from"), ("?to=2026-01-01", "from"), ("?from=2026-01-01", "to"),
                ("?from=2026-02-30&to=2026-03-01", "from"), ("?from=2026-02-01&to=2026-13-01", "to"),
                ("?from=2026-2-1&to=2026-03-01", "from"), ("?from=&to=2026-03-01", "from"),
                ("?from=2026-01-02&to=2026-01-01", "to"), ("?from=2016-01-01&to=2026-01-09", "to"),
                (f"?{good}&tz=Mars/Base", "tz"), (f"?{good}&tz=", "tz"), (f"?{good}&tz=../x", "tz"),
                (f"?{good}&limit=3", "limit"), (f"?{good}&from=2026-01-02", "from"),
                (f"?{good}&tz=UTC&tz=UTC", "tz"), (f"?{good}&From=2026-01-01", "From"),
            ):
                status, headers, body = agent.request("GET", path + query)
                self.assertEqual((400, parameter), (status, json.loads(body)["parameter"]), path + query)
                self.assertEqual("application/problem+json", headers["Content-Type"])
            for query in (good, good + "&tz=Europe/Paris", good + "&tz=local", "from=2016-01-01&to=2026-01-07",
                          "from=1970-01-01&to=1970-01-01&tz=Asia/Tokyo", "from=9999-12-31&to=9999-12-31",
                          "from=1971-01-01&to=1971-12-31&tz=Africa/Monrovia"):  # 44 min 30 s behind
                status, headers, body = agent.request("GET", f"{path}?{query}")
                self.assertEqual((200, "application/json"), (status, headers["Content-Type"]), body)
            self.assertEqual(405, agent.request("POST", f"{path}?{good}", body=b"")[0])
        self.assertEqual(200, agent.get("/daily?date=1971-06-01&tz=Africa/Monrovia")[0])
        self.assertEqual(3660, len(agent.get("/days?from=2016-01-01&to=2026-01-07")[1]))
        self.assertEqual(365, len(agent.get("/days?from=1971-01-01&to=1971-12-31&tz=Africa/Monrovia")[1]))

    def test_the_households_days_and_those_of_a_zone(self):
        agent = self.make(starts_at="04:00")
        agent.play(0, 2, "Late", 60 * MINUTE)      # the calendar's today, the household's yesterday
        agent.play(1, 22, "Minecraft", 30 * MINUTE + 1)
        agent.start()
        yesterday, today = date_text(agent.this_day - 1), date_text(agent.this_day)
        query = f"from={yesterday}&to={today}"
        own, civil = agent.get(f"/days?{query}")[1], agent.get(f"/days?{query}&tz={TZ}")[1]
        late, game = 60, (30 * MINUTE + 1) / MINUTE
        self.assertEqual([(90 * MINUTE + 1) / MINUTE, 0], [day["minutes_used"] for day in own])
        self.assertEqual([game, late], [day["minutes_used"] for day in civil])
        self.assertEqual([120, 120], [day["minutes_allowance"] for day in own])
        for key in ("minutes_allowance", "minutes_granted", "minutes_left"):
            self.assertEqual([None, None], [day[key] for day in civil])
        self.assertEqual(own[0].keys(), civil[0].keys())
        one = f"from={yesterday}&to={yesterday}"
        self.assertEqual([("Late", late), ("Minecraft", game)], [
            (a["activity"], a["minutes_used"]) for a in agent.get(f"/activities?{one}")[1]])
        self.assertEqual([("Minecraft", game)], [
            (a["activity"], a["minutes_used"]) for a in agent.get(f"/activities?{one}&tz={TZ}")[1]])
        self.assertEqual(["Minecraft", "Late"], [s["activity"] for s in agent.get(f"/sessions?{one}")[1]])
        self.assertEqual(["Minecraft"], [s["activity"] for s in agent.get(f"/sessions?{one}&tz={TZ}")[1]])

    def test_a_session_tells_when_and_how_long(self):
        agent = self.make()
        agent.play(1, 23.5, "", 45 * MINUTE, 5 * MINUTE)
        agent.start()
        start = agent.start_of(agent.this_day - 1) + 23 * 60 * MINUTE + 30 * MINUTE
        for ago in (1, 0):  # it reaches into both
            date = date_text(agent.this_day - ago)
            listed = agent.get(f"/sessions?from={date}&to={date}")[1]
            self.assertEqual(1, len(listed))
            begun = datetime.datetime.fromisoformat(listed[0]["start"])
            ended = datetime.datetime.fromisoformat(listed[0]["end"])
            self.assertEqual((start, 45 * MINUTE), (begun.timestamp() * 1000,
                                                    (ended - begun).total_seconds() * 1000))
            self.assertEqual((None, 45, 5), (listed[0]["activity"], listed[0]["minutes_used"],
                                             listed[0]["minutes_overdraft"]))
        empty = date_text(agent.this_day - 2)
        for path in ("/sessions", "/activities"):
            self.assertEqual((200, []), agent.get(f"{path}?from={empty}&to={empty}"))

    def test_what_is_too_much_for_one_answer_is_refused(self):
        agent = self.make()
        start = agent.start_of(agent.this_day - 1)
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001) "
        agent.sql(numbers + "INSERT INTO names(id, name) SELECT 100 + i, 'Game ' || i FROM n")
        agent.sql(numbers + "INSERT INTO usage_slots SELECT 1, ?, 100 + i, i, 0 FROM n", start // SLOT)
        agent.sql(numbers + "INSERT INTO sessions SELECT NULL, 1, 100 + i, ? + i, ? + i + 1, 1, 0 FROM n",
                  start, start)
        agent.start()
        query = "?from={0}&to={0}".format(date_text(agent.this_day - 1))
        for path, table in (("/sessions", "sessions"), ("/activities", "usage_slots")):
            status, headers, body = agent.request("GET", path + query)
            problem = json.loads(body)
            self.assertEqual((400, "to"), (status, problem["parameter"]))
            self.assertEqual("application/problem+json", headers["Content-Type"])
            self.assertIn("hold 5001, and an answer at most 5000: ask for fewer days", problem["detail"])
            agent.sql(f"DELETE FROM {table} WHERE activity = 101")
            status, listed = agent.get(path + query)
            self.assertEqual((200, 5000), (status, len({one["activity"] for one in listed})))

    def test_a_reload_brings_the_new_households_allowance(self):
        agent = self.make()
        agent.start()
        today = date_text(agent.this_day)

        def allowance():
            try:
                return agent.get(f"/days?from={today}&to={today}")[1][0]["minutes_allowance"]
            except OSError:
                return None  # between two servers

        self.assertEqual(120, allowance())
        agent.write_config(agent.config.read_text().replace("default_min = 120", "default_min = 90"))
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: allowance() == 90, "the new allowance")


if __name__ == "__main__":
    unittest.main()
