"""Where batches of landed files are parsed: in this process, or wherever the run says.

To parse a batch is a pure function of its bytes and of policy, so a runner is a map over batches, and which one is in
force cannot change what is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from leaderboard_etl.errors import EtlError, SourceError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.raw.store import PackedBlob
from leaderboard_etl.reading.ahead import ahead, begun, made_ahead
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.rules import apply_rules

# Batches that are unpacked and parsed at once. More would hold more memory, and wait for the interpreter.
_THREADS = 2
# Of these and of parsed ones, which take a tenth of the memory, so many wait for the caller while it makes tables and views.
_MOST_UNREAD = 10
# Every change of turns costs processor time: with turns of a fifth of this a rebuild of 20,000 files took a twentieth more, and
# was no sooner done.
_TURN_S = 0.001
# The files of one batch with their bytes, still packed.
Landed = Sequence[tuple[FileVersion, PackedBlob]]
# A batch and the source that parses it.
Job = tuple[Source, Landed]
# The files of one batch, and what they say.
Batch = tuple[Sequence[FileVersion], Parsed]
# Parses batches by a policy, and yields them in their order.
Runner = Callable[[Policy, Iterable[Job]], Iterator[Batch]]


def run_batches(policy: Policy, jobs: Iterable[Job]) -> Iterator[Batch]:
    """Has the batches parsed by the runner of the innermost `runs_on`; without one, here, from now on."""
    return _in_force[-1](policy, jobs)


def unpacked(landed: Landed) -> list[SourceFile]:
    """The files of one batch with their bytes, verified. Raises WarehouseError if they are damaged."""
    return [SourceFile(file, blob.content()) for file, blob in landed]


def read_batch(source: Source, policy: Policy, files: Sequence[SourceFile]) -> Parsed:
    """What the files of one batch say, by the rules. Raises like parse_batches."""
    return apply_rules(_parse(source, files, policy), source, policy.benchmarks)


@contextmanager
def runs_on(runner: Runner) -> Iterator[None]:
    """Within the block `runner` parses every batch: of a run's news, and of what a build reads from raw."""
    _in_force.append(runner)
    try:
        yield
    finally:
        _in_force.remove(runner)


def _here(policy: Policy, jobs: Iterable[Job]) -> Iterator[Batch]:
    """Two threads each unpack, verify and parse a batch, while the caller folds an earlier one or gets ready to. Parsing takes
    longer than folding, and half of it (to unpack, to hash, to make frames) lets other threads run."""

    def read(job: Job) -> Batch:
        source, landed = job
        files = unpacked(landed)
        return [file.version for file in files], read_batch(source, policy, files)

    def parsed() -> Iterator[Batch]:
        with _taking_turns():
            yield from made_ahead(read, ahead(jobs), threads=_THREADS, most=_MOST_UNREAD)

    return begun(parsed())


@contextmanager
def _taking_turns() -> Iterator[None]:
    """Within the block a thread that parses lets one that folds or unpacks go on soon: these need the interpreter for an
    instant between long calls, and would wait five milliseconds each time. Of blocks that overlap the last one to end restores
    what the first found."""
    _turns_before_s.append(sys.getswitchinterval())
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(_turns_before_s.pop())


_turns_before_s: list[float] = []
_in_force: list[Runner] = [_here]


def _parse(source: Source, files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Parses files. A crash of the parser becomes a SourceError, so that the other sources are still loaded."""
    try:
        return source.parse(files, policy)
    except EtlError:
        raise
    except Exception as error:
        for file in files if len(files) > 1 else ():
            _parse(source, [file], policy)  # raises for the file that causes the crash
        version = files[0].version
        raise SourceError(
            f"{version.path} of {version.repo_id} broke the parser of {source.source_id} ({type(error).__name__}: {error});"
            " the parser needs mending"
        ) from error
