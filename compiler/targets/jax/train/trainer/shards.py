"""Shards as `trainer.js pack` writes them, mapped into memory: a page is read where somebody asks for what stands in it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .told import Refused

FORMAT = "pcrec-shards-1"
Array = NDArray[Any]


def _mapped(folder: Path, listed: Mapping[str, Any], verify: bool) -> Array:
    path = folder / listed["file"]
    again = "pack the data again"
    try:
        if path.stat().st_size != listed["bytes"]:
            raise Refused(f"{path} has {path.stat().st_size} bytes and should have {listed['bytes']}: {again}.")
        if verify and hashlib.sha256(path.read_bytes()).hexdigest() != listed["sha256"]:
            raise Refused(f"{path} is not what its sha-256 in index.json says: {again}.")
        # What is empty cannot be mapped.
        found = np.load(path, mmap_mode="r" if all(listed["shape"]) else None, allow_pickle=False)
    except (OSError, ValueError) as why:
        raise Refused(f"{path} could not be read ({why}): {again}.") from None
    if list(found.shape) != listed["shape"]:
        raise Refused(f"{path} has the shape {list(found.shape)} and should have {listed['shape']}: {again}.")
    return found


class Shards:
    """Histories, what is held out of them, and what is known of events and users, under one split."""

    def __init__(self, folder: Path, model: str, manifest_hash: str, verify: bool = False) -> None:
        path = folder / "index.json"
        try:
            index = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise Refused(
                f"There are no shards in {folder}: make them with `node trainer.js pack --data FILE --out {folder}`."
            ) from None
        except (OSError, ValueError) as why:
            raise Refused(f"{path} could not be read ({why}): pack the data again.") from None
        if not isinstance(index, dict) or index.get("format") != FORMAT:
            raise Refused(f"{path} is not of the format {FORMAT}: pack the data again, with this version of pcrec.")
        self.manifest: Mapping[str, Any] = index["manifest"]
        if self.manifest["model"] != model:
            raise Refused(
                f"The shards in {folder} are for the model `{self.manifest['model']}` and not for `{model}`: "
                "pack the data with the trainer of this model."
            )
        if self.manifest["hash"] != manifest_hash:
            raise Refused(
                f"The shards in {folder} are for another version of `{model}` ({self.manifest['hash'][:12]}, this one is "
                f"{manifest_hash[:12]}): compile trainer and model.py of one file, with the same --set, and pack again."
            )
        self.folder = folder
        self.index: Mapping[str, Any] = index
        self.sizes: Mapping[str, int] = index["sizes"]
        self.shared = {one["name"]: _mapped(folder, one, verify) for one in index["shared"]}
        self._shards = [{f["name"]: _mapped(folder, f, verify) for f in s["files"]} for s in index["shards"]]
        self._firsts = np.cumsum([0] + [s["users"] for s in index["shards"]])

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """[users]: where each history begins, counted in its shard."""
        return np.concatenate([s["offsets"][:-1].astype(np.int64) for s in self._shards])

    @cached_property
    def training_ends(self) -> NDArray[np.int64]:
        """[users]: where each training ends, counted in the user's shard."""
        return np.concatenate([s["training ends"].astype(np.int64) for s in self._shards])

    def questions(self, part: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Of a part: users [questions], ends of histories in their shards, starts [questions + 1] of rows, and wanted items [rows]."""
        users, ends, starts, wanted = [], [], [np.zeros(1, np.int64)], []
        rows = 0
        for first, shard in zip(self._firsts, self._shards, strict=False):
            users.append(shard[f"{part} users"].astype(np.int64) + first)
            ends.append(shard[f"{part} ends"].astype(np.int64))
            starts.append(shard[f"{part} starts"][1:].astype(np.int64) + rows)
            wanted.append(shard[f"{part} wanted"].astype(np.int64))
            rows += len(wanted[-1])
        return np.concatenate(users), np.concatenate(ends), np.concatenate(starts), np.concatenate(wanted)

    def labels(self, part: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Of each row of a part: whose it is, and what is known of the label of the event that it wants.

        0: nothing, 1: that it does not hold, 2: that it does.
        """
        users, _, starts, _ = self.questions(part)
        return np.repeat(users, np.diff(starts)), np.concatenate([s[f"{part} label"] for s in self._shards])

    def has(self, name: str) -> bool:
        """Whether shards have an array of this name."""
        return name in self._shards[0]

    def _by_shard(self, users: NDArray[np.int64], of: Callable[[Mapping[str, Array], int, Array], Array]) -> Array:
        shard = np.searchsorted(self._firsts, users, side="right") - 1
        # Of nobody too the shape of a row is told.
        first = of(self._shards[0], 0, np.flatnonzero(shard < 0))
        found = np.zeros((len(users), *first.shape[1:]), first.dtype)
        for s in np.unique(shard):
            rows = np.flatnonzero(shard == s)
            found[rows] = of(self._shards[s], int(self._firsts[s]), rows)
        return found

    def events(self, name: str, users: NDArray[np.int64], places: NDArray[np.int64]) -> Array:
        """What the array `name` says of the events at `places` (counted in the shard) of `users`."""
        return self._by_shard(users, lambda shard, _, rows: shard[name][places[rows]])

    def about(self, name: str, users: NDArray[np.int64]) -> Array:
        """What the array `name` says of users: [users, width]."""
        return self._by_shard(users, lambda shard, first, rows: shard[name][users[rows] - first])

    def history(self, user: int, end: int) -> NDArray[np.int32]:
        """The items of a user up to the place `end`: a view."""
        s = int(np.searchsorted(self._firsts, user, side="right")) - 1
        shard = self._shards[s]
        return shard["sequence"][shard["offsets"][user - self._firsts[s]] : end]
