# SPDX-License-Identifier: MIT
"""The dashboard where it is easily wrong: borders of days, a disk that lags, tokens, what people type."""

import datetime
import sqlite3

from harness import Game, until
from page import ENTER, LOCKED, SLOW, TOKEN, Page, shown_minutes
from test_report import LIMITED, MINUTE, Household

# Answers of the agent that a test changes: `forged` is put over /status, `held` is who waits for one.
FORGE = """
const ask = window.fetch;
window.forged = {};
window.held = null;
window.fetch = async (path, options) => {
  const answer = await ask(path, options);
  if (window.held) await new Promise((go) => window.held.push(go));
  if (path !== "/status" || !answer.ok) return answer;
  return new Response(JSON.stringify({ ...(await answer.json()), ...window.forged }));
};
"""
ROWS = ("return [...document.querySelectorAll('#sessions tbody tr')].map(row =>"
        " [...row.children].map(cell => cell.textContent))")


class Trouble(Page):
    def forge(self, more=""):
        self.addCleanup(self.browser.prepare(FORGE + more))

    def tell(self, **forged):
        """The page is looked at again, and finds this in /status."""
        self.browser.run("window.forged = arguments[0]; document.dispatchEvent(new Event('visibilitychange'))", forged)

    def pick(self, date):
        self.browser.run("const f = document.querySelector('#sessions-date'); f.value = arguments[0];"
                         "f.dispatchEvent(new Event('change'))", date)

    def see_rows(self, expected):
        """The last two cells of each session."""
        until(lambda: [row[1:] for row in self.browser.run(ROWS)] == expected,
              f"{expected} in the sessions, which are {self.browser.run(ROWS)}")

    # ---- Borders of days ----

    def test_a_session_over_the_end_of_a_day_is_told_in_parts(self):
        agent = self.make(Household())
        agent.play(1, 23, "Minecraft", 120 * MINUTE, 30 * MINUTE)
        agent.close_day(1, 120 * MINUTE, granted_ms=-90 * MINUTE)
        agent.start()
        self.see(agent)
        expected = [["Minecraft", "1h of 2h30m over in all"]]
        self.see_rows(expected)
        self.browser.run("document.querySelector('#sessions-back').click()")
        self.see_rows(expected)
        self.assertIn("−1h 30m", self.browser.texts("#days-table tbody tr:nth-child(2) td"))
        self.tidy()

    def test_a_day_that_starts_at_four_and_is_overdrawn(self):
        agent = self.make(Household(rest=LIMITED, starts_at="04:00"))
        agent.play(1, 23, "Factorio", 120 * MINUTE)
        agent.play(0, 3.5, "Minecraft", 60 * MINUTE)
        agent.play(0, 8, "Factorio", 120 * MINUTE, 30 * MINUTE)
        agent.start()
        self.see(agent)
        self.assertEqual(self.browser.text("#today-big"), "30 mins")
        self.assertEqual(self.browser.text("#today-sub"), "over the allowance")
        self.assertEqual(self.browser.text(".marks .mark"), "4:00")
        self.see_rows([["Factorio", "2h30m over"], ["Minecraft", "30m of 1h"]])
        self.browser.run("document.querySelector('#sessions-back').click()")
        self.see_rows([["Minecraft", "30m of 1h"], ["Factorio", "2h"]])
        self.tidy()

    # ---- What /status and the disk know ----

    def test_what_reaches_the_disk_late_is_shown_then(self):
        agent = self.make(Household())
        agent.start()
        self.browser.devtools("Network.enable")
        self.browser.devtools("Network.setBlockedURLs", urls=["*/events"])
        self.addCleanup(self.browser.devtools, "Network.setBlockedURLs", urls=[])
        self.visit(agent)
        self.see_text("#playing", "Not playing")
        database = sqlite3.connect(agent.database, isolation_level=None, timeout=60)
        self.addCleanup(database.close)
        database.execute("BEGIN IMMEDIATE")
        game = Game(agent)
        self.addCleanup(game.end)
        self.see_text("#playing", "Playing Minecraft")
        until(lambda: agent.status()["today"]["minutes_used"] > 0, "minutes")
        game.end()
        self.see_text("#playing", "Not playing")
        self.assertNotIn("Minecraft", self.browser.text("#sessions tbody"))
        database.execute("ROLLBACK")
        until(lambda: agent.status()["store"]["waiting"] == 0, "the disk")
        for table in ("sessions", "activities"):
            until(lambda: "Minecraft" in self.browser.text(f"#{table} tbody"), f"it in the {table}", 10 * SLOW)

    def test_only_the_session_that_is_played_goes_on(self):
        self.forge()
        self.see(self.agent)
        today = self.agent.start_of(self.agent.this_day)
        for activity, hour, shown, goes_on in (("Stardew Valley", 11, "11:00", False), ("Factorio", 9, "9:00", False),
                                               ("Stardew Valley", 9.5, "9:30", True)):
            since = datetime.datetime.fromtimestamp(today / 1000 + hour * 3600, datetime.timezone.utc)
            self.tell(is_playing=True, activity=activity, since=f"{since:%FT%T}.000Z",
                      today=self.agent.status()["today"] | {"minutes_used": 72 + hour})
            self.see_text("#playing", f"Playing {activity} since {shown}")
            self.see_text('#days-table tbody td[data-label="Used"]', shown_minutes(int(72 + hour)))
            self.see_text("#sessions tbody tr", "since 9:30" if goes_on else "09:30–10:02")

    def test_before_the_first_heartbeat_there_is_no_history(self):
        self.forge("window.forged = { today: null };")
        self.visit(self.agent)
        self.see_text("#today-big", "No heartbeat yet")
        self.assertFalse(self.browser.is_shown("#history"))
        self.tell()
        until(lambda: self.browser.is_shown("#sessions tbody tr"), "the history")
        self.tidy()

    def test_it_speaks_when_there_is_something_to_say(self):
        self.forge()
        self.see(self.agent)
        live = lambda: self.browser.text("#today-live")
        today = self.agent.status()["today"]

        def leave(minutes):
            self.tell(today=today | {"minutes_left": minutes})
            self.see_text("#today-big", f"{int(minutes)} min")
        before = live()
        self.assertIn("48 mins left", before)
        leave(31)
        self.assertEqual(live(), before)
        for mark in (30, 15, 5):
            leave(mark + 0.9)
            self.see_text("#today-live", f"{mark} mins left")
            before = live()
            leave(mark - 1)
            self.assertEqual(live(), before)

    def test_a_zone_that_the_browser_does_not_know_leaves_it_with_its_own(self):
        self.see(self.agent)
        shown, expected = self.browser.run(
            "return import('/format.js').then(format => { format.setZone('Asia/Kathmandu'); format.time(0);"
            " format.setZone('No/Where'); return [format.time(0), new Intl.DateTimeFormat(undefined,"
            " { hour: 'numeric', minute: '2-digit' }).format(0)]; })")
        self.assertEqual(shown, expected)

    # ---- What people type ----

    def test_a_year_is_typed(self):
        self.see(self.agent)
        wanted = self.agent.date(10)
        self.browser.run("const f = document.querySelector('#sessions-date'); f.value = arguments[0]; f.focus()",
                         "2001" + wanted[4:])
        self.browser.press("\ue004\ue004" + wanted[:4])  # the year is behind the day and the month
        until(lambda: self.browser.run("return document.querySelector('#sessions-date').value") == wanted, "the date")
        until(lambda: self.browser.text("#sessions caption") and len(self.browser.run(ROWS)) == len(self.agent.days[10])
              and self.browser.run(ROWS)[-1][1] == self.agent.days[10][0][2], "its sessions")
        self.assertFalse(self.browser.is_shown("#banner"))
        self.see_text("#link", "Live")
        self.browser.run("const f = document.querySelector('#sessions-date'); f.value = '0202-01-01'; f.blur()")
        self.assertEqual(self.browser.run("return document.querySelector('#sessions-date').value"), wanted)
        self.tidy()

    def test_a_day_that_cannot_be_had_is_told_of_beside_it(self):
        self.see(self.agent)
        self.see_text("#link", "Live")
        self.browser.run("const ask = window.fetch; window.fetch = (path, options) => /from=2001/.test(path)"
                         " ? Promise.reject(new TypeError()) : ask(path, options);")
        self.pick("2001-02-03")
        self.see_text("#sessions-wrong", "cannot be reached")
        self.assertFalse(self.browser.is_shown("#banner"))
        self.pick(self.agent.date(3))
        until(lambda: self.browser.text("#sessions-wrong") == "", "the sentence to go")
        self.tidy()

    def test_a_token_that_no_request_can_carry_is_refused(self):
        kept = lambda: self.browser.run("return sessionStorage.length")
        self.visit(self.guarded())
        until(lambda: self.browser.is_shown("#ask"), "the question")
        self.browser.run(ENTER, "pässwörd-✓")
        self.see_text("#ask-wrong", "without accents")
        self.assertFalse(self.browser.is_shown("#banner"))
        self.browser.run(ENTER, "wrong")
        self.see_text("#ask-wrong", "does not accept")
        self.assertEqual(kept(), 0)
        # A look at the page asks again, which puts the cursor there, and wipes nothing.
        self.browser.run("document.activeElement.blur(); document.dispatchEvent(new Event('visibilitychange'))")
        until(lambda: self.browser.run("return document.activeElement.id") == "token", "the question again")
        self.assertIn("does not accept", self.browser.text("#ask-wrong"))
        self.browser.run(ENTER, TOKEN)
        until(lambda: self.browser.is_shown("#numbers"), "the numbers")
        self.assertEqual(kept(), 1)
        self.tidy(LOCKED)

    def test_a_token_is_entered_while_an_answer_is_awaited(self):
        self.forge()
        self.visit(self.guarded())
        until(lambda: self.browser.is_shown("#ask"), "the question")
        self.browser.run("window.held = []; " + ENTER, "wrong")
        until(lambda: self.browser.run("return window.held.length"), "its answer")
        self.browser.run(ENTER + "; const held = window.held; window.held = null; held.forEach(go => go())", TOKEN)
        until(lambda: self.browser.is_shown("#numbers"), "the numbers", 10 * SLOW)
        self.tidy(LOCKED)
