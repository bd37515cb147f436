"""Keeps parsed frames on disk until they are folded: no file is parsed twice in one night, and memory holds one batch
at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import polars as pl

from leaderboard_etl.raw.ledger import Drift, FileVersion
from leaderboard_etl.reading.batches import Batch
from leaderboard_etl.sources.base import TARGETS, Parsed, empty


class _Place(NamedTuple):
    at_byte: int
    size_bytes: int


class _KeptBatch(NamedTuple):
    files: Sequence[FileVersion]
    source_rows: int
    rows_in: int | None
    places: Mapping[str, _Place]


class Shelf:
    """Keeps frames in a file without a name, which disappears with the process. The file is created with the first
    frame."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end_byte = 0

    def put(self, frame: pl.DataFrame) -> _Place:
        """Writes a frame and returns its place. Raises OSError if the disk is full."""
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="lz4")
        place = _Place(self._end_byte, buffer.tell())
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115, it stays open until close
        self._file.seek(place.at_byte)
        self._file.write(buffer.getbuffer())
        self._end_byte += place.size_bytes
        return place

    def get(self, place: _Place, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Reads the frame at a place, or some of its columns."""
        assert self._file is not None, "put returned the place, so it created the file"
        self._file.seek(place.at_byte)
        content = io.BytesIO(self._file.read(place.size_bytes))
        return pl.read_ipc(content, columns=list(columns) if columns else None)

    def close(self) -> None:
        """Removes the file."""
        if self._file is not None:
            self._file.close()


class Kept:
    """The parsed content of some files of one source, as batches that can be read any number of times.

    `files` are all these files. `drift` holds one finding per subject, with the messages of all batches.
    """

    def __init__(self, shelf: Shelf, files: Sequence[FileVersion], batches: Iterable[Batch]) -> None:
        """Parses all `batches` and stores their frames. Raises what parsing raises, and OSError if the disk is full."""
        self.files = files
        self._shelf = shelf
        self._batches: list[_KeptBatch] = []
        drift: list[Drift] = []
        for read, parsed in batches:
            frames = {target: parsed.frame(target) for target in (*TARGETS, "quarantine")}
            places = {target: shelf.put(frame) for target, frame in frames.items() if frame.height}
            self._batches.append(_KeptBatch(read, parsed.source_rows, parsed.rows_in, places))
            drift += parsed.drift
        self.drift = _one_per_subject(drift)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            parsed = Parsed(source_rows=batch.source_rows, rows_in=batch.rows_in)
            for target, place in batch.places.items():
                setattr(parsed, target, self._shelf.get(place))
            yield batch.files, parsed

    def frame(self, target: str, *columns: str) -> pl.DataFrame:
        """Some columns of one target's rows, from all batches."""
        places = [batch.places[target] for batch in self._batches if target in batch.places]
        if not places:
            return empty(target).select(columns)
        return pl.concat([self._shelf.get(place, columns) for place in places]).select(columns)


def _one_per_subject(drift: Sequence[Drift]) -> list[Drift]:
    by_subject: dict[tuple[str, str, str], list[Drift]] = {}
    for finding in drift:
        by_subject.setdefault((finding.source_id, finding.kind, finding.subject), []).append(finding)
    return [
        Drift(*subject, "; ".join(dict.fromkeys(each.message for each in same)), any(each.is_held for each in same))
        for subject, same in by_subject.items()
    ]
