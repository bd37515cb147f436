"""The examples are read here, not run: a workflow that its schema accepts, and commands that the command line knows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
import yaml

from leaderboard_etl.cli import _parser
from leaderboard_etl.settings import PACKAGE

EXAMPLES = PACKAGE.parents[1] / "examples"
WORKFLOW, CONTAINER = EXAMPLES / "nightly.yml", EXAMPLES / "Containerfile"


def test_the_workflow_is_one_by_the_schema_of_workflows() -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_the_workflow_is_tidy_yaml() -> None:
    pytest.importorskip("yamllint")
    rules = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, truthy: {check-keys: false}}}"
    checked = subprocess.run(
        [sys.executable, "-m", "yamllint", "-s", "-d", rules, str(WORKFLOW)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_the_commands_of_the_examples_are_ours() -> None:
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["night"]["steps"]
    (in_container,) = re.findall(r'exec (leaderboard-etl .*)"\]', CONTAINER.read_text())
    lines = [step["run"] for step in steps if "leaderboard-etl" in step.get("run", "")]
    commands = [shlex.split(line.split(" || ")[0]) for line in [*lines, in_container.replace('\\"', '"')]]
    assert len(commands) == 3
    for program, *arguments in commands:
        assert program == "leaderboard-etl"
        assert _parser().parse_args(arguments).run


def test_what_the_container_copies_is_there() -> None:
    copied = [
        name for line in re.findall(r"^COPY (.+) \S+$", CONTAINER.read_text(), re.MULTILINE) for name in line.split()
    ]
    assert len(copied) >= 7
    assert [name for name in copied if not (EXAMPLES.parent / name).exists()] == []
