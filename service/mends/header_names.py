"""Records as aiokafka reads them, with one thing borne that it raises at: header names that are no UTF-8.

Kafka takes any bytes for a name and librdkafka sends any. aiokafka's fast reader raises in the middle of a batch, at
every attempt anew, so that nothing behind such a record could ever be read. Its slow one is lent a milder text here,
and reads those batches alone.
"""

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record import default_records, memory_records

_FRAME = struct.Struct(">qi")
"""What every batch begins with: its first offset, and how many bytes follow."""


def bear_odd_header_names() -> None:
    """Let every consumer of this process show such names with their bytes escaped, as in `\\xffname`."""
    fetcher.MemoryRecords = BearingRecords


class BearingRecords:
    """What a fetch brought of a partition, batch by batch; in the place of aiokafka's `MemoryRecords`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._begin = 0
        self._records = memory_records.MemoryRecords(data)

    def size_in_bytes(self) -> int:
        """All of it."""
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        """Whether there is another whole batch."""
        return bool(self._records.has_next())

    def next_batch(self) -> "_Batch":
        """The next batch."""
        begin = self._begin
        _, length = _FRAME.unpack_from(self._data, begin)
        self._begin = begin + _FRAME.size + length
        return _Batch(self._records.next_batch(), self._data[begin : self._begin])


class _Batch:
    """A batch as the fast reader has it, until that one raises."""

    def __init__(self, batch: Any, data: bytes) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        count = 0
        try:
            for record in self._batch:
                yield record
                count += 1
        except UnicodeDecodeError:
            yield from islice(_MildBatch(self._data), count, None)


class _MildBatch(default_records._DefaultRecordBatchPy):  # type: ignore[misc]
    def __init__(self, data: bytes) -> None:
        super().__init__(bytearray(data))

    def _maybe_uncompress(self) -> None:
        if not self._decompressed:
            super()._maybe_uncompress()
            self._buffer: bytearray = _Bytes(self._buffer)


class _Bytes(bytearray):
    def __getitem__(self, at: Any) -> Any:
        part = super().__getitem__(at)
        return _Text(part) if isinstance(at, slice) else part


class _Text(bytes):
    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
