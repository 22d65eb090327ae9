# SPDX-License-Identifier: MIT
"""The hardened service of the machine, started by a real systemd: what it can do, and what it cannot."""

import datetime
import json
import re
import zoneinfo

from brokers import Mosquitto, Watcher
from harness import Receiver
from machine import MachineTest, until
from service import Service, game, package, quick

ZONE = "Pacific/Kiritimati"  # fourteen hours ahead of UTC: another date than there for most of the day
CONFIG = """
playing_when = "games and gpu";
day: {{ timezone = "{zone}"; starts_at = "00:00"; }};
detectors: {{
  games: {{ plugin = "process_name"; known_games = true; }};
  gpu: {{ plugin = "gpu_usage"; sources = "sysfs"; sys_root = "/srv/sys"; busy_samples = 1; of_samples = 2; }};
  away: {{ plugin = "idle"; sources = "logind"; }};
}};
sinks: {{
  cloud: {{ plugin = "http_ingest"; endpoint_url = "{url}"; device_token_file = "token"; sync_interval_sec = 1; }};
  home: {{ plugin = "mqtt"; host = "127.0.0.1"; port = {port}; sync_interval_sec = 1; }};
  log: {{ plugin = "file"; path = "/var/lib/clockblock/heartbeats.jsonl"; sync_interval_sec = 1; }};
}};
"""
# Each is something that root may do on a machine, and that the service has no use for.
PROBES = {
    "write to /usr": "touch /usr/probe",
    "write to /etc": "touch /etc/probe",
    "write to /etc/clockblock": "touch /etc/clockblock/probe",
    "write to a home": "touch /root/probe",
    "write to /var": "touch /var/lib/anything",
    "see the files of others in /tmp": "test -e /tmp/somebody-elses",
    "make a namespace of users": "unshare --user true",
    "make a namespace of mounts": "unshare --mount true",
    "mount": "mount -t tmpfs none /mnt",
    "be real-time": "chrt --fifo 1 true",
    "change its personality": "setarch -R true",
    "make a program that runs as its owner": "touch /var/lib/probe/x && chmod u+s /var/lib/probe/x",
    "change the owner of a file": "touch /var/lib/probe/y && chown 4711 /var/lib/probe/y",
    "open a raw socket": "perl -e 'socket(my $s, 17, 3, 0) or exit 1'",
    "change settings of the kernel": "echo 64 > /proc/sys/net/ipv4/ip_default_ttl",
    "write to a control group": "mkdir /sys/fs/cgroup/systemd/probe$$ || mkdir /sys/fs/cgroup/probe$$",
    "signal others": "kill -0 $(stat -c '%U %n' /proc/[0-9]* 2>/dev/null | sed -n 's,messagebus /proc/,,p')",
}

# What makes of the agent's unit one that runs the probes once, behind the same limits.
INSTEAD = {
    r"^(WatchdogSec|NotifyAccess|Restart.*|ExecReload)=.*\n": "",
    r"^ExecStart=.*": "ExecStart=/usr/local/bin/probe",
    r"^Type=.*": "Type=oneshot",
    r"^StateDirectory=.*": "StateDirectory=probe",
}


class Limits:
    """The limits of the unit are in force, also for one who would be root behind them."""

    @classmethod
    def prepare_probes(cls):
        cls.machine.put("", "/tmp/somebody-elses")
        cls.machine.put(probe_script(), "/usr/local/bin/probe", mode=0o755)
        cls.machine.path("/var/lib/probe").mkdir()
        unit = cls.machine.run("cat", cls.machine.property("FragmentPath")).stdout
        for pattern, instead in INSTEAD.items():
            unit = re.sub(pattern, instead, unit, flags=re.M)
        cls.machine.put(unit, "/etc/systemd/system/probe.service")
        cls.machine.put(re.sub(r"^(User|Group)=.*", r"\1=root", unit, flags=re.M),
                        "/etc/systemd/system/probe-root.service")
        cls.machine.systemctl("daemon-reload")

    def test_limits_1_the_process_has_no_privileges_and_cannot_get_any(self):
        first, agent = self.process_status(1), self.process_status(self.service.pid())
        self.assertEqual(agent["NoNewPrivs"], "1")
        for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(agent[key], 16), 0, key)
        self.assertEqual(agent["Seccomp"], "2")
        self.assertGreater(int(agent["Seccomp_filters"]), int(first["Seccomp_filters"]))
        self.assertNotIn("0", agent["Uid"].split())

    def process_status(self, pid):
        lines = self.machine.run("cat", f"/proc/{pid}/status").stdout.splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def test_limits_2_what_it_has_no_use_for_is_refused(self):
        self.assertEqual(self.probe("probe"), dict.fromkeys(PROBES, "refused"))

    def test_limits_3_also_to_root_behind_the_same_limits(self):
        self.assertEqual(self.probe("probe-root"), dict.fromkeys(PROBES, "refused"))

    def test_limits_4_without_them_root_may_do_all_of_it(self):
        """Else the two above would show nothing."""
        told = self.machine.run("/usr/local/bin/probe").stdout
        self.assertEqual(told_by(told), dict.fromkeys(PROBES, "done"))

    def probe(self, unit):
        self.machine.systemctl("start", unit)
        return told_by(self.machine.journal("--sync") + self.machine.journal(f"--unit={unit}", "--output=cat"))


class Headless(Limits, MachineTest):
    """All that needs no desktop, at once."""

    @classmethod
    def prepare(cls):
        machine = cls.machine
        quick(machine)
        machine.install(package(), package("clockblock-plugins-desktop"), package("clockblock-plugin-mqtt"))
        with machine.network():
            cls.receiver = Receiver()
            cls.addClassCleanup(cls.receiver.down)
            cls.receiver.up()
            cls.broker = Mosquitto()
            cls.addClassCleanup(cls.broker.close)
            cls.broker.up()
            cls.watcher = Watcher(cls.broker)
            cls.addClassCleanup(cls.watcher.close)
            cls.watcher.wait()
        gpu = "/srv/sys/class/drm/renderD128/device"
        machine.put("DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_SLOT_NAME=0000:03:00.0\n", f"{gpu}/uevent")
        machine.put("active\n", f"{gpu}/power/runtime_status")
        machine.put("auto\n", f"{gpu}/power/control")
        machine.put("83\n", f"{gpu}/gpu_busy_percent")
        machine.put("a-token-of-the-machine\n", "/etc/clockblock/token", owner="clockblock", mode=0o600)
        machine.put(CONFIG.format(zone=ZONE, url=cls.receiver.url(), port=cls.broker.port),
                    "/etc/clockblock/clockblock.conf")
        cls.service = Service(machine)
        machine.systemctl("start", "clockblock")
        cls.service.wait_active()
        cls.prepare_probes()

    def test_1_play_of_anybody_on_a_busy_gpu_is_counted(self):
        with game(self.machine, "anna"):
            self.service.wait_played()
            why = self.service.status()["why"]
        self.assertIn("games", why)
        self.assertIn("gpu", why)

    def test_2_it_reaches_every_sink(self):
        last = self.service.rows("SELECT max(seq) FROM heartbeats")[0][0]
        until(lambda: last in self.receiver.seqs(), "heartbeats over HTTP")
        self.assertEqual(self.receiver.requests[-1]["Authorization"], "Bearer a-token-of-the-machine")
        until(lambda: last in seqs(self.file_lines()), "heartbeats in the file")
        until(lambda: f'"seq":{last},' in self.watcher.log.read_text().replace(" ", ""), "heartbeats over MQTT")
        self.assertEqual(seqs(self.file_lines())[:last], list(range(1, last + 1)))

    def file_lines(self):
        place = self.machine.path("/var/lib/clockblock/heartbeats.jsonl")
        return place.read_text().splitlines() if place.exists() else []

    def test_3_it_answers_on_the_api_and_to_root(self):
        self.assertEqual(self.service.get("/health")[0], 200)
        self.service.command("grant", "30")
        self.assertEqual(self.service.status()["today"]["minutes_granted"], 30)
        self.service.command("backup", "/root/backup.db")
        self.assertTrue(self.machine.path("/root/backup.db").exists())
        self.service.command("verify")

    def test_4_it_knows_the_time_of_the_household(self):
        today = datetime.datetime.now(zoneinfo.ZoneInfo(ZONE)).date().isoformat()
        self.assertIn(today, json.dumps(self.service.status()["today"]))

    def test_5_it_asks_logind_who_is_there(self):
        """Nobody is in front of this machine, and only who was answered by logind knows that."""
        away = json.dumps(next(one for one in self.service.status()["detectors"] if one["name"] == "away"))
        self.assertIn("there is no graphical session", away)

    def test_6_a_reload_changes_what_it_does(self):
        config = self.machine.path("/etc/clockblock/clockblock.conf")
        config.write_text(config.read_text() + "allowance: { default_min = 77; };\n")
        pid = self.service.pid()
        self.machine.systemctl("reload", "clockblock")
        until(lambda: self.service.status()["today"]["minutes_allowance"] == 77, "the allowance")
        sent = len(self.receiver.heartbeats)
        until(lambda: len(self.receiver.heartbeats) > sent, "heartbeats over HTTP after it")
        self.assertEqual(self.service.pid(), pid)


def probe_script():
    lines = [f'if ( {command} ) >/dev/null 2>&1; then echo "{name}: done"; else echo "{name}: refused"; fi'
             for name, command in PROBES.items()]
    return "\n".join(["#!/bin/sh", *lines, ""])


def told_by(text):
    return dict(re.findall(r"^(.*): (done|refused)$", text, re.M))


def seqs(lines):
    return [json.loads(line)["seq"] for line in lines]
