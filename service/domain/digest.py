"""A command's digest: the same for the same type and data, whatever the order of keys (design 9, rule 3)."""

import json
from hashlib import blake2b
from typing import Any

import msgspec

DIGEST_BYTES = 16

_encode = msgspec.json.Encoder(order="sorted").encode


def command_digest(type_: str, data: Any) -> bytes:
    """The digest of a command by its type and the JSON value of its data, as parsed."""
    try:
        canonical = _encode(data)
    except (OverflowError, UnicodeEncodeError, RecursionError):
        # JSON that the fast writer does not take: whole numbers beyond 64 bits, halves of surrogate pairs.
        canonical = json.dumps(data, sort_keys=True).encode()
    return blake2b(type_.encode() + b"\0" + canonical, digest_size=DIGEST_BYTES).digest()


def record_digest(key: bytes | None, value: bytes | None) -> bytes:
    """The digest of a record as it stands in its topic."""
    digest = blake2b(key or b"", digest_size=DIGEST_BYTES)
    digest.update(b"\0")
    digest.update(value or b"")
    return digest.digest()
