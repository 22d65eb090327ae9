# SPDX-License-Identifier: MIT
"""/metrics, as Prometheus reads it."""

import re
import shutil
import subprocess
import unittest

from harness import Agent, Game, Receiver, until

SINK = 'cloud: {{ plugin = "http_ingest"; endpoint_url = "{}"; sync_interval_sec = 0.2; }};'


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.receiver.up()
        cls.addClassCleanup(lambda: cls.receiver.down())
        cls.agent = Agent(sinks=SINK.format(cls.receiver.url()),
                          rest="poll_interval_sec = 1; allowance: { default_min = 60; };")
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()
        until(lambda: cls.receiver.heartbeats, "a delivery")

    def scrape(self):
        status, headers, body = self.agent.request("GET", "/metrics")
        self.assertEqual(200, status)
        self.assertEqual("text/plain; version=0.0.4; charset=utf-8", headers["Content-Type"])
        return body.decode()

    def values(self):
        lines = [line for line in self.scrape().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (package prometheus)")
    def test_promtool_has_nothing_to_say(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.scrape(), text=True,
                              capture_output=True, check=False)
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_each_family_has_its_help_and_type_and_is_in_one_piece(self):
        page = self.scrape()
        self.assertTrue(page.endswith("\n"))
        family, seen = None, set()
        for line in page.splitlines():
            if line.startswith("# HELP "):
                family = line.split()[2]
                self.assertNotIn(family, seen)
                seen.add(family)
                self.assertRegex(line, r"^# HELP clockblock_[a-z_]+ [A-Z0-9].*\.$")
            elif line.startswith("# TYPE "):
                self.assertRegex(line, rf"^# TYPE {family} (gauge|counter)$")
                self.assertEqual(line.endswith(" counter"), family.endswith("_total"))
            else:
                self.assertRegex(line, rf'^{family}(\{{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\}})? -?[0-9.]+$')

    def test_the_values_are_those_of_status(self):
        until(lambda: self.values()['clockblock_sink_delivered_total{sink="cloud"}'] >= 2, "deliveries")
        before, values, after = self.agent.status(), self.values(), self.agent.status()
        self.assertEqual(1, values['clockblock_device_info{device_id="pc-test"}'])
        self.assertEqual(1, values[f'clockblock_build_info{{version="{before["version"]}"}}'])
        for name, old, new in (
                ("clockblock_heartbeats_total", before["store"]["durable_seq"], after["store"]["durable_seq"]),
                ("clockblock_store_rows", before["store"]["rows"], after["store"]["rows"]),
                ('clockblock_detector_polls_total{detector="games"}', before["detectors"][0]["polls"],
                 after["detectors"][0]["polls"]),
                ('clockblock_sink_attempts_total{sink="cloud"}', before["sinks"][0]["attempts"],
                 after["sinks"][0]["attempts"])):
            self.assertTrue(0 < old <= values[name] <= new, (name, old, values[name], new))
        used = [60 * today["today"]["minutes_used"] for today in (before, after)]
        self.assertTrue(used[0] - 0.001 <= values["clockblock_today_used_seconds"] <= used[1] + 0.001)
        self.assertAlmostEqual(3600, values["clockblock_today_used_seconds"]
                               + values["clockblock_today_left_seconds"])
        for name, value in (("clockblock_today_overdraft_seconds", 0), ("clockblock_store_healthy", 1),
                            ('clockblock_detector_state{detector="games",state="ok"}', 1),
                            ('clockblock_detector_state{detector="games",state="failed"}', 0),
                            ('clockblock_detector_failures_total{detector="games"}', 0)):
            self.assertEqual(value, values[name], name)
        self.assertLess(0, values["clockblock_store_bytes"])
        self.assertLess(0, values['clockblock_detector_last_poll_seconds{detector="games"}'])

    def test_play_and_a_sink_that_fails_are_seen(self):
        game = Game(self.agent)
        self.addCleanup(game.end)
        self.receiver.down()
        self.addCleanup(self.receiver.up)
        values = until(lambda: (v := self.values())["clockblock_today_used_seconds"] > 1
                       and v['clockblock_sink_pending_heartbeats{sink="cloud"}'] > 1
                       and v['clockblock_sink_state{sink="cloud",state="retrying"}'] == 1 and v, "play")
        self.assertEqual(1, values["clockblock_is_playing"])
        self.assertLess(0, values['clockblock_sink_oldest_pending_seconds{sink="cloud"}'])
        self.assertLess(0, values['clockblock_sink_failures_total{sink="cloud"}'])

    def test_any_device_id_is_one_label(self):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.write_config(agent.config.read_text().replace('"pc-test"', r'"a \"quoted\" \\ name"'))
        agent.start()
        body = agent.request("GET", "/metrics")[2].decode()
        label = re.search(r'^clockblock_device_info\{device_id="(.*)"\} 1$', body, re.MULTILINE)[1]
        self.assertEqual(r'a \"quoted\" \\ name', label)


if __name__ == "__main__":
    unittest.main(verbosity=2)
