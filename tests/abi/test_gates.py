# SPDX-License-Identifier: MIT
"""test_gates.py BUILD: each gate is open for the tree as it is, and closes, naming what is wrong, when
the thing that it guards is broken in a copy of the tree."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

GATES = pathlib.Path(__file__).resolve().parent
TREE = GATES.parents[1]
BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else TREE / "build")
SKIPPED = 77
TAG_OF_CANCELLED = r"\[[^\[\]]*\](?= \*/\s*int32_t\(CLB_CALL \*cancelled)"


class Gate(unittest.TestCase):
    """A folder of its own for each test, and what to do with it."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="clb-gates-"))
        self.addCleanup(shutil.rmtree, self.root)

    def run_gate(self, gate, *arguments):
        command = [sys.executable] if gate.endswith(".py") else ["bash"]
        done = subprocess.run(
            [*command, GATES / gate, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode == SKIPPED:
            self.skipTest(done.stdout.strip())
        return done

    def assert_open(self, gate, folder=None):
        done = self.run_gate(gate, folder or self.root)
        self.assertEqual(done.returncode, 0, f"{gate}: {done.stdout}")

    def assert_closed(self, gate, pattern):
        """The gate refuses, and one of its lines says why."""
        done = self.run_gate(gate, self.root)
        self.assertNotEqual(done.returncode, 0, f"{gate} lets it through")
        self.assertRegex(done.stdout, pattern)


class Headers(Gate):
    def setUp(self):
        super().setUp()
        shutil.copytree(TREE / "include", self.root / "include")
        shutil.copytree(GATES, self.root / "tests/abi", ignore=shutil.ignore_patterns("__pycache__"))

    def plant(self, name, pattern, replacement):
        """Breaks the one place in a file where the pattern matches."""
        path = self.root / name
        text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
        self.assertEqual(count, 1, f"{pattern} in {name}")
        path.write_text(text, encoding="utf-8")

    def plant_in_header(self, name, pattern, replacement):
        self.plant(f"include/clockblock/{name}", pattern, replacement)

    def test_the_tree_as_it_is_passes(self):
        for gate in ("layout.sh", "abidiff.sh", "headers.sh", "contract.py", "complete.py"):
            with self.subTest(gate=gate):
                self.assert_open(gate)

    # ---- layout.sh ----

    def test_a_member_in_the_middle_of_a_structure(self):
        self.plant_in_header("abi.h", r"    int32_t code;", r"    int32_t squeezed_in;\n\g<0>")
        self.assert_closed("layout.sh", r"clb_error\.code has moved")
        self.assert_closed("layout.sh", r"include differs .* on x86_64-windows-gnu")
        self.assert_closed("abidiff.sh", r"squeezed_in")
        self.assert_closed("complete.py", r"MEMBER\(clb_error, squeezed_in\)")

    def test_a_member_at_the_end_that_leaves_padding(self):
        appended = r"\g<0>    uint32_t appended;\n"
        self.plant_in_header("sink.h", r"    int64_t retry_after_ms;[^}]*", appended)
        self.assert_closed("layout.sh", r"clb_delivery does not end with retry_after_ms")

    def test_a_gap_that_opens_on_targets_with_strict_alignment_only(self):
        self.plant_in_header("plugin.h", r"    void \*reserved_pointer; [^\n]*\n", "")
        self.assert_closed("layout.sh", r"clb_option\.minimum has moved")

    def test_a_constant_that_is_renumbered(self):
        self.plant_in_header("sink.h", r"CLB_RETRY = 1,", "CLB_RETRY = 7,")
        self.assert_closed("layout.sh", r"CLB_RETRY has another value than 1")
        self.assert_closed("abidiff.sh", r"CLB_RETRY' from value '1' to '7'")

    def test_a_macro_with_another_value(self):
        self.plant_in_header("abi.h", r"0x31424C43u", "0x32424C43u")
        self.assert_closed("layout.sh", r"CLB_MAGIC has another value")

    def test_an_id_with_another_text(self):
        self.plant_in_header("services.h", r'"clockblock\.run/1"\n', '"clockblock.run/2"\n')
        self.assert_closed("layout.sh", r"CLB_RUN is not .*clockblock\.run/1")

    def test_another_calling_convention_on_windows(self):
        self.plant_in_header("abi.h", r"CLB_CALL   __cdecl", "CLB_CALL   __stdcall")
        self.assert_closed("layout.sh", r"CLB_CALL is not __cdecl(?s:.*) on i686-windows-msvc")

    def test_the_frozen_headers_are_looked_at_too(self):
        self.plant("tests/abi/v1_0/include/clockblock/sink.h", r"CLB_HOLD = 4,", "CLB_HOLD = 9,")
        self.assert_closed("layout.sh", r"CLB_HOLD has another value(?s:.*)v1_0/include differs")

    # ---- abidiff.sh, where the layout stays as it was ----

    def test_a_function_in_the_middle_of_a_table(self):
        slot = r"    int64_t(CLB_CALL *sleep_ms)(const clb_host *host);\n"
        self.plant_in_header("services.h", r"    int64_t\(CLB_CALL \*wall_ms\)", slot + r"\g<0>")
        self.assert_closed("abidiff.sh", r"1 data member insertion:\s+.*sleep_ms")

    def test_a_function_with_another_parameter(self):
        self.plant_in_header("sink.h", r"(\*wait\)\(void \*instance, )int64_t", r"\1int32_t")
        self.assert_closed("abidiff.sh", r"int64_t(?s:.*)int32_t")

    def test_two_functions_that_change_places(self):
        self.plant_in_header("services.h", r"\*monotonic_ms\)", "*kept)")
        self.plant_in_header("services.h", r"\*wall_ms\)", "*monotonic_ms)")
        self.plant_in_header("services.h", r"\*kept\)", "*wall_ms)")
        self.assert_closed("abidiff.sh", r"wall_ms")

    def test_a_member_that_gets_a_sign(self):
        self.plant_in_header("sink.h", r"    uint32_t accepted;", "    int32_t accepted;")
        self.assert_closed("abidiff.sh", r"accepted")

    # ---- complete.py ----

    def test_a_constant_that_no_gate_knows(self):
        self.plant_in_header("sink.h", r"CLB_CONFLICT = 5,", r"\g<0>\n    CLB_LATER = 6,")
        self.assert_closed("complete.py", r"layout\.c lacks CONSTANT\(CLB_LATER\)")

    def test_a_structure_that_no_gate_knows(self):
        new = r"typedef struct clb_new {\n    uint32_t size;\n} clb_new;\n"
        self.plant_in_header("sink.h", r"typedef struct clb_today \{", new + r"\g<0>")
        self.assert_closed("complete.py", r"probe\.c lacks PROBE\(clb_new\)")

    # ---- contract.py ----

    def test_a_function_without_its_calling_convention(self):
        self.plant_in_header("sink.h", r"void\(CLB_CALL \*stop\)", "void (*stop)")
        self.assert_closed("contract.py", r"sink\.h: stop lacks CLB_CALL")

    def test_an_entry_without_its_calling_convention(self):
        self.plant_in_header("plugin.h", r"CLB_CALL (?=clockblock_plugin_entry)", "")
        self.assert_closed("contract.py", r"plugin\.h: clockblock_plugin_entry lacks CLB_CALL")

    def test_a_function_without_its_thread_state_and_cost(self):
        self.plant_in_header("services.h", TAG_OF_CANCELLED, "")
        self.assert_closed("contract.py", r"services\.h: the comment of cancelled does not end with")

    def test_words_that_no_reader_knows(self):
        for words in ("a thread, every state, quick", "any, always, quick", "any, every state, fast"):
            with self.subTest(words=words):
                self.setUp()
                self.plant_in_header("services.h", TAG_OF_CANCELLED, f"[{words}]")
                self.assert_closed("contract.py", rf"cancelled: \[{words}\] is not made of the words")

    def test_types_that_may_not_cross(self):
        for declaration, what in (
            ("bool broken;", "bool"),
            ("long broken;", "an integer whose width"),
            ("unsigned broken;", "an integer whose width"),
            ("size_t broken;", "a type of the system"),
            ("time_t broken;", "a type of the system"),
            ("FILE *broken;", "a type of the C library"),
            ("float broken;", "a number that few"),
            ("uint32_t broken : 3;", "a bit-field"),
            ("union { uint32_t broken; };", "a union"),
            ("enum clb_status broken;", "an enum, whose width"),
            ("char broken;", "a lone char"),
        ):
            with self.subTest(declaration=declaration):
                self.setUp()
                self.plant_in_header("abi.h", r"    int32_t code;", rf"    {declaration}\n\g<0>")
                self.assert_closed("contract.py", rf"abi\.h: line \d+: {what}.* may not cross: .*broken")

    def test_a_header_of_a_library(self):
        self.plant_in_header("plugin.h", r'#include "abi\.h"', r"#include <stdio.h>\n\g<0>")
        self.assert_closed("contract.py", r"plugin\.h: includes <stdio\.h>")

    def test_a_header_that_says_little(self):
        path = self.root / "include/clockblock/detector.h"
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"/\*(?!.*\[).*?\*/", "", text), encoding="utf-8")
        self.assert_closed("contract.py", r"detector\.h: only \d+ of \d+ lines carry a comment")

    # ---- headers.sh ----

    def test_a_header_that_is_not_cplusplus(self):
        level = r"(\*enabled\)\(const clb_host \*host, int32_t) level"
        self.plant_in_header("services.h", level, r"\1 class")
        self.assert_closed("headers.sh", r"services\.h:\d+(?s:.*) do not compile with gcc -std=c\+\+11")

    def test_a_header_that_is_not_cplusplus_11(self):
        self.plant_in_header("abi.h", r'extern "C" \{', r"\g<0>\nnamespace clb::later {}")
        done = self.run_gate("headers.sh", self.root)
        self.assertRegex(done.stdout, r"abi\.h:\d+(?s:.*) do not compile with gcc -std=c\+\+11")
        self.assertNotRegex(done.stdout, r"compile with gcc -std=c\+\+17")

    def test_a_header_that_needs_another_before_it(self):
        self.plant_in_header("detector.h", r'#include "plugin\.h"', "")
        self.assert_closed("headers.sh", r"detector\.h:\d+(?s:.*) do not compile with gcc -std=c11")


class Exports(Gate):
    """A build folder with plugins and an agent of two lines each."""

    ENTRY = '__attribute__((visibility("default"))) int clockblock_plugin_entry(void) { return 0; }\n'
    OTHER = '__attribute__((visibility("default"))) int helper(void) { return 0; }\n'
    MAIN = "int main(void) { return 0; }\n"

    def setUp(self):
        super().setUp()
        (self.root / "plugins").mkdir()
        self.compile("plugins/good.so", self.ENTRY, "-shared")
        self.compile("clockblock", self.OTHER + self.MAIN)

    def compile(self, name, source, *options):
        subprocess.run(
            ["gcc", "-x", "c", "-", "-fPIC", "-fvisibility=hidden", *options, "-o", self.root / name],
            input=source,
            text=True,
            check=True,
        )

    def test_the_build_as_it_is_passes(self):
        self.assert_open("exports.sh", BUILD)
        self.assert_open("exports.sh")

    def test_a_plugin_with_a_second_symbol(self):
        self.compile("plugins/noisy.so", self.ENTRY + self.OTHER, "-shared")
        self.assert_closed("exports.sh", r"noisy\.so exports clockblock_plugin_entry helper, instead of")

    def test_a_plugin_without_its_entry(self):
        self.compile("plugins/silent.so", "int hidden;\n", "-shared")
        self.assert_closed("exports.sh", r"silent\.so exports nothing, instead of")

    def test_an_agent_that_exports(self):
        self.compile("clockblock", self.OTHER + self.MAIN, "-Wl,--export-dynamic-symbol=helper")
        self.assert_closed("exports.sh", r"the agent exports helper")

    def test_a_file_that_is_no_program(self):
        (self.root / "clockblock").write_text("#!/bin/sh\n", encoding="utf-8")
        self.assert_closed("exports.sh", r"the agent exports unknown symbols")

    def test_an_empty_build(self):
        shutil.rmtree(self.root / "plugins")
        self.assert_closed("exports.sh", r"no plugins in")


if __name__ == "__main__":
    unittest.main()
