"""Content addresses: a git blob id, or the sha256 of LFS files and API answers."""

from __future__ import annotations

import hashlib


def git_blob_id(content: bytes) -> str:
    """The git blob id: sha1 of the header `blob <length>` and the content, 40 hex digits."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)  # joined to the header, it would be copied
    return digest.hexdigest()


def sha256_id(content: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def verify(blob_id: str, content: bytes) -> bool:
    """Whether `content` has the given id; the form of the id decides which hash is compared."""
    return blob_id == (sha256_id(content) if blob_id.startswith("sha256:") else git_blob_id(content))
