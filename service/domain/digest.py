"""A command's digest: the same for the same type and data, whatever the order of keys (design 9, rule 3)."""

from hashlib import blake2b
from typing import Any

import msgspec

DIGEST_BYTES = 16

_LEAST, _MOST = -(2**63), 2**64 - 1

_encode = msgspec.json.Encoder(order="sorted").encode


def command_digest(type_: str, data: Any) -> bytes:
    """The digest of a command by its type and the JSON value of its data, as `decode_command` gives it."""
    try:
        canonical = _encode(data)
    except OverflowError:
        canonical = _encode(_writable(data))
    return blake2b(type_.encode() + b"\0" + canonical, digest_size=DIGEST_BYTES).digest()


def _writable(value: Any) -> Any:
    """The value with whole numbers beyond 64 bits as the writer takes them: in hex, since decimals of thousands of
    digits take their square in time."""
    if isinstance(value, dict):
        return {name: _writable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_writable(inner) for inner in value]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return msgspec.Raw(hex(value).encode())
    return value


def record_digest(key: bytes | None, value: bytes | None) -> bytes:
    """The digest of a record as it stands in its topic."""
    digest = blake2b(key or b"", digest_size=DIGEST_BYTES)
    digest.update(b"\0")
    digest.update(value or b"")
    return digest.digest()
