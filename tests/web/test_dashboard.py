# SPDX-License-Identifier: MIT
"""The dashboard in a real browser: what it shows, how it follows, and whom it talks to."""

import gzip
import pathlib
import re
import sqlite3
import subprocess
import time
import unittest

from harness import BUILD, Game, until
from page import ENTER, LOCKED, PICTURES, SLOW, TOKEN, Page, shown_minutes
from seed import ALLOWANCE_MIN, DAYS
from test_report import MINUTE, Household

HERE = pathlib.Path(__file__).parent
# What the browser logs by itself of an agent that is gone.
GONE = "net::ERR_"


def axe_source():
    """axe-core, from its registry once for each build folder; None: it cannot be had."""
    folder = BUILD / "tests" / "web"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            (folder / name).write_bytes((HERE / name).read_bytes())
        try:
            subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, timeout=60,
                           check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            return None
    return script.read_text()


class Dashboard(Page):
    # ---- Numbers ----

    def test_today_is_what_status_says(self):
        self.see(self.agent)
        used = self.agent.used(0)
        self.assertEqual(self.browser.text("#today-big"), "48 mins")
        self.assertEqual(self.browser.text("#today-sub"), "left")
        fact = lambda name: self.browser.text(f'[data-fact="{name}"] dd')
        self.assertEqual((fact("used"), fact("allowance"), fact("overdraft")),
                         (shown_minutes(used), shown_minutes(ALLOWANCE_MIN), "0m"))
        self.assertEqual(self.browser.run(
            "const m = document.querySelector('#meter'); return [m.ariaValueNow, m.ariaValueMax]"),
            [str(used), str(ALLOWANCE_MIN)])
        self.assertIn("Not playing since", self.browser.text("#playing"))
        self.assertEqual(self.browser.text("#why"), self.agent.status()["why"])
        self.assertEqual(len(self.browser.texts("#strip rect.play")), 2)
        self.tidy()

    def test_the_last_14_days_are_a_table_and_bars(self):
        self.see(self.agent)
        rows = self.browser.run(
            "return [...document.querySelectorAll('#days-table tbody tr')].map(row =>"
            " [row.dataset.date, ...[...row.querySelectorAll('td')].map(cell => cell.textContent)])")
        self.assertEqual(rows, [
            [self.agent.date(ago), shown_minutes(self.agent.used(ago)), shown_minutes(ALLOWANCE_MIN), "–",
             shown_minutes(self.agent.over(ago))] for ago in range(14)])
        if not self.has_charts:
            self.assertFalse(self.browser.is_shown("#days-canvas"))
            self.assertTrue(self.browser.is_shown("#days-table"))
            return
        bars = self.browser.run(
            "return Chart.getChart('days-canvas').data.datasets.map(set => set.data.map(Math.round))")
        days = range(13, -1, -1)
        over = [self.agent.over(ago) for ago in days]
        self.assertGreater(sum(over), 0)
        self.assertEqual(bars, [[self.agent.used(ago) - self.agent.over(ago) for ago in days], over,
                                [ALLOWANCE_MIN] * 14])

    def test_hours_of_the_week_add_up(self):
        self.see(self.agent)
        cells = self.browser.run(
            "return [...document.querySelectorAll('#hours tbody tr')].flatMap(row =>"
            " [...row.querySelectorAll('td')].map((cell, hour) =>"
            " [Number(row.dataset.weekday), hour, Math.round(cell.dataset.minutes)]))")
        self.assertEqual({(day, hour): value for day, hour, value in cells if value}, self.agent.by_hour())

    def test_activities_of_a_chosen_time(self):
        self.see(self.agent)
        for days in (14, 1, 56):
            self.browser.run("const s = document.querySelector('#activities-days'); s.value = arguments[0];"
                             "s.dispatchEvent(new Event('change'))", str(days))
            expected = sorted(self.agent.by_activity(days).items(), key=lambda item: (-item[1], item[0]))
            until(lambda: [(row["name"], row["value"]) for row in self.browser.run(
                "return [...document.querySelectorAll('#activities tbody tr')].map(row => ({"
                "name: row.querySelector('th').textContent, value: Number(row.dataset.minutes)}))")]
                == expected, f"the activities of {days} days")
        self.tidy()

    def test_sessions_of_a_chosen_day(self):
        self.see(self.agent)
        for ago in (0, 3, DAYS - 1):
            self.browser.run("const f = document.querySelector('#sessions-date'); f.value = arguments[0];"
                             "f.dispatchEvent(new Event('change'))", self.agent.date(ago))
            expected = [[f"{at // 60:02}:{at % 60:02}–{(at + minutes) // 60:02}:{(at + minutes) % 60:02}", name,
                         shown_minutes(minutes) + (f"{shown_minutes(over)} over" if over else "")]
                        for at, minutes, name, over in reversed(self.agent.days[ago])]
            until(lambda: self.browser.run(
                "return [...document.querySelectorAll('#sessions tbody tr')].map(row =>"
                " [...row.children].map(cell => cell.textContent))") == expected, f"the sessions {ago} days ago")
        self.browser.run("document.querySelector('#sessions-next').click()")
        until(lambda: self.browser.run("return document.querySelector('#sessions-date').value")
              == self.agent.date(DAYS - 2), "the next day")
        self.tidy()

    def test_more_sessions_than_one_answer_holds(self):
        agent = self.make(Household())
        rows = [(number - 10_000, agent.start_of(agent.this_day - 1 - number % 55) + number // 55 * 5 * MINUTE)
                for number in range(6000)]
        with sqlite3.connect(agent.database) as database:
            database.executemany("INSERT INTO sessions VALUES(?, 1, 0, ?, ?, ?, 0)",
                                 [(number, at, at + MINUTE, MINUTE) for number, at in rows])
        database.close()
        agent.start()
        self.visit(agent)
        until(lambda: self.browser.run(
            "return Math.round([...document.querySelectorAll('#hours td[data-minutes]')].reduce("
            "(sum, cell) => sum + Number(cell.dataset.minutes), 0))") == len(rows), "all of them in the hours of the week")
        self.tidy("400 (Bad Request)")

    def test_sinks_and_detectors_say_how_they_fare(self):
        self.see(self.agent)
        row = lambda table, name: self.browser.texts(f'#{table} tr[data-name="{name}"] td')
        until(lambda: row("sinks", "cloud")[0] == "retrying" and row("sinks", "log")[0] == "ok", "the sinks")
        cloud = row("sinks", "cloud")
        self.assertRegex(cloud[1], r"^\d+, oldest ")
        self.assertEqual(cloud[2], "never")
        self.assertIn("503", cloud[3])
        self.assertEqual(row("detectors", "games")[:2], ["ok", "nothing"])
        self.assertRegex(self.browser.text("#pending"), r"^\d+ heartbeats wait$")
        self.tidy()

    def test_times_and_numbers_follow_the_language(self):
        self.browser.speak("de-DE")
        self.see(self.agent)
        self.assertRegex(self.browser.text('[data-fact="used"] dd'), r"^1.* 12 Min\.$")
        self.assertIn("09:30–10:02", self.browser.text("#sessions tbody"))

    # ---- Following ----

    def test_play_shows_within_a_poll(self):
        agent = self.make(Household())
        agent.start()
        self.visit(agent)
        self.see_text("#link", "Live")
        self.follow_play(agent)
        self.tidy()

    def test_an_event_source_of_the_browser_hears_each_heartbeat(self):
        """As other pages of the household may use it; ours needs a token, which that cannot send."""
        self.see(self.agent)
        heard = self.browser.run("""
            const source = new EventSource("/events"), heard = [];
            return new Promise(done => source.addEventListener("heartbeat", event => {
                heard.push([event.lastEventId, JSON.parse(event.data).seq]);
                if (heard.length === 3) { source.close(); done(heard); }
            }));""")
        first = heard[0][1]
        self.assertEqual([first, first + 1, first + 2], [seq for _, seq in heard])
        for event_id, seq in heard:
            self.assertTrue(event_id.startswith(f"{seq}-"), event_id)
        self.tidy()

    def test_without_a_stream_the_agent_is_polled(self):
        agent = self.make(Household())
        agent.start()
        self.browser.devtools("Network.enable")
        self.browser.devtools("Network.setBlockedURLs", urls=["*/events"])
        self.addCleanup(self.browser.devtools, "Network.setBlockedURLs", urls=[])
        self.visit(agent)
        self.see_text("#link", "Every 1 sec")
        self.follow_play(agent)
        self.assertEqual(self.browser.text("#link"), "Every 1 sec")
        self.tidy("net::ERR_BLOCKED")

    def follow_play(self, agent):
        """Both ends of it show within an interval, on a machine that may be busy."""
        self.see_text("#playing", "Not playing")
        game = Game(agent)
        self.addCleanup(game.end)
        until(lambda: agent.status()["is_playing"], "play in /status")
        seen = time.monotonic()
        self.see_text("#playing", "Playing Minecraft")
        self.assertLess(time.monotonic() - seen, 10 * SLOW)  # not just with the next look at everything
        self.see_text("#activities tbody", "Minecraft")
        self.see_text("#sessions tbody", "since ")
        for selector, rest in (("#days-table tbody tr", ""), ("#days-sum", " played")):
            until(lambda: re.search(rf"(< 1|[1-9]\d*)m{rest}", self.browser.text(selector) or ""), f"minutes in {selector}")
        self.assertFalse(self.browser.is_shown("#start"))
        until(lambda: self.browser.is_shown("#days-canvas" if self.has_charts else "#days-table"), "the days")
        game.end()
        until(lambda: not agent.status()["is_playing"], "the end of it in /status")
        seen = time.monotonic()
        self.see_text("#playing", "Not playing")
        self.assertLess(time.monotonic() - seen, 10 * SLOW)  # not just with the next look at everything
        until(lambda: "since " not in self.browser.text("#sessions tbody"), "the end of the session")

    def test_a_page_that_nobody_looks_at_asks_for_nothing(self):
        hide = ("Object.defineProperty(document, 'hidden', { configurable: true, get: () => arguments[0] });"
                "document.dispatchEvent(new Event('visibilitychange'))")
        asked = lambda: sum("/status" in url for url in self.browser.requests())
        beats = lambda: self.agent.status()["store"]["durable_seq"]
        self.see(self.agent)
        self.see_text("#link", "Live")
        self.browser.run(hide.replace("arguments[0]", "true"))
        begun = beats()
        until(lambda: beats() > begun, "what was under way")
        asked()
        until(lambda: beats() > begun + 3, "heartbeats")
        self.assertEqual(asked(), 0)
        self.browser.run(hide.replace("arguments[0]", "false"))
        until(asked, "questions again")
        until(lambda: self.browser.text("#link") == "Live", "the stream", 10 * SLOW)

    def test_an_agent_that_stops_is_told_of_and_its_return_is_noticed(self):
        agent = self.make(Household())
        agent.start()
        self.visit(agent)
        self.see_text("#today-big", "2 hrs")
        agent.stop()
        self.see_text("#banner", "cannot be reached")
        self.assertTrue(self.browser.is_shown("#banner"))
        self.assertEqual(self.browser.text("#link"), "Not reachable")
        self.assertEqual(self.browser.text("#today-big"), "2 hrs")
        agent.start()
        until(lambda: not self.browser.is_shown("#banner"), "the banner to go")
        self.see_text("#link", "Live")
        self.tidy(GONE)

    def test_the_first_day_says_what_to_do(self):
        agent = self.make(Household())
        agent.start()
        self.visit(agent)
        until(lambda: self.browser.is_shown("#start"), "the advice")
        self.assertEqual(self.browser.text("#start-config"), str(agent.config))
        self.assertIn("clockblock detect --watch", self.browser.text("#start"))
        self.assertFalse(self.browser.is_shown("#history"))
        self.picture("empty", "light", 1280, 900)
        self.picture("empty-phone", "light", 390, 844)
        self.tidy()

    # ---- The token ----

    def test_a_token_is_asked_for_and_a_wrong_one_refused(self):
        agent = self.guarded()
        self.visit(agent)
        until(lambda: self.browser.is_shown("#ask"), "the question")
        self.assertFalse(self.browser.is_shown("#numbers"))
        self.browser.keep_picture(PICTURES / "token.png")
        self.browser.run(ENTER, "wrong")
        self.see_text("#ask-wrong", "does not accept")
        self.browser.run(ENTER, TOKEN)
        until(lambda: self.browser.is_shown("#numbers"), "the numbers")
        self.assertFalse(self.browser.is_shown("#ask"))
        self.see_text("#link", "Live")
        self.visit(agent)
        until(lambda: self.browser.is_shown("#numbers"), "the numbers, the token being kept")
        self.tidy(LOCKED)
        self.assertEqual([agent.request("GET", path)[0] for path in ("/", "/style.css", "/status", "/days")],
                         [200, 200, 401, 401])

    # ---- Everybody ----

    def test_axe_finds_nothing_in_light_and_dark(self):
        source = axe_source()
        if source is None:
            self.skipTest("axe-core cannot be had: npm, or its registry, is not there")
        self.see(self.agent)
        for scheme in ("light", "dark"):
            for width in (1280, 390):
                self.browser.prefer(scheme, "reduce")
                self.browser.size(width, 844)
                self.browser.run(source)
                found = self.browser.run("return axe.run().then(result => result.violations.map(v =>"
                                         " v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; ')))")
                self.assertEqual(found, [], (scheme, width))

    def test_it_fits_a_phone_and_a_desk_and_pictures_are_kept(self):
        self.see(self.agent)
        for name, scheme, width, height in (
                ("desktop", "light", 1280, 900), ("desktop-dark", "dark", 1280, 900),
                ("phone", "light", 390, 844), ("phone-dark", "dark", 390, 844)):
            self.picture(name, scheme, width, height)

    def test_it_is_reached_by_keyboard_in_order(self):
        self.see(self.agent)
        seen = []
        for _ in range(12):
            self.browser.command("/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
                {"type": "keyDown", "value": "\ue004"}, {"type": "keyUp", "value": "\ue004"}]}]})
            seen.append(self.browser.run("const e = document.activeElement; return e.id || e.className || e.localName"))
        wanted = ["skip", "summary", "activities-days", "sessions-back", "sessions-date"]
        self.assertEqual([each for each in dict.fromkeys(seen) if each in wanted], wanted)

    # ---- Weight ----

    def test_it_is_light_and_its_time_is_told(self):
        # From nothing kept to the last numbers. The best of three is told; how busy the machine is, fails nothing.
        self.browser.devtools("Network.enable")
        times = []
        while len(times) < 3:
            self.browser.devtools("Network.clearBrowserCache")
            self.browser.open("about:blank")
            self.see(self.agent)
            weight, interactive, filled = self.browser.run(
                "const page = performance.getEntriesByType('navigation')[0];"
                "const all = performance.getEntriesByType('resource');"
                "return [all.reduce((sum, each) => sum + each.transferSize, page.transferSize), page.domInteractive,"
                " all.find(each => each.name.includes('/activities')).responseEnd]")
            self.assertTrue(50_000 < weight < 300_000 or not self.has_charts, weight)
            times.append(max(interactive, filled))
        print(f"{weight} bytes, filled in {min(times):.0f} ms", end=" ", flush=True)

    def test_files_are_packed_and_kept_by_the_browser(self):
        status, headers, plain = self.agent.request("GET", "/dashboard.js")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/javascript; charset=utf-8"))
        self.assertNotIn("Content-Encoding", headers)
        self.assertIn("script-src 'self'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        packing = {"Accept-Encoding": "br, gzip;q=0.5"}
        status, packed_headers, packed = self.agent.request("GET", "/dashboard.js", packing)
        self.assertEqual((status, packed_headers["Content-Encoding"], gzip.decompress(packed)), (200, "gzip", plain))
        self.assertNotEqual(packed_headers["ETag"], headers["ETag"])
        self.assertEqual(packed_headers["Vary"], "Accept-Encoding")
        for tags, expected in ((headers["ETag"], 304), (f'"x", W/{headers["ETag"]}', 304), ("*", 304), ('"x"', 200)):
            status, _, body = self.agent.request("GET", "/dashboard.js", {"If-None-Match": tags})
            self.assertEqual((status, len(body)), (expected, 0 if expected == 304 else len(plain)), tags)
        refused = self.agent.request("GET", "/dashboard.js", {"Accept-Encoding": "gzip;q=0, identity"})
        self.assertNotIn("Content-Encoding", refused[1])
        status, headers, body = self.agent.request("HEAD", "/")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(self.agent.request("GET", "/../dashboard.js")[0], 404)
        self.assertEqual(self.agent.request("POST", "/")[0], 405)


if __name__ == "__main__":
    unittest.main()
