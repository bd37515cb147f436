"""The prompt of `sql`, in a real pseudo-terminal as a person has it, and what a shell completes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from leaderboard_etl.commands.prompt import apart, is_whole, words_for

_PATIENCE_SECONDS = 30
_MARKS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")


class Terminal:
    """A command in a terminal of 140 columns, with what it has written."""

    def __init__(self, home: Path, *arguments: str | Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 140, 0, 0))
        self.command = subprocess.Popen(
            [sys.executable, "-m", "leaderboard_etl.cli", *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={
                **os.environ,
                "TERM": "xterm",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "HOME": str(home),
                "XDG_STATE_HOME": str(home),
            },
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def until(self, sign: str) -> str:
        """What the command writes until `sign` is there, without the marks that move the cursor."""
        written = ""
        end = time.monotonic() + _PATIENCE_SECONDS
        while sign not in written:
            assert time.monotonic() < end, f"{sign!r} did not come: {written!r}"
            if select.select([self._master], [], [], 0.1)[0]:
                written += _MARKS.sub("", os.read(self._master, 65_536).decode(errors="replace"))
        return written

    def ask(self, keys: str, sign: str) -> str:
        """Presses keys and waits for `sign`."""
        os.write(self._master, keys.encode())
        return self.until(sign)

    def end(self) -> int:
        """Presses Ctrl-D, which the prompt hears once it is there again, and returns the exit code."""
        for _ in range(_PATIENCE_SECONDS):
            os.write(self._master, b"\x04")
            with suppress(subprocess.TimeoutExpired):
                return self.command.wait(1)
        raise AssertionError("the prompt did not end")

    def close(self) -> None:
        self.command.kill()
        self.command.wait()
        os.close(self._master)


@pytest.fixture(scope="module")
def root(first_night: Path) -> Path:
    """A published warehouse, which is only read."""
    return first_night / "warehouse"


@pytest.fixture
def terminal(root: Path, tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path, "sql", "-w", root)
    opened.until("sql>")
    yield opened
    opened.close()


def test_a_query_of_several_lines_is_asked_at_its_semicolon_and_an_error_ends_only_the_query(
    terminal: Terminal,
) -> None:
    assert terminal.ask("select model_id\r", "...>")
    assert "org/model-7b" in terminal.ask("from core.models where model_id ilike 'org%';\r", "org/model-7b")
    refused = terminal.ask("select nothing_there from core.models;\r", "Candidate bindings")
    assert "leaderboard-etl: DuckDB refuses the query" in refused and "Traceback" not in refused
    assert "only_this" in terminal.ask(".mode csv\rselect 40 + 2 as only_this;\r", "42\n")
    assert "definition" in terminal.ask(".mode table\r.query velocity\r", "note: ")
    assert "no command '.nothing'" in terminal.ask(".nothing\r", "lists them")
    assert "model_id" in terminal.ask(".tables core.models\r", "repository name")
    terminal.ask(".mode table\r.explain org/model-7b\r", "known from")
    assert "0 rows" not in terminal.ask("select 41 + 2 as after_explain;\r", "43")
    assert terminal.end() == 0


def test_a_command_is_obeyed_inside_an_unfinished_query_which_stays(terminal: Terminal) -> None:
    terminal.ask("select 40 + 2\r", "...>")
    terminal.ask(".help\r", ".quit")
    assert "42" in terminal.ask("as kept;\r", "42")
    terminal.ask("select 40 + 2\r", "...>")
    terminal.ask(".quit\r", ".quit")
    assert terminal.command.wait(_PATIENCE_SECONDS) == 0


def test_ctrl_c_ends_a_long_query_and_the_prompt_lives_on(terminal: Terminal) -> None:
    endless = "select count(*) from range(100000000000) as a(x), range(1000) as b(y) where x * y % 7 = 3;"
    terminal.ask(f"{endless}\r", "= 3;")
    time.sleep(1)  # the query has begun
    assert "interrupted" in terminal.ask("\x03", "interrupted")
    assert terminal.ask("select 40 + 2 as lives;\r", "42")
    assert terminal.end() == 0


def test_tab_completes_a_table_and_the_columns_of_the_tables_that_the_query_names(terminal: Terminal) -> None:
    assert "core.benchmarks" in terminal.ask("from core.bench\t", "core.benchmarks")
    terminal.ask("\x15", "")
    assert "display_name" in terminal.ask("from core.models select displ\t", "display_name")
    for begun in ("org/model-10", "Model-10"):
        terminal.ask("\x15", "")
        assert "org/model-10b" in terminal.ask(f".explain {begun}\t", "org/model-10b")


def test_a_later_prompt_remembers_what_was_asked_in_a_file_that_only_its_owner_reads(
    root: Path, tmp_path: Path
) -> None:
    for keys in ("select 40 + 1 as first;\r", "\x1b[A\r"):  # the second prompt goes up by one and asks it again
        opened = Terminal(tmp_path, "sql", "-w", root)
        opened.until("sql>")
        assert "41" in opened.ask(keys, "41")
        assert opened.end() == 0
        opened.close()
    assert (tmp_path / "leaderboard-etl" / "sql_history").stat().st_mode & 0o077 == 0


def test_without_a_warehouse_the_prompt_does_not_open(tmp_path: Path) -> None:
    opened = Terminal(tmp_path, "sql", "-w", tmp_path / "none")
    assert "no run has published here yet" in opened.until("no run has published here yet")
    assert opened.command.wait(_PATIENCE_SECONDS) == 1
    opened.close()


@pytest.mark.parametrize(
    ("text", "is_asked"),
    [
        ("select 1;", True),
        ("select 1; ", True),
        ("select 1", False),
        ("select ';", False),
        ("select ';' as a", False),
        ('select 1 as "a;', False),
        ("select 1 -- done;", False),
        ("select 1 /* done; */;", True),
        ("select $$a;", False),
        ("select $$a;$$;", True),
        ("select 1; -- done", True),
        (".tables", True),
        ("select 1\n.quit", True),
        ("select 1\n.quit;", True),
        ("select 1\n.mode csv", True),
        ("select '\n.quit", False),
        ("select 1 /*\n.quit", False),
        ("select 1\n.5", False),
        ("", True),
    ],
)
def test_enter_asks_a_query_whose_semicolon_is_neither_in_a_text_nor_in_a_comment(text: str, is_asked: bool) -> None:
    assert is_whole(text) is is_asked


def test_a_command_behind_an_unfinished_query_is_taken_from_it_and_nothing_else_is() -> None:
    assert apart("select 1\nfrom t\n.tables core.models ") == ("select 1\nfrom t\n", ".tables core.models")
    for text in ("", ".quit", "\n.quit", "select 1;", "select '\n.quit", "select 1\n.5", "select 1\n-- x\n.nothing"):
        assert apart(text) == ("", text)


def test_words_are_the_columns_of_the_named_tables_before_tables() -> None:
    columns = {"core.models": ["model_id", "family"], "core.scores": ["score_pct"]}
    words = words_for("select fam from core.models", "select fam", columns, ["select"])
    assert words == ["model_id", "family", "core.models", "core.scores", "select"]
    assert words_for(".mode ", ".mode ", columns)[0] == "table"
    assert ".explain" in words_for(".e", ".e", columns)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("leaderboard-etl comp", ["compare", "completion"]),
        ("leaderboard-etl sql -q gap_n", ["gap_now "]),
        ("leaderboard-etl tables core.sco", ["core.scores "]),
        ("leaderboard-etl explain -w {root} org/model-7", ["org/model-7b "]),
        ("leaderboard-etl explain -w {root}/none org/go", []),
        ("leaderboard-etl run --only olb_v2_con", ["olb_v2_contents "]),
        ("leaderboard-etl verify --warehou", ["--warehouse "]),
    ],
)
def test_bash_completes_commands_options_and_names(root: Path, line: str, words: list[str]) -> None:
    script = """
        leaderboard-etl() { "$PYTHON" -m leaderboard_etl.cli "$@"; }
        eval "$(leaderboard-etl completion bash)"
        COMP_LINE="$1"; COMP_POINT=${#1}; COMP_TYPE=9; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _python_argcomplete leaderboard-etl
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", line.format(root=root)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert [word for word in done.stdout.splitlines() if word] == words, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_given_a_script_of_their_own(shell: str) -> None:
    command = [sys.executable, "-m", "leaderboard_etl.cli", "completion", shell]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {"zsh": "compdef", "fish": "complete --command leaderboard-etl"}[shell] in script
