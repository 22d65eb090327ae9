# SPDX-License-Identifier: MIT
"""A household with sixty days of play, which a test can add up by itself."""

import datetime
import sqlite3

from test_report import DAY, MINUTE, SLOT, Household

ALLOWANCE_MIN = 120
DAYS = 60
NAMES = ("Minecraft", "Stardew Valley", "Factorio", "Tom & <i>Jerry</i>")


def plays_of(ago, date):
    """What is played on the day so many days ago: (from minute, minutes, name)."""
    weekday = (date + 3) % 7  # Monday is 0
    if ago % 9 == 4:
        return []
    plays = [(16 * 60 + 15 * (ago % 4), 35 + ago % 5 * 10, NAMES[ago % 2])]
    if weekday >= 5:
        plays.insert(0, (10 * 60 + 30, 50, NAMES[2]))
    if ago % 3 == 0:
        plays.append((19 * 60, 25 + ago % 4 * 10, NAMES[ago % 4]))
    if ago % 7 == 2:  # too long, whichever weekday it is
        plays.append((20 * 60, 100, NAMES[1]))
    return plays


class Seeded(Household):
    """Each day is played as plays_of() says, and today an hour and a half before noon."""

    def __init__(self, rest=f"allowance: {{ default_min = {ALLOWANCE_MIN}; }};", sinks=""):
        super().__init__(rest=rest)
        self.write_config(self.config.read_text().replace("sinks: {  };", f"sinks: {{ {sinks} }};"))
        self.days = {ago: self.clip(plays_of(ago, self.this_day - ago)) for ago in range(1, DAYS)}
        self.days[0] = [(8 * 60 + 5, 40, NAMES[0], 0), (9 * 60 + 30, 32, NAMES[1], 0)]
        with sqlite3.connect(self.database) as database:
            for ago, plays in self.days.items():
                self.put_day(database, ago, plays)
        database.close()

    @staticmethod
    def clip(plays):
        """With the overdraft of each: what is beyond the allowance."""
        used, list_ = 0, []
        for at, minutes, name in plays:
            over = min(minutes, max(0, used + minutes - ALLOWANCE_MIN))
            list_.append((at, minutes, name, over))
            used += minutes
        return list_

    def put_day(self, database, ago, plays):
        # Sessions of the agent are numbered from 1: these come before them, in order.
        start = self.start_of(self.this_day - ago)
        for at, minutes, name, over in plays:
            database.execute("INSERT OR IGNORE INTO names(name) VALUES(?)", (name,))
            activity = database.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()[0]
            begun, end = start + at * MINUTE, start + (at + minutes) * MINUTE
            database.execute("INSERT INTO sessions VALUES(?, 1, ?, ?, ?, ?, ?)",
                             (begun // MINUTE - DAY, activity, begun, end, minutes * MINUTE, over * MINUTE))
            self.put_slots(database, activity, begun, end, over * MINUTE)
        if ago > 0:
            database.execute("INSERT INTO local_days VALUES(1, ?, ?, ?, ?, ?, ?, ?)", (
                self.this_day - ago, start, start + DAY, ALLOWANCE_MIN * MINUTE, 0,
                self.used(ago) * MINUTE, self.over(ago) * MINUTE))

    @staticmethod
    def put_slots(database, activity, begun, end, overdraft_ms):
        more = ("ON CONFLICT DO UPDATE SET used_ms = used_ms + excluded.used_ms,"
                " overdraft_ms = overdraft_ms + excluded.overdraft_ms")
        at = begun
        while at < end:
            until_ms = min((at // SLOT + 1) * SLOT, end)
            over = max(0, until_ms - max(at, end - overdraft_ms))
            database.execute(f"INSERT INTO usage_slots VALUES(1, ?, ?, ?, ?) {more}",
                             (at // SLOT, activity, until_ms - at, over))
            database.execute(f"INSERT INTO daily_rollups VALUES(1, ?, ?, ?, ?, ?) {more}",
                             (at // DAY, until_ms - at, over, until_ms, until_ms))
            at = until_ms

    def used(self, ago):
        return sum(minutes for _, minutes, _, _ in self.days[ago])

    def over(self, ago):
        return sum(over for _, _, _, over in self.days[ago])

    def date(self, ago):
        return (datetime.date(1970, 1, 1) + datetime.timedelta(self.this_day - ago)).isoformat()

    def by_activity(self, days):
        sums = {}
        for ago in range(days):
            for _, minutes, name, _ in self.days[ago]:
                sums[name] = sums.get(name, 0) + minutes
        return sums

    def by_hour(self, days=56):
        """Minutes of each (weekday, hour) of these days."""
        sums = {}
        for ago in range(days):
            weekday = (self.this_day - ago + 3) % 7
            for at, minutes, _, _ in self.days[ago]:
                for minute in range(at, at + minutes):
                    key = weekday, minute // 60
                    sums[key] = sums.get(key, 0) + 1
        return sums
