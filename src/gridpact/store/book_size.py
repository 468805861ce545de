"""How large a book unpacks, read from its Arrow messages before anything of it is unpacked.

An Arrow IPC stream is a row of messages: a marker, the length of a FlatBuffers table, the table, and a body. Each
compressed buffer of a body begins with the length that it unpacks to, which is what a reader allocates. See the Arrow
columnar format, "Encapsulated message format" and "Compression".
"""

import struct

_MARKER = 0xFFFFFFFF
_SCHEMA, _RECORD_BATCH = 1, 3
_HEADER_TYPE, _HEADER, _BODY_LENGTH = 1, 2, 3
_BUFFERS, _COMPRESSION = 2, 3
_BUFFER_BYTES = 16
_STORED = -1
"""In place of a length: the buffer is not compressed."""


def unpacked_bytes(content: bytes) -> int:
    """Bytes that reading all of ``content`` allocates for its buffers.

    Raises:
        ValueError: it is no stream of one schema and record batches.
        struct.error: it ends too early.
    """
    total, at = 0, 0
    while at < len(content):
        marker, length = struct.unpack_from("<Ii", content, at)
        if marker != _MARKER or length < 0 or at + 8 + length > len(content):
            raise ValueError(f"at byte {at} is no Arrow message")
        if length == 0:
            break
        message = at + 8
        root = message + _u32(content, message)
        kind_at, header_at = _field(content, root, _HEADER_TYPE), _field(content, root, _HEADER)
        if kind_at is None or header_at is None:
            raise ValueError(f"the message at byte {at} says not what it is")
        kind = struct.unpack_from("<B", content, kind_at)[0]
        if kind not in (_SCHEMA, _RECORD_BATCH):
            raise ValueError(f"the message at byte {at} is neither a schema nor a record batch")
        body_at = _field(content, root, _BODY_LENGTH)
        body_bytes = struct.unpack_from("<q", content, body_at)[0] if body_at is not None else 0
        if not 0 <= body_bytes <= len(content) - message - length:
            raise ValueError(f"the message at byte {at} goes on past the end")
        if kind == _RECORD_BATCH:
            total += _buffers(content, header_at + _u32(content, header_at), message + length, body_bytes)
        at = message + length + body_bytes
    return total


def _buffers(content: bytes, batch: int, body: int, body_bytes: int) -> int:
    """Bytes that the buffers of a record batch unpack to; its table is at ``batch``, its body at ``body``."""
    at = _field(content, batch, _BUFFERS)
    if at is None:
        return 0
    at += _u32(content, at)
    packed = _field(content, batch, _COMPRESSION) is not None
    total = 0
    for number in range(_u32(content, at)):
        offset, length = struct.unpack_from("<qq", content, at + 4 + _BUFFER_BYTES * number)
        if offset < 0 or length < 0 or offset + length > body_bytes:
            raise ValueError("a buffer lies outside its message")
        unpacked = struct.unpack_from("<q", content, body + offset)[0] if packed and length >= 8 else _STORED
        total += length if unpacked == _STORED else max(unpacked, 0)
    return total


def _u32(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", content, at)[0])


def _field(content: bytes, table: int, number: int) -> int | None:
    """Where a FlatBuffers table keeps a field; None where the field is left out."""
    vtable = table - int(struct.unpack_from("<i", content, table)[0])
    if vtable < 0:
        raise ValueError("a table of a message lies outside it")
    entry = 4 + 2 * number
    if entry >= struct.unpack_from("<H", content, vtable)[0]:
        return None
    offset = int(struct.unpack_from("<H", content, vtable + entry)[0])
    return table + offset if offset else None
