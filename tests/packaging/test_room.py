# SPDX-License-Identifier: MIT
"""The packages where no systemd runs: installed, run as the unit says, removed and purged."""

import unittest

from room import Manager, Room
from service import Service, game, package


class WithoutSystemd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = Room()
        cls.addClassCleanup(cls.room.close)
        cls.room.install(package())

    def test_1_the_service_tells_its_manager_what_it_does(self):
        manager = Manager(self.room, "/lib/systemd/system/clockblock.service")
        self.addCleanup(manager.close)
        service = Service(self.room)
        manager.start()
        manager.wait_heard("READY=1")
        self.assertEqual(service.get("/health")[0], 200)
        with game(self.room, "anna"):
            service.wait_played()
            manager.wait_heard("Minecraft")
        self.signal("HUP")
        manager.wait_heard("RELOADING=1")
        manager.wait_heard("READY=1")
        self.signal("TERM")
        manager.wait_heard("STOPPING=1")
        self.assertEqual(manager.process.wait(60), 0)

    def signal(self, name):
        self.room.run("sh", "-c", f"for each in $(grep -lx clockblock /proc/[0-9]*/comm); do"
                                  f" kill -{name} $(echo $each | tr -dc 0-9); done")

    def test_2_removed_it_leaves_the_account_and_purged_nothing(self):
        self.room.run("apt-get", "remove", "-y", "-q", "clockblock")
        self.assertFalse(self.room.path("/usr/bin/clockblock").exists())
        self.assertTrue(self.room.path("/var/lib/clockblock/clockblock.db").exists())
        self.room.run("apt-get", "purge", "-y", "-q", "clockblock")
        for place in ("/var/lib/clockblock", "/etc/clockblock"):
            self.assertFalse(self.room.path(place).exists(), place)
