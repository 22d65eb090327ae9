# SPDX-License-Identifier: MIT
"""What the tests of the dashboard begin with: a browser, and an agent with sixty days of play."""

import os
import unittest

from browser import CHROMIUM, DRIVER, Browser
from harness import BUILD, Agent, Receiver, until
from seed import Seeded

PICTURES = BUILD / "tests" / "web" / "pictures"
TOKEN = "a-token-that-nobody-guesses"
ENTER = ("document.querySelector('#token').value = arguments[0];"
         "document.querySelector('#ask').requestSubmit()")
LOCKED = "401 (Unauthorized)"  # what the browser logs by itself of a token that is asked for
SLOW = float(os.environ.get("CLB_SLOW", 1))


def shown_minutes(minutes):
    """As the page writes them in British English."""
    hours, rest = divmod(minutes, 60)
    parts = ([f"{hours}h"] if hours else []) + ([f"{rest}m"] if rest or not hours else [])
    return " ".join(parts)


@unittest.skipUnless(CHROMIUM and DRIVER, "chromium and chromedriver are not installed")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        PICTURES.mkdir(parents=True, exist_ok=True)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.receiver = Receiver()
        cls.receiver.status = 503
        cls.receiver.up()
        cls.addClassCleanup(cls.receiver.down)
        cls.agent = Seeded(sinks=(
            f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{cls.receiver.url()}"; device_token = "t";'
            ' sync_interval_sec = 1; }; log: { plugin = "file"; path = "heartbeats.jsonl"; sync_interval_sec = 1; };'))
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()
        # Where Chart.js is missing, the page is built with tables alone.
        cls.has_charts = len(cls.agent.request("GET", "/chart.js")[2]) > 1000

    def setUp(self):
        self.browser.open("about:blank")
        self.browser.size(1280, 900)
        self.browser.speak("en-GB")
        self.browser.prefer("light", "reduce")
        self.browser.problems()
        self.browser.requests()

    def make(self, agent):
        self.addCleanup(agent.close)
        return agent

    def guarded(self):
        """An agent that wants a token; it is up when it answers with it."""
        agent = self.make(Agent())
        secret = agent.folder / "token"
        secret.write_text(TOKEN)
        secret.chmod(0o600)
        agent.write_config(agent.config.read_text().replace("api: {", f'api: {{ token_file = "{secret}";'))
        agent.start(ready=False)

        def answers():
            try:
                return agent.request("GET", "/health", {"Authorization": f"Bearer {TOKEN}"})[0] == 200
            except OSError:
                return False
        until(answers, "the API")
        return agent

    def visit(self, agent, path="/"):
        self.browser.open(f"http://127.0.0.1:{agent.port}{path}")

    def see(self, agent):
        """The whole page, filled."""
        self.visit(agent)
        until(lambda: self.browser.texts("#activities tbody tr"), "the numbers")
        until(lambda: self.browser.run(
            "return arguments[0] ? document.querySelector('#days-canvas').height > 200"
            " : document.querySelector('#days-details').open", self.has_charts), "the chart, or its table")

    def see_text(self, selector, part):
        until(lambda: part in (self.browser.text(selector) or ""),
              f"{part!r} in {selector}, which is {self.browser.text(selector)!r}")

    def tidy(self, *expected):
        """Nothing was logged but this, and nobody else was asked for anything."""
        problems = [text for text in self.browser.problems() if not any(part in text for part in expected)]
        self.assertEqual(problems, [])
        strangers = [url for url in self.browser.requests()
                     if not url.startswith(("http://127.0.0.1:", "about:", "chrome:", "data:"))]
        self.assertEqual(strangers, [])

    def picture(self, name, scheme, width, height):
        self.browser.prefer(scheme, "reduce")
        self.browser.size(width, height)
        until(lambda: self.browser.run("return document.documentElement.scrollWidth") <= width,
              f"the page to fit {width} pixels")
        self.browser.keep_picture(PICTURES / f"{name}.png")
