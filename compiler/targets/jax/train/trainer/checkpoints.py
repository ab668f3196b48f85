"""Checkpoints: the same files as those of `trainer.js`, which opens what was trained here and the other way round."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from .begins import initial
from .files import Tensors, compact, load_tensors, save_tensors
from .placing import Piece, Placing, State
from .progress import Progress, Settings
from .shards import Shards
from .told import Refused

FORMAT = "pcrec-checkpoint-1"
Values = Callable[[str, Piece], NDArray[np.float32]]


class Checkpoint:
    """A checkpoint of this model, mapped into memory."""

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        try:
            file: Tensors = load_tensors(path)
            meta = file.metadata
            if meta.get("format") != FORMAT:
                raise ValueError(f"its format is {meta.get('format', 'unknown')} and not {FORMAT}")
            if meta["model"] != manifest["model"]:
                raise ValueError(f"it belongs to the model `{meta['model']}` and not to `{manifest['model']}`")
            if meta["manifest"] != manifest["hash"]:
                raise ValueError(
                    f"it was trained by another version of `{manifest['model']}` ({meta['manifest'][:12]}, this one is "
                    f"{manifest['hash'][:12]}); compile that version again, or train anew"
                )
            self.data: Mapping[str, Any] = json.loads(meta["data"])
            self.settings: Settings = json.loads(meta["settings"])
            self.progress: Progress = json.loads(meta["progress"])
            self.items: list[str] = json.loads(meta["items"])
            self.features: Mapping[str, Any] | None = json.loads(meta["features"]) if "features" in meta else None
        except KeyError as why:
            raise Refused(f"The checkpoint {path} cannot be used: its metadata lack {why}.") from None
        except ValueError as why:
            raise Refused(f"The checkpoint {path} cannot be used: {why}.") from None
        self.tensors = file.tensors

    def fits(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Refuses states of other shapes than these."""
        for name, shape in shapes.items():
            found = self.tensors.get(name)
            if found is None or found.shape != shape:
                has = "is missing" if found is None else f"has {list(found.shape)}"
                raise Refused(
                    f"The checkpoint {self.path} cannot be used: `{name}` should have the shape {list(shape)} and {has}."
                )

    def of_these(self, shards: Shards) -> None:
        """Refuses other data, or another split, than those it was trained on."""
        now = shards.index["data"]
        if self.data["hash"] != now["hash"]:
            raise Refused(
                f"The checkpoint {self.path} was trained on other data ({self.data['source']}, {self.data['hash'][:12]}) than the "
                f"shards in {shards.folder} hold ({now['source']}, {now['hash'][:12]}): pack the same file, or train anew."
            )
        kept, new = ((of.get("split") or {}).get("hash") for of in (self.data, now))
        held = (self.settings["protocol"], self.settings.get("trainOn"), kept)
        if held != (shards.index["protocol"], shards.index.get("trainOn"), new):
            raise Refused(
                f"The checkpoint {self.path} was trained under another split or protocol than the shards in {shards.folder} "
                "were packed under: pack the data again as it was."
            )

    def values(self, name: str, piece: Piece) -> NDArray[np.float32]:
        """A piece of a state."""
        return np.asarray(self.tensors[name][tuple(piece)])


def beginning(placing: Placing, shards: Shards, seed: int) -> Values:
    """First values: those of the seed, and what data give."""

    def of(name: str, piece: Piece) -> NDArray[np.float32]:
        given = shards.shared.get(f"state {name}")
        if given is not None:
            return np.asarray(given[tuple(piece)])
        tensor = placing.model.STATE[name]
        return initial(seed, name, tensor.axes, placing.shape(name), tensor.begins, piece)

    return of


def grown(base: Checkpoint, placing: Placing, shards: Shards, fresh: Values) -> Values:
    """Learned rows of the items that a checkpoint knows, matched by id; new ones begin as `fresh` says."""
    if base.features != shards.index.get("features"):
        raise Refused(
            f"The checkpoint {base.path} read features by other vocabularies or scalings than these shards have: "
            "go on from it with trainer.js, which knows how to join them, or train anew."
        )
    codes = {item: code for code, item in enumerate(base.items)}
    places = np.array([codes.pop(item, -1) for item in shards.index["items"]], np.int64)
    if codes:
        lost = next(iter(codes))
        raise Refused(f"The catalogue lacks the item {lost!r}, which the checkpoint {base.path} knows.")

    def of(name: str, piece: Piece) -> NDArray[np.float32]:
        tensor = placing.model.STATE[name]
        values = fresh(name, piece)
        if tensor.role == "given":
            return values
        if "items" not in tensor.shape:
            return base.values(name, piece)
        axis = tensor.shape.index("items")
        if tensor.shape.count("items") > 1:
            raise Refused(f"`{name}` has a value for each pair of items, and such tables cannot grow: train anew.")
        rows = places[piece[axis]]
        known = np.flatnonzero(rows >= 0)
        old = base.tensors[name]
        before = [slice(None)] * axis
        picked = old[(*piece[:axis], rows[known], *piece[axis + 1 :])]
        values[(*before, known)] = picked
        return values

    return of


def save(path: Path, placing: Placing, shards: Shards, settings: Settings, progress: Progress, state: State) -> None:
    """Writes a checkpoint whole; the first process does, and all take part. Devices hold no more of it than a block at a time."""
    index = shards.index
    metadata = {
        "format": FORMAT,
        "model": index["manifest"]["model"],
        "manifest": index["manifest"]["hash"],
        "data": compact(index["data"]),
        "settings": compact(settings),
        "progress": compact(progress),
        "items": compact(index["items"]),
        "titles": compact(index["titles"]),
        **({"features": compact(index["features"])} if "features" in index else {}),
    }
    shapes = {name: placing.shape(name) for name in state}
    if jax.process_index() == 0:
        save_tensors(path, metadata, shapes, lambda name: placing.pieces(name, state[name]))
    else:
        for name in sorted(shapes, key=lambda name: name.encode("utf-16-be")):
            for _ in placing.pieces(name, state[name]):
                pass
