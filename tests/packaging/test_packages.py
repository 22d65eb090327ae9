# SPDX-License-Identifier: MIT
"""The Debian packages and the tarballs."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import packages
from harness import clean_environment

REPOSITORY = pathlib.Path(__file__).parents[2]
# What a machine without a desktop or a broker need not have.
UNWANTED = re.compile(r"libx|wayland|mosquitto|libsystemd|libpcre|libgl|nvidia|dbus")


def version():
    return re.search(r"project\(clockblock VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text())[1]


def as_installed(path):
    """A path in a package as the tarball has it."""
    path = re.sub(r"^(usr/)?lib/systemd", "lib/systemd", path)
    return re.sub(r"^usr/", "", path.removesuffix(".gz"))


class Debs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contents = {}
        for name in packages.NAMES:
            lines = packages.output("dpkg-deb", "--contents", packages.deb(name)).splitlines()
            cls.contents[name] = {line.split()[5].removeprefix("./"): line.split() for line in lines if line[0] != "d"}

    def test_each_says_the_version_of_the_project(self):
        for name in packages.NAMES:
            self.assertEqual(packages.field(name, "Version").split("-")[0], version(), name)

    def test_what_making_them_needs_is_installed_before(self):
        # Where there is no apt it tells what it would install.
        told = subprocess.run(["/bin/bash", REPOSITORY / "packaging/dependencies.sh", "--package"], check=False,
                              capture_output=True, text=True, env={"PATH": "/nonexistent"})
        self.assertEqual(told.returncode, 69, told.stderr)
        installed = set(told.stderr.splitlines()[1].split())
        given = packages.output("dpkg-query", "--show", "--showformat=${Provides}\n", "debhelper")
        self.assertIn("debhelper", installed)
        installed |= {name.split()[0] for name in given.split(",")}
        control = (REPOSITORY / "packaging/debian/control").read_text()
        wanted = re.search(r"^Build-Depends:((?:.*\n(?= ))*.*)", control, re.M)[1].split(",")
        self.assertGreater(len(wanted), 15)
        for names in wanted:
            any_of = {name.split()[0] for name in names.split("|")}
            self.assertTrue(any_of & installed, f"{names} is not in packaging/dependencies.sh --package")
        script = (REPOSITORY / "packaging/package.sh").read_text()
        self.assertIn("deb | all) packaging/dependencies.sh --package ;;", script)

    def test_lintian_finds_nothing(self):
        files = [packages.deb(name) for name in packages.NAMES]
        # No bug of Debian's asks for ClockBlock, so that its first entry closes none.
        ran = subprocess.run(["lintian", "--fail-on", "error,warning,pedantic", "--pedantic",
                              "--suppress-tags", "initial-upload-closes-no-bugs", *files], check=False,
                             capture_output=True, text=True, timeout=300)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_each_file_that_is_installed_is_in_one_package(self):
        installed = {path for path in packages.members(packages.binary_tarball()) if path != "install.sh"}
        # In packages these are called copyright and changelog.
        installed -= {"share/doc/clockblock/LICENSE", "share/doc/clockblock/CHANGELOG.md"}
        packaged = [as_installed(path) for content in self.contents.values() for path in content
                    if not re.search(r"/doc/.*/(copyright|changelog(\.Debian)?\.gz)$|/lintian/", path)]
        self.assertEqual(sorted(packaged), sorted(installed))

    def test_what_is_in_which(self):
        plugins = {name: {pathlib.Path(path).stem for path in content if path.endswith(".so")}
                   for name, content in self.contents.items()}
        self.assertEqual(plugins, {
            "clockblock": {"process_name", "file", "http_ingest"},
            "clockblock-plugins-desktop": {"window_title", "gpu_usage", "idle"},
            "clockblock-plugin-mqtt": {"mqtt"}, "clockblock-dev": set()})
        core = self.contents["clockblock"]
        for path in ("usr/bin/clockblock", "etc/clockblock/clockblock.conf", "usr/share/clockblock/games.conf",
                     "usr/lib/systemd/user/clockblock.service", "usr/lib/sysusers.d/clockblock.conf",
                     "usr/share/man/man1/clockblock.1.gz"):
            self.assertIn(path, core)
        self.assertIn("usr/include/clockblock/plugin.h", self.contents["clockblock-dev"])
        self.assertIn("usr/share/pkgconfig/clockblock.pc", self.contents["clockblock-dev"])

    def test_nobody_but_root_may_change_what_is_loaded(self):
        for content in self.contents.values():
            for path, line in content.items():
                self.assertEqual((line[0][5], line[0][8], line[1]), ("-", "-", "root/root"), path)

    def test_the_configuration_is_a_conffile(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "--control", packages.deb("clockblock"), folder], check=True)
            self.assertEqual(pathlib.Path(folder, "conffiles").read_text().split(), ["/etc/clockblock/clockblock.conf"])

    def test_a_machine_without_a_desktop_needs_no_libraries_of_one(self):
        needed = packages.field("clockblock", "Depends") + packages.field("clockblock", "Recommends")
        self.assertIn("libsqlite3-0", needed)
        self.assertIsNone(UNWANTED.search(needed), needed)
        self.assertRegex(packages.field("clockblock-plugins-desktop", "Depends"), "libxcb1.*|libwayland-client0")
        self.assertIn("libmosquitto1", packages.field("clockblock-plugin-mqtt", "Depends"))


class Tarballs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="clockblock-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.home = self.folder / "home"
        self.home.mkdir()
        subprocess.run(["tar", "-xzf", packages.binary_tarball(), "-C", self.folder], check=True)
        (self.tree,) = self.folder.glob("clockblock-*")

    def run_it(self, *command, user=None, **variables):
        environment = {key: value for key, value in clean_environment().items() if not key.startswith("XDG_")}
        environment |= {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state")} | variables
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment,
                             user=user, group=user)
        self.assertEqual(ran.returncode, 0, f"{command}: {ran.stdout}{ran.stderr}")
        return ran.stdout + ran.stderr

    def files_below(self, folder):
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}

    def assert_works(self, program, prefix, user=None):
        self.assertIn(version(), self.run_it(program, "--version", user=user))
        listed = self.run_it(program, "plugins", "list", user=user)
        for plugin in ("process_name", "window_title", "gpu_usage", "idle", "http_ingest", "mqtt", "file"):
            self.assertIn(plugin, listed)
        self.assertNotIn("cannot", self.run_it(program, "once", user=user))  # the list of games, among others
        (prefix / "share/clockblock/games.conf").rename(prefix / "share/clockblock/games.away")
        self.assertIn(f"{prefix.resolve()}/lib/clockblock/plugins/../../../share/clockblock/games.conf cannot",
                      self.run_it(program, "once", user=user))
        (prefix / "share/clockblock/games.away").rename(prefix / "share/clockblock/games.conf")

    def test_it_runs_where_it_was_unpacked(self):
        self.assert_works(self.tree / "bin/clockblock", self.tree)

    def install(self, root, prefix, units, configuration, user=None):
        """Installs, looks, installs once more over it, and takes it away again."""
        script, variables = self.tree / "install.sh", {"DESTDIR": str(root)} if root else {}
        said = self.run_it(script, user=user, **variables)
        for kind in units:
            unit = (root or pathlib.Path("/")) / str(units[kind])[1:] / "clockblock.service"
            self.assertIn(f"\nExecStart={prefix}/bin/clockblock run\n", unit.read_text())
            self.assertIn("systemctl --user" if kind == "user" else "systemctl enable", said)
        below = (root or pathlib.Path("/")) / str(prefix)[1:]
        self.assert_works(below / "bin/clockblock", below, user)
        configuration = (root or pathlib.Path("/")) / str(configuration)[1:]
        with open(configuration, "a", encoding="utf-8") as file:
            file.write("# edited\n")
        older = below / "bin" / "of-an-older-version"
        older.touch()
        with open(below / "share/clockblock/installed", "a", encoding="utf-8") as file:
            file.write(f"{prefix}/bin/{older.name}\n")
        self.run_it(script, user=user, **variables)
        self.assertFalse(older.exists())
        self.assertIn("# edited", configuration.read_text())
        self.run_it(script, "--uninstall", user=user, **variables)
        return configuration

    @unittest.skipUnless(os.geteuid() == 0, "to install for all needs root")
    def test_root_installs_it_for_all_and_takes_it_away(self):
        root = self.folder / "root"
        kept = self.install(root, "/usr/local", {kind: f"/usr/local/lib/systemd/{kind}" for kind in ("user", "system")},
                            "/etc/clockblock/clockblock.conf")
        self.assertEqual(self.files_below(root), {str(kept.relative_to(root))})

    def test_a_user_installs_it_and_takes_it_away(self):
        user = 54321 if os.geteuid() == 0 else None
        if user:
            for path in (self.folder, self.home):
                os.chown(path, user, user)
        kept = self.install(None, self.home / ".local", {"user": self.home / ".local/share/systemd/user"},
                            self.home / ".config/clockblock/clockblock.conf", user)
        self.assertEqual({path for path in self.files_below(self.home) if not path.startswith("state/")},
                         {str(kept.relative_to(self.home))})

    def test_the_sources_hold_what_git_knows(self):
        names = set(packages.members(packages.source_tarball()))
        self.assertLessEqual({"CMakeLists.txt", "packaging/package.sh", "core/main.c", ".clang-format"}, names)
        self.assertEqual([name for name in names if name.startswith((".git/", "build"))], [])

    def test_the_sources_make_themselves_again_without_git(self):
        source = packages.source_tarball()
        subprocess.run(["tar", "-xzf", source, "-C", self.folder], check=True)
        tree = self.folder / source.name.removesuffix(".tar.gz")
        (tree / "build-of-somebody").mkdir()
        (tree / "build-of-somebody" / "main.o").touch()
        self.run_it(tree / "packaging/package.sh", "source")
        again = tree / "build/packages" / source.name
        self.assertEqual(set(packages.members(again)), set(packages.members(source)))
        self.assertEqual(again.read_bytes(), source.read_bytes())
