"""Files that are either the old ones or the new ones, never half of each; and the safetensors of `trainer.js`, checksum and all."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .told import Refused

_BLANK = "0" * 64
F32 = NDArray[np.float32]


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Writes a file beside, makes it durable and puts it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.tmp")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as why:
        part.unlink(missing_ok=True)
        raise Refused(f"{path} could not be written: {why.strerror or why}.") from None


def compact(value: object) -> str:
    """JSON as JavaScript writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def save_tensors(
    path: Path,
    metadata: Mapping[str, str],
    shapes: Mapping[str, Sequence[int]],
    pieces: Callable[[str], Iterable[F32]],
) -> None:
    """Writes float32 tensors in order of their names, each in pieces from its first row on, with a sha-256 over all."""
    names = sorted(shapes, key=lambda name: name.encode("utf-16-be"))
    table: dict[str, Any] = {}
    end = 0
    for name in names:
        begin, end = end, end + 4 * int(np.prod(shapes[name], dtype=np.int64))
        table[name] = {"dtype": "F32", "shape": list(shapes[name]), "data_offsets": [begin, end]}

    def header(digest: str) -> bytes:
        text = compact({"__metadata__": {"sha256": digest, **metadata}, **table}).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text

    def write(file: BinaryIO) -> None:
        blank = header(_BLANK)
        digest = hashlib.sha256(blank)
        file.write(blank)
        for name in names:
            for piece in pieces(name):
                data = np.ascontiguousarray(piece, "<f4").data.cast("B") if piece.size else b""
                digest.update(data)
                file.write(data)
        file.seek(0)
        file.write(header(digest.hexdigest()))

    write_whole(path, write)


@dataclass(frozen=True)
class Tensors:
    """A file of tensors, mapped into memory."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, F32]


def _checked(path: Path, header: bytes, metadata: Mapping[str, str]) -> None:
    digest = metadata.get("sha256", "")
    at = header.find(f'"sha256":"{digest}"'.encode())
    if len(digest) != 64 or at < 0:
        raise ValueError("it carries no checksum")
    found = hashlib.sha256()
    with path.open("rb") as file:
        start = 8 + at + len('"sha256":"')
        found.update(file.read(start))
        found.update(_BLANK.encode())
        file.seek(start + 64)
        while block := file.read(1 << 24):
            found.update(block)
    if found.hexdigest() != digest:
        raise ValueError("its checksum does not match its contents")


def load_tensors(path: Path) -> Tensors:
    """Maps a file that `save_tensors` or `trainer.js` wrote. ValueError: the end of the sentence `FILE cannot be used: ...`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or 8 + length > size:
                raise ValueError("it is cut short")
            header = file.read(length)
    except OSError as why:
        raise ValueError("there is no such file" if isinstance(why, FileNotFoundError) else str(why.strerror)) from None
    try:
        table = json.loads(header)
        metadata = table.pop("__metadata__", {})
        _checked(path, header, metadata)
        base = 8 + length
        tensors = {
            name: np.memmap(path, "<f4", "r", base + row["data_offsets"][0], tuple(row["shape"]))
            if row["data_offsets"][1] > row["data_offsets"][0] and row["shape"]
            else np.fromfile(
                path, "<f4", (row["data_offsets"][1] - row["data_offsets"][0]) // 4, "", base + row["data_offsets"][0]
            ).reshape(row["shape"])
            for name, row in table.items()
        }
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("its header is not that of a safetensors file of 32-bit floats") from None
    return Tensors({k: v for k, v in metadata.items() if k != "sha256"}, tensors)
