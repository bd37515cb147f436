"""Errors that a person can act on: what happened, where, what it means and what to do."""

from __future__ import annotations


class EtlError(Exception):
    """Base of every error that the pipeline raises on purpose. Its text is shown as it is, without a traceback."""


class HubError(EtlError):
    """The Hub did not give what was asked for: unreachable, refused, limited, or wrong bytes.

    `status` is the HTTP status of its last answer; 0: it gave none, or one that was not to be believed.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class SourceError(EtlError):
    """One source cannot be loaded tonight; the others go on and this one stays at its last good state."""


class ContractError(SourceError):
    """A file's columns or types are not those of any known era: loading it would misread it."""


class PolicyError(EtlError):
    """A policy CSV in the project is malformed or contradicts itself."""


class WarehouseError(EtlError):
    """The warehouse folder cannot be used: locked, of another Hub, missing, or damaged."""


class AuditError(WarehouseError):
    """A check with severity `error` found rows: nothing was published."""


class UsageError(EtlError):
    """The command was given something that it cannot act on (exit code 2)."""
