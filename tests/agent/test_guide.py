# SPDX-License-Identifier: MIT
"""The guide for authors of plugins, followed word by word, and every template built out of the tree.

All of it happens in an empty folder, with what `cmake --install` puts into a prefix, and with a umask that
lets the group write: what is built has to be fit to be loaded all the same."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import BUILD, clean_environment, free_port

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "README.md"
WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror"
LIMIT_SEC = 120
# A block of commands, and the block of what they print when one is shown right after it.
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
MARK = "=== next block"


def matches(shown, line):
    """A line as the guide shows it: `...` stands for anything, and so does the width of a gap."""
    parts = (re.escape(" ".join(part.split())) for part in shown.split("..."))
    return re.fullmatch(".*".join(parts), " ".join(line.split())) is not None


def first_missing(shown, output):
    """The first line of `shown` that is not in `output`, in this order; None: all are there."""
    lines = iter(output.splitlines())
    for line in shown.splitlines():
        if not any(matches(line, got) for got in lines):
            return line
    return None


class Folder(unittest.TestCase):
    """An empty folder, and a place for a prefix beside it."""

    @classmethod
    def setUpClass(cls):
        root = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-guide-"))
        cls.addClassCleanup(shutil.rmtree, root, ignore_errors=True)
        cls.prefix = root / "prefix"
        cls.work = root / "work"
        cls.work.mkdir()
        cls.environment = clean_environment() | {"HOME": str(root), "XDG_STATE_HOME": str(root / "state")}
        cls.environment.pop("XDG_CONFIG_HOME", None)

    def bash(self, script, **variables):
        """Runs a script until its first failure; returns the exit code and what it printed."""
        # What it has in the background when a command fails ends with it, by its pid.
        script = f"umask 0002\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"
        session = subprocess.Popen(["bash", "-euc", script], cwd=self.work, text=True,
                                   env=self.environment | variables, start_new_session=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = session.communicate(timeout=LIMIT_SEC)
        except subprocess.TimeoutExpired:
            os.killpg(session.pid, signal.SIGKILL)
            output = f"{session.communicate()[0]}\nnot done after {LIMIT_SEC} s"
        return session.returncode, output


class Plugins(Folder):
    def test_its_commands_work_in_an_empty_folder_and_print_what_it_shows(self):
        blocks = BLOCK.findall(GUIDE.read_text())
        self.assertGreater(len(blocks), 10)
        script = "".join(f"echo '{MARK}'\n{commands}" for commands, _ in blocks)
        code, output = self.bash(script, BUILD=str(BUILD), PREFIX=str(self.prefix),
                                 PORT=str(free_port()))
        self.assertEqual(0, code, output)
        printed = output.split(f"{MARK}\n")[1:]
        self.assertEqual(len(blocks), len(printed), output)
        for (commands, shown), got in zip(blocks, printed):
            self.assertIsNone(first_missing(shown, got), f"after\n{commands}\nthere was only\n{got}")

    def test_it_shows_what_most_commands_print(self):
        shown = [shown for _, shown in BLOCK.findall(GUIDE.read_text()) if shown]
        self.assertGreater(len(shown), 10)
        self.assertTrue(matches("... passed, 0 failed, ...", "12 passed, 0 failed, 1 skipped"))
        self.assertFalse(matches("... passed, 0 failed, ...", "12 passed, 10 failed, 1 skipped"))
        self.assertEqual("b", first_missing("a\nb\n", "b\na\n"))


class Templates(Folder):
    """Each template, built as an author would, with warnings as errors."""

    TEMPLATES = {
        "detector_c": ("marker_file", "detectors", 'file = "sub/playing";'),
        "sink_c": ("append_lines", "sinks", 'file = "lines.jsonl";'),
        "detector_cpp": ("recent_files", "detectors", 'folder = "saves"; within_sec = 60;'),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The prefix is moved after it was installed: nothing may remember where it was.
        built = cls.prefix.with_name("first")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", built], check=True,
                       stdout=subprocess.DEVNULL)
        built.rename(cls.prefix)
        cls.environment |= {
            "PATH": f"{cls.prefix}/bin:{os.environ['PATH']}",
            "PKG_CONFIG_PATH": str(cls.prefix / "share" / "pkgconfig"),
        }

    def sh(self, script):
        code, output = self.bash(script)
        self.assertEqual(0, code, f"{script}\n{output}")
        return output

    def make(self, template, folder):
        """A copy of the template, built with CMake; returns its folder."""
        copy = self.work / folder
        shutil.copytree(self.prefix / "share/clockblock/templates" / template, copy)
        self.sh(f"cmake -S {copy} -B {copy}/build -DCMAKE_PREFIX_PATH={self.prefix}"
                f" -DCMAKE_C_FLAGS='{WARNINGS}' -DCMAKE_CXX_FLAGS='{WARNINGS}'"
                f" && cmake --build {copy}/build")
        return copy

    def configure(self, template, folder, plugins="build"):
        """Writes a configuration with one instance, `it`."""
        plugin, kind, settings = self.TEMPLATES[template]
        config = folder / "test.conf"
        config.write_text(f'plugin_dirs = [ "{plugins}" ]; db_path = "{folder}/test.db";\n'
                          f'{kind}: {{ it: {{ plugin = "{plugin}"; {settings} }}; }};\n')
        return config

    def assert_fit(self, file, config):
        """It exports one symbol, nobody else may write it, and the agent can use it."""
        exported = self.sh(f"nm -D --defined-only {file}").split()
        self.assertEqual(["T", "clockblock_plugin_entry"], exported[1:])
        self.assertEqual(0, file.stat().st_mode & 0o022, oct(file.stat().st_mode))
        listed = json.loads(self.sh(f"clockblock plugins list --json --config {config}"))
        plugin = next(plugin for plugin in listed if plugin["name"] == file.stem)
        self.assertTrue(plugin["usable"], plugin)
        self.assertEqual(str(file), plugin["path"])
        self.sh(f"clockblock check --config {config}")

    def assert_passes_its_checks(self, file, template):
        settings = self.TEMPLATES[template][2].split(";")[:-1]
        sets = " ".join("--set " + re.sub(r"\s*=\s*", "=", setting.strip()) for setting in settings)
        output = self.sh(f"clockblock plugins check {file} {sets}")
        self.assertIsNone(first_missing("... passed, 0 failed, ...", output), output)

    def test_each_is_built_with_cmake(self):
        for template, (plugin, _, _) in self.TEMPLATES.items():
            with self.subTest(template):
                folder = self.make(template, f"cmake_{template}")
                file = folder / "build" / f"{plugin}.so"
                self.assert_fit(file, self.configure(template, folder))
                self.assert_passes_its_checks(file, template)
                self.sh(f"clockblock check --config {folder}/clockblock.conf")

    def test_each_is_built_with_a_compiler_and_pkg_config(self):
        flags = f"{WARNINGS} -shared -fPIC $(pkg-config --cflags --libs clockblock)"
        for template, (plugin, _, _) in self.TEMPLATES.items():
            for c, cpp in (("gcc", "g++"), ("clang", "clang++")):
                with self.subTest(template, compiler=c):
                    folder = self.work / f"{c}_{template}"
                    folder.mkdir()
                    source = f"$(pkg-config --variable=templates clockblock)/{template}/plugin"
                    command = (f"{cpp} -std=c++17 {flags} {source}.cpp" if "cpp" in template
                               else f"{c} -std=c11 {flags} {source}.c")
                    file = folder / f"{plugin}.so"
                    self.sh(f"{command} -o {file} && chmod go-w {file}")
                    self.assert_fit(file, self.configure(template, folder, "."))

    def once(self, config, *arguments):
        """One heartbeat, and all that was said beside it."""
        output = self.sh(f"clockblock once {' '.join(arguments)} --config {config}")
        found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return found[0] if found else None, output

    def test_the_detector_tells_nobody_from_cannot_tell(self):
        folder = self.make("detector_c", "detector_works")
        config = self.configure("detector_c", folder)
        (folder / "sub").mkdir()
        self.assertFalse(self.once(config, "--dry-run")[0]["is_playing"])
        (folder / "sub" / "playing").touch()
        heartbeat = self.once(config, "--dry-run")[0]
        self.assertEqual((True, "a game", "it"), (heartbeat["is_playing"], heartbeat["activity"],
                                                  heartbeat["decided_by"]))
        shutil.rmtree(folder / "sub")
        (folder / "sub").touch()
        heartbeat, output = self.once(config, "--dry-run")
        self.assertFalse(heartbeat["is_playing"])
        self.assertIn("is unavailable", output)
        self.assertIn("sub/playing cannot be looked for: Not a directory", output)

    def test_the_detector_in_cpp_sees_changes_and_lets_no_exception_out(self):
        folder = self.make("detector_cpp", "cpp_works")
        config = self.configure("detector_cpp", folder)
        heartbeat, output = self.once(config, "--dry-run")
        self.assertFalse(heartbeat["is_playing"])
        self.assertRegex(output, "is unavailable: .*saves")
        save = folder / "saves" / "deep" / "1.sav"
        save.parent.mkdir(parents=True)
        save.touch()
        self.assertTrue(self.once(config, "--dry-run")[0]["is_playing"])
        long_ago = time.time() - 3600
        os.utime(save, (long_ago, long_ago))
        self.assertFalse(self.once(config, "--dry-run")[0]["is_playing"])

    def test_the_sink_takes_every_heartbeat_once_and_keeps_them_while_it_cannot(self):
        folder = self.make("sink_c", "sink_works")
        config = self.configure("sink_c", folder)
        lines = folder / "lines.jsonl"
        lines.mkdir()  # cannot be opened
        code, output = self.bash(f"clockblock once --config {config}")
        self.assertEqual(69, code)
        self.assertIn("lines.jsonl: cannot be opened: Is a directory", output)
        lines.rmdir()
        self.once(config)
        self.once(config)
        self.assertEqual([1, 2, 3], [json.loads(line)["seq"] for line in lines.read_text().splitlines()])
        self.assertEqual(0o600, lines.stat().st_mode & 0o777)

    def test_what_a_plugin_lacks_shows_when_it_is_linked(self):
        folder = self.make("detector_c", "lacking")
        source = folder / "plugin.c"
        source.write_text(source.read_text().replace("strcmp(id,", "nowhere(id,").replace(
            "static const void *CLB_CALL get", "int nowhere(const char *, const char *);\n"
            "static const void *CLB_CALL get"))
        code, output = self.bash(f"cmake --build {folder}/build")
        self.assertNotEqual(0, code)
        self.assertIn("undefined reference to `nowhere'", output)
        # A sanitizer's functions are in the program that loads the plugin.
        self.sh(f"cmake -B {folder}/build -DCMAKE_C_FLAGS=-fsanitize=undefined {folder}"
                f" && cmake --build {folder}/build")

    def test_the_package_is_found_by_versions_that_share_the_abi(self):
        for version, code, said in (("", 0, ""), ("0.1", 0, ""), ("99", 1, "99"),
                                    ("0.0.1", 1, "began with ClockBlock 0.1.0")):
            with self.subTest(version):
                folder = self.work / f"version_{version or 'any'}"
                folder.mkdir()
                (folder / "CMakeLists.txt").write_text(
                    "cmake_minimum_required(VERSION 3.20)\nproject(version LANGUAGES C)\n"
                    f"find_package(clockblock {version} CONFIG REQUIRED)\n"
                    'message(STATUS "ABI ${clockblock_ABI} in ${clockblock_PLUGIN_DIR}")\n')
                result, output = self.bash(f"cmake -S {folder} -B {folder}/build"
                                           f" -DCMAKE_PREFIX_PATH={self.prefix}")
                self.assertEqual(code, result, output)
                self.assertIn(said, output)
                if code == 0:
                    self.assertRegex(output, f"ABI 1.0 in {self.prefix}/.*clockblock/plugins")


if __name__ == "__main__":
    unittest.main(verbosity=2)
