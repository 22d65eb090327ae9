# SPDX-License-Identifier: MIT
"""Several accounts on one PC, and an agent that is a service: whose desktop is looked at."""

import os
import pathlib
import tempfile
import unittest

from harness import Agent
from test_window_x11 import RULES, Base

ALICE, BOB, GREETER = 1000, 1001, 115


@unittest.skipIf(os.geteuid() != 0, "only root looks at desktops of others")
class Front(Base):
    """As LightDM has it: root runs the server, Alice has its key, and logind was told of both."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="clockblock-switching-")
        self.addCleanup(folder.cleanup)
        self.run_root = pathlib.Path(folder.name)
        for name in (f"user/{ALICE}", f"user/{BOB}", "systemd/seats", "systemd/sessions"):
            (self.run_root / name).mkdir(parents=True)
        key, kind = os.urandom(16), b"MIT-MAGIC-COOKIE-1"
        self.keys = self.run_root / f"user/{ALICE}/xauth_AbCdEf"
        self.keys.write_bytes(b"\xff\xff\0\0\0\0" + len(kind).to_bytes(2, "big") + kind +
                              len(key).to_bytes(2, "big") + key)
        self.serve("-auth", str(self.keys), manager=False)
        (self.server.folder / "keys").write_bytes(self.keys.read_bytes())
        os.chown(self.keys, ALICE, ALICE)
        self.server.manage()
        (self.run_root / f"systemd/sessions/{ALICE}").write_text(
            f"UID={ALICE}\nTYPE=x11\nCLASS=user\nDISPLAY={self.server.name}\n")
        self.agent = Agent(rest="poll_interval_sec = 1;", detectors=(
            'window: { plugin = "window_title"; interval_sec = 1; sources = [ "x11" ];'
            f' run_root = "{self.run_root}"; rules = ( {RULES} ); }};'))
        self.addCleanup(self.agent.close)

    def comes(self, uid):
        """To the screen: a session that is called as its user is numbered. None: a console asks for a name."""
        active = f"ACTIVE={uid}\nACTIVE_UID={uid}\n" if uid else ""
        (self.run_root / "systemd/seats/seat0").write_text(
            f"IS_SEAT0=1\n{active}SESSIONS={ALICE} {BOB}\nUIDS={ALICE} {BOB}\n")

    def test_only_the_game_in_front_counts(self):
        self.comes(ALICE)
        self.window("Minecraft 1.20", app="game")
        self.agent.start()
        self.until_sees("Minecraft", "window of game, rules[0]")
        for uid, why in ((BOB, "nobody who is logged in has a key"), (GREETER, "there is no X server of who is in front"),
                         (None, "there is no X server of who is in front")):
            self.comes(uid)
            self.until_reason(why)
            self.comes(ALICE)
            self.until_sees("Minecraft", "window of game, rules[0]")


if __name__ == "__main__":
    unittest.main()
