# SPDX-License-Identifier: MIT
"""What a shell offers when somebody presses the tab key: the shell itself in a terminal, or, of fish, what it
answers when it is asked."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from harness import BUILD, PATIENCE_SEC, clean_environment
from program import SOURCES

FOLDER = SOURCES / "packaging" / "completions"
ESCAPES = re.compile(r"\x1b(\[[\d;?]*[A-Za-z]|[=>])|[\r\x07]")
# Ctrl-K: a key that the terminal does not take for its own between two lines.
CLEAR = "\x0b"
# Everything is listed, however much it is, and nothing is asked.
BASH = ["bind 'set completion-query-items 0'", "bind 'set page-completions off'",
        "bind 'set completion-display-width 0'", "bind 'set bell-style none'",
        "bind '\"\\t\": possible-completions'",
        "bind '\"\\C-k\": kill-whole-line'", f". '{FOLDER}/clockblock.bash'", "PS1="]
ZSH = ["PS1= PS2= LISTMAX=9999", "unsetopt list_beep prompt_sp", "unset zle_bracketed_paste",
       "zstyle ':completion:*' verbose no", "fpath=($HOME/functions $fpath)", "autoload -U compinit",
       "compinit -D -u", "bindkey '^I' list-choices", "bindkey '^K' kill-whole-line"]


def environment(home):
    variables = clean_environment() | {"HOME": home, "TERM": "dumb", "LC_ALL": "C.UTF-8",
                                       "PATH": f"{BUILD}:{os.environ['PATH']}"}
    return variables | {f"XDG_{kind}_HOME": home for kind in ("STATE", "CONFIG", "DATA", "CACHE")}


class Terminal:
    """A shell on a terminal of its own, wide enough for long lines."""

    def __init__(self, command, script, home):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(f"{home}/work")
            os.execvpe(command[0], command, environment(home))
        self.count = 0
        self.type("stty -echo cols 500 rows 200\n")
        for line in script:
            self.type(line + "\n")
        self.until_done()

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until_done(self):
        """What it printed until it came to a command that is typed now."""
        self.count += 1
        self.type(f"echo 'do''ne '{self.count}.\n")
        seen, end = "", time.monotonic() + PATIENCE_SEC
        while f"done {self.count}." not in seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                raise AssertionError(f"the shell does not answer: {seen}")
            seen += os.read(self.terminal, 65536).decode(errors="replace")
        return ESCAPES.sub("", seen).replace("^K", " ")

    def offers(self, line):
        """The words behind those of the line, which the shell may print again."""
        self.type(line + "\t")
        self.type(CLEAR)  # the line is not to be run
        seen = self.until_done()
        typed = set(line.split()) | {"echo", "'do''ne", f"'{self.count}.", "done", f"{self.count}."}
        return {word for word in seen.split() if word not in typed}


class Bash(Terminal):
    def __init__(self, home):
        super().__init__(["bash", "--norc", "--noprofile", "-i"], BASH, home)


class Zsh(Terminal):
    def __init__(self, home):
        os.mkdir(f"{home}/functions")  # it finds what is for it by the name of the file
        os.symlink(FOLDER / "clockblock.zsh", f"{home}/functions/_clockblock")
        super().__init__(["zsh", "-f", "-i"], ZSH, home)


class Fish:
    def __init__(self, home):
        self.home = home

    def close(self):
        pass

    def offers(self, line):
        script = f"source '{FOLDER}/clockblock.fish'; complete -C \"$argv[1]\""
        answer = subprocess.run(["fish", "--no-config", "-c", script, line], text=True, capture_output=True,
                                timeout=PATIENCE_SEC, check=True, cwd=f"{self.home}/work", env=environment(self.home))
        return {offered.split("\t")[0] for offered in answer.stdout.splitlines()}
