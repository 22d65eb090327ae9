# SPDX-License-Identifier: MIT
"""Makes packaging/dashboard.png, the picture in README.md, anew, after the dashboard has changed:

    CLB_BUILD=build-test PYTHONPATH=tests/agent:tests/web python3 tests/web/readme_picture.py
"""

import base64
import pathlib
import unittest

import page
import seed
from harness import Game

PICTURE = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "dashboard.png"
seed.ALLOWANCE_MIN = 90
seed.NAMES = ("Minecraft", "Stardew Valley", "Factorio", "Celeste")


class Picture(page.Page):
    def test_make(self):
        agent = self.make(seed.Seeded(rest=f"allowance: {{ default_min = {seed.ALLOWANCE_MIN}; }};"))
        agent.start()
        self.addCleanup(Game(agent).end)
        self.see(agent)
        self.see_text("#playing", "Playing Minecraft")
        # More than is kept, so that there is no scroll bar.
        self.browser.size(1180, 3000)
        answer = self.browser.devtools("Page.captureScreenshot", format="png", clip={
            "x": 0, "y": 0, "width": 1180, "height": 1165, "scale": 1})
        PICTURE.write_bytes(base64.b64decode(answer["data"]))


if __name__ == "__main__":
    unittest.main()
