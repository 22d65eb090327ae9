# SPDX-License-Identifier: MIT
"""`clockblock plugins check` finds each way to break the contract, and survives it."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

AGENT = pathlib.Path(os.environ["CLB_BUILD"]) / "clockblock"
BAD = pathlib.Path(os.environ["CLB_BAD"])
SANITIZE = os.environ.get("CLB_SANITIZE", "")

# What is wrong: the check that has to find it, and a part of what it has to say.
CRASH = "it crashed"  # as the signal says, or a sanitizer that caught it
WAYS = {
    "crashes_in_entry": ("prefix", f"{CRASH}|in clockblock_plugin_entry"),
    "is_of_the_future": ("prefix", "needs plugin ABI 2.0"),
    "crashes_at_newer_host": ("prefix", f"{CRASH}|in clockblock_plugin_entry"),
    "exits_at_exit": ("create_destroy", "ended the process with the code 3 in the end"),
    "changes_its_mind": ("prefix", "does not return the same descriptor"),
    "exports_more": ("exports", "an_export_too_many"),
    "loads_slowly": ("load_time", "may take 100"),
    "crashes_at_exit": ("create_destroy", f"{CRASH}|the end of the process"),
    "has_wrong_id": ("prefix", "somebody_else"),
    "answers_near_misses": ("ids", "nobody defined"),
    "cannot_bear_no_text": ("ids", f"{CRASH}|in get_interface"),
    "describes_without_utf8": ("prefix", "UTF-8"),
    "describes_in_two_lines": ("prefix", "not one line"),
    "lacks_help": ("strings", "help of the setting number is empty"),
    "has_no_range": ("options", "from 10 to 5"),
    "has_bad_key": ("options", "Number-One"),
    "needs_what_is_missing": ("settings_missing", f"{CRASH}|settings are unset|in create"),
    "trusts_lengths": ("settings_hostile", "create|100,000 letters"),
    "uses_what_it_lacks": ("services_missing", f"{CRASH}|the host lacks clockblock.log/1"),
    "touches_host": ("create_destroy", "wrote to the host's handle"),
    "waits_on_main": ("create_destroy", "run->wait was called on another thread"),
    "crashes_in_create": ("create_destroy", f"{CRASH}|in create"),
    "hangs_in_create": ("create_destroy", "create hangs"),
    "refuses": ("create_destroy", "create refuses the given settings: not today"),
    "refuses_and_sets_instance": ("create_destroy", "set *instance"),
    "leaves_instance_unset": ("create_destroy", "left *instance unset"),
    "aborts_in_start": ("lifecycle", "SIGABRT|in start"),
    "starts_once": ("lifecycle", "it was started before"),
    "starts_strangely": ("lifecycle", "start returned 17"),
    "crashes_in_stop": ("lifecycle", f"{CRASH}|in stop"),
    "hangs_in_stop": ("lifecycle", "stop hangs"),
    "shares": ("two_instances", "the other instance is destroyed"),
    "leaks_descriptors": ("start_stop_100", "more descriptors, such as /dev/null"),
    "leaks_threads": ("start_stop_100", "more threads"),
    "leaks_heap": ("start_stop_100", "leaked" if "address" in SANITIZE else "bytes of memory"),
    "leaks_in_create": ("create_destroy",
                        "leaked" if "address" in SANITIZE else "bytes of memory"),
    "logs_after_destroy": ("threads_left", "after destroy had returned"),
    "changes_folder": ("process_state", "the working folder /"),
    "handles_signals": ("process_state", "signal 10 ignored"),
    "crashes_in_poll": ("poll", f"{CRASH}|in poll"),
    "claims_to_pass": ("poll", f"{CRASH}|in poll"),
    "exits_in_poll": ("poll", "ended the process with the code 0 in poll"),
    "polls_too_late": ("poll", "it had to"),
    "hangs_in_poll": ("poll", "poll hangs"),
    "emits_after_return": ("poll", "emit was called outside poll"),
    "emits_elsewhere": ("poll", "emit was called on another thread"),
    "emits_no_utf8": ("poll", "activity of an observation is not UTF-8 at its byte 4"),
    "emits_unknown_state": ("poll", "state 9"),
    "emits_confidence_200": ("poll", "confidence 200"),
    "fails_silently": ("poll", "error of poll is empty"),
    "fails_with_dot": ("poll", "ends with a dot"),
    "fails_in_two_lines": ("poll", "not one line"),
    "polls_strangely": ("poll", "poll returned 3"),
    "ignores_cancelled": ("poll_cancelled", "it is cancelled while it works"),
    "waits_too_long": ("wait", "it had to"),
    "does_not_wait": ("wait", "does not wait"),
    "waits_deaf": ("wait_woken", "wait hangs|the host rings while it waits"),
    "prints": ("stdout", "hello"),
    "ignores_cancelled_deliver": ("deliver_cancelled", "it is cancelled while it works"),
    "delivers_too_late": ("batches", "it had to"),
    "accepts_too_many": ("batches", "accepted 1 records of 0 (when"),
    "refuses_empty": ("batches", "a batch is empty"),
    "retries_silently": ("batches", "error of deliver is empty"),
    "says_nonsense": ("batches", "deliver says 99"),
    "forgets_size": ("batches", "changed the size"),
    "crashes_at_gap": ("batches", f"{CRASH}|a gap"),
    "crashes_at_no_activity": ("batches", f"{CRASH}|in deliver"),
    "crashes_at_many": ("batches", f"{CRASH}|1,000 records"),
    "crashes_at_rare_kind": ("fuzz", f"{CRASH}|of the seed 7"),
}
CRASHES = "^crashed with SIGSEGV" if not SANITIZE else (
    "^(crashed with SIGSEGV|ended the process with the code [1-9])")
# Allocations are counted by the C library alone.
GOOD = {"keeps_the_contract": "detector", "keeps_the_contract_too": "sink"}
BUSY = "works_when_loaded"  # for 60 ms, and 100 are allowed
UNSEEN = {"leaks_heap", "leaks_in_create"} if "thread" in SANITIZE else set()


def environment():
    return {key: value for key, value in os.environ.items() if not key.startswith("CLOCKBLOCK_")}


def check(file, *arguments, before=()):
    done = subprocess.run([*before, AGENT, "plugins", "check", file, "--json", *arguments], text=True,
                          capture_output=True, env=environment(), check=False)
    return done.returncode, json.loads(done.stdout)


def results(report):
    return {found["name"]: found for found in report["checks"]}


class Finds(unittest.TestCase):
    def test_each_way_to_break_the_contract(self):
        def run(name):
            return check(BAD / f"{name}.so", "--only", WAYS[name][0], "--seed", "7",
                         *(["--set", "must=x"] if name in ("needs_what_is_missing",
                                                           "trusts_lengths") else []))

        names = [name for name in WAYS if name not in UNSEEN]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for name, (code, report) in zip(names, pool.map(run, names)):
                with self.subTest(name):
                    found = results(report).get(WAYS[name][0])
                    self.assertIsNotNone(found, report)
                    self.assertEqual((1, "failed"), (code, found["result"]), found)
                    for part in WAYS[name][1].split("|"):
                        if part == CRASH:
                            self.assertRegex(found["reason"], CRASHES)
                        else:
                            self.assertIn(part, found["reason"])

    def test_every_fixture_has_a_check_that_finds_it(self):
        self.assertEqual(set(WAYS) | set(GOOD) | {BUSY}, {file.stem for file in BAD.glob("*.so")})


class Believes(unittest.TestCase):
    def test_nothing_is_found_where_nothing_is_wrong(self):
        for name, kind in GOOD.items():
            code, report = check(BAD / f"{name}.so")
            with self.subTest(name):
                self.assertEqual((0, kind, 0, 0), (code, report["kind"], report["failed"],
                                                   report["skipped"]), report)
                self.assertGreater(report["passed"], 20)

    @unittest.skipUnless(os.path.exists("/proc/self/schedstat"), "this kernel does not tell who waits for a CPU")
    def test_a_busy_machine_makes_no_plugin_slow(self):
        """Eight programs want the CPU on which it is loaded."""
        cpu = min(os.sched_getaffinity(0))
        pin = ["taskset", "--cpu-list", str(cpu)]
        with contextlib.ExitStack() as stack:
            for _ in range(8):
                other = stack.enter_context(subprocess.Popen([*pin, "sh", "-c", "while :; do :; done"]))
                stack.callback(other.kill)
            code, report = check(BAD / f"{BUSY}.so", "--only", "load_time", before=pin)
        self.assertEqual((0, "passed"), (code, report["checks"][0]["result"]), report)


class Survives(unittest.TestCase):
    """The whole run on a few of them: one check fails, and the others say what they would."""

    def test_others_still_report(self):
        for name, expected in (("crashes_at_many", {"batches"}), ("lacks_help", {"strings"}),
                               ("starts_once", {"lifecycle", "start_stop_100"})):
            code, report = check(BAD / f"{name}.so", "--seed", "1")
            with self.subTest(name):
                failed = {found["name"] for found in report["checks"]
                          if found["result"] == "failed"}
                self.assertEqual((1, expected), (code, failed), report)
                self.assertEqual(len(report["checks"]) - len(failed), report["passed"])
                self.assertGreater(report["passed"], 18)

    def test_a_plugin_cannot_forge_its_report(self):
        code, report = check(BAD / "claims_to_pass.so")
        found = results(report)
        self.assertEqual(1, code)
        self.assertEqual("failed", found["poll"]["result"])
        self.assertIn("passed", found["stdout"]["reason"])
        self.assertEqual("passed", found["create_destroy"]["result"])


class Report(unittest.TestCase):
    good = BAD / "keeps_the_contract.so"

    def run_agent(self, *arguments):
        return subprocess.run([AGENT, "plugins", "check", *arguments], text=True,
                              capture_output=True, env=environment(), check=False)

    def test_it_is_for_people(self):
        done = self.run_agent(BAD / "lacks_help.so", "--only", "strings", "--seed", "5")
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stdout, r"(?m)^FAILED +strings +the help of the setting number is "
                         r"empty; again: clockblock plugins check \S+ --only strings --seed 5$")
        self.assertEqual("0 passed, 1 failed, 0 skipped", done.stdout.splitlines()[-1])

    def test_it_says_who_was_checked(self):
        code, report = check(self.good, "--only", "ids", "--seed", "5")
        self.assertEqual(0, code)
        self.assertEqual(("keeps_the_contract", "detector", "1.0", 5),
                         tuple(report[key] for key in ("id", "kind", "abi", "seed")))

    def test_what_needs_settings_is_skipped_and_says_which(self):
        code, report = check(BAD / "trusts_lengths.so", "--only", "poll")
        self.assertEqual((0, "skipped"), (code, report["checks"][0]["result"]))
        self.assertIn("--set must=", report["checks"][0]["reason"])

    def test_a_check_of_the_other_kind_is_left_out(self):
        code, report = check(self.good, "--only", "batches")
        self.assertEqual((0, "skipped"), (code, report["checks"][0]["result"]))

    def test_settings_that_do_not_fit_are_named(self):
        code, report = check(BAD / "trusts_lengths.so", "--only", "lifecycle", "--set", "must=x", "--set", "much=x")
        self.assertEqual(1, code)
        self.assertIn('did you mean "must"', report["checks"][0]["reason"])

    def test_a_file_that_cannot_be_opened(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "text.so"
            text.write_text("no plugin\n")
            text.chmod(0o644)
            writable = pathlib.Path(folder) / "keeps_the_contract.so"
            shutil.copy(self.good, writable)
            writable.chmod(0o666)
            for file, reason in ((text, "text.so"), (writable, "chmod go-w"),
                                 (pathlib.Path(folder) / "none.so", "No such file")):
                code, report = check(file)
                self.assertEqual(78, code)
                self.assertEqual((1, 0), (report["failed"], report["passed"]))
                self.assertIn(reason, report["checks"][0]["reason"])

    def test_wrong_usage(self):
        for arguments, reason in (((), "which file"), ((self.good, "--only", "pol"), '"poll"'),
                                  ((self.good, "--seed", "-1"), "expected a number"),
                                  ((self.good, "more"), "too much")):
            done = self.run_agent(*arguments)
            self.assertEqual(64, done.returncode, arguments)
            self.assertIn(reason, done.stderr)


if __name__ == "__main__":
    unittest.main()
