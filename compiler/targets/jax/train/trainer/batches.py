"""Batches, filled as `trainer.js` fills them: every one is a pure function of shards, settings and its number, in any piece of its rows.

A window is (user, start, end): the events [start, end) of a user's shard, whose last target is the event `end`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .draws import shuffled, stream, uniform
from .lengths import alike, ladder, rung_of
from .shards import Shards

I64 = NDArray[np.int64]
Inputs = dict[str, NDArray[Any]]
Seen = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Of each row the items that its rank leaves out, and how many they are."""


@dataclass(frozen=True)
class Windows:
    """Rows of a batch that exist, and the room that the batch has: so many rows, each so long."""

    users: I64
    starts: I64
    ends: I64
    rows: int
    length: int
    wanted: I64 | None = None
    seen: Callable[[], Seen] | None = None
    """Found where an input asks for it."""

    @property
    def lengths(self) -> I64:
        """Events of each row."""
        return self.ends - self.starts


@dataclass(frozen=True)
class Counts:
    """What a run counts, and what nothing in the data says."""

    step: int = 0
    steps: int = 0
    missing: int = 0
    items: int = 0
    """Rows of item tables, with those that only fill them up."""


_TYPES = {"i32": np.int32, "f32": np.float32}
_CLOCKS: Mapping[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "hour": lambda seconds: np.floor(seconds % 86400 / 3600),
    # 1970 began on a Thursday.
    "weekday": lambda seconds: (np.floor(seconds / 86400) + 3) % 7,
}


class Filler:
    """Fills inputs by the rows of their table, which `index.json` lists."""

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        self.table: Mapping[str, Mapping[str, Any]] = shards.index["inputs"]
        counts = shards.shared["counts"]
        self.popularity = (counts / max(1, int(counts.sum()))).astype(np.float32)

    def fill(self, name: str, windows: Windows, counts: Counts) -> NDArray[Any]:
        """One input, row-major, with the room of the whole batch."""
        row = self.table[name]
        if windows.wanted is not None and row["tells"] == "answerOfRow" and row["fill"].get("column") == "items":
            return self._padded(windows.wanted.astype(np.int32), windows)
        way = getattr(self, f"_{row['fill']['from']}")
        return way(windows, counts, row, row["fill"])

    def _padded(self, values: NDArray[Any], windows: Windows) -> NDArray[Any]:
        out = np.zeros((windows.rows, *values.shape[1:]), values.dtype)
        out[: len(values)] = values
        return out

    def _placed(
        self,
        windows: Windows,
        row: Mapping[str, Any],
        name: str,
        shift: int,
        said: Callable[[NDArray[Any], I64], NDArray[Any]] = lambda values, _: values,
    ) -> NDArray[Any]:
        """Of each row what its events say, `shift` later: of all where the input has the axis `seq`, else of the last."""
        dtype = _TYPES[row["dtype"]]
        each = "seq" in row["axes"]
        lengths = windows.lengths if each else np.ones_like(windows.ends)
        of = np.repeat(np.arange(len(lengths)), lengths)
        at = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = (windows.starts if each else windows.ends - 1)[of] + at + shift
        values = said(self.shards.events(name, windows.users[of], places), of)
        out = np.zeros((windows.rows, windows.length, *values.shape[1:]) if each else windows.rows, dtype)
        out[(of, at) if each else of] = values.astype(dtype)
        return out

    def _event(self, w: Windows, _: Counts, row: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        name = {"items": "sequence", "times": "times"}[fill["column"]]
        if "part" in fill:
            return self._placed(w, row, name, fill["shift"], lambda values, _: _CLOCKS[fill["part"]](values))
        if fill.get("since") == "first":
            first = self.shards.events(name, w.users, w.starts)
            return self._placed(w, row, name, fill["shift"], lambda values, of: values - first[of])
        return self._placed(w, row, name, fill["shift"])

    def _feature(self, w: Windows, _: Counts, row: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        return self._placed(w, row, f"feature {fill['feature']['name']}", fill["shift"])

    def _label(self, w: Windows, _: Counts, row: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        return self._placed(w, row, f"label {row['label']}", fill["shift"])

    def _request(self, w: Windows, _: Counts, row: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        vectors = self.shards.shared[f"vectors {fill['name']}"]

        def asked(of: NDArray[Any], _: I64) -> NDArray[Any]:
            found = np.zeros((len(of), vectors.shape[1]), np.float32)
            found[of > 0] = vectors[of[of > 0] - 1]
            return found

        return self._placed(w, row, f"request {fill['name']}", 1, asked)

    def _user(self, w: Windows, _: Counts, row: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        values = self.shards.about(f"user {fill['feature']['name']}", w.users).astype(_TYPES[row["dtype"]])
        return self._padded(values if "own" in row else values[:, 0], w)

    def _length(self, w: Windows, _: Counts, __: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        if fill["of"] == "seq":
            return self._padded(w.lengths.astype(np.int32), w)
        assert w.seen is not None
        return w.seen()[1]

    def _seen(self, w: Windows, *_: object) -> NDArray[Any]:
        assert w.seen is not None
        return w.seen()[0]

    def _missing(self, _: Windows, counts: Counts, *__: object) -> NDArray[Any]:
        return np.asarray(counts.missing, np.int32)

    def _popularity(self, _: Windows, counts: Counts, *__: object) -> NDArray[Any]:
        return np.concatenate([self.popularity, np.zeros(counts.items - len(self.popularity), np.float32)])

    def _run(self, _: Windows, counts: Counts, __: Mapping[str, Any], fill: Mapping[str, Any]) -> NDArray[Any]:
        return np.asarray(getattr(counts, fill["count"]), np.float32)


ORDERS = ("plain", "length")


class Epoch:
    """The training windows of an epoch: each user with at least two training events once.

    A batch is as long as the shortest of `rungs` that holds its rows. `order`: `plain` is that of `trainer.js`; in `length` the rows of
    a batch are about equally long.
    """

    def __init__(
        self,
        shards: Shards,
        batch: int,
        length: int,
        seed: int,
        epoch: int,
        rungs: Sequence[int] = (),
        order: str = "plain",
    ) -> None:
        begins, ends = shards.offsets, shards.training_ends
        self.users = shuffled(np.flatnonzero(ends - begins >= 2), seed, epoch)
        self.batch, self.length = batch, length
        self.rungs = rungs or (length,)
        self._begins, self._ends = begins, ends
        # `last`: a window that ends anywhere, for models that use its last target only.
        self._horizon = stream(seed, epoch, "data.horizon") if shards.index["horizon"] == "last" else None
        if order == "length":
            starts, ends = self._bounds(self.users)
            self.users = alike(self.users, ends - starts, self.rungs, batch, seed, epoch)

    def __len__(self) -> int:
        return -(-len(self.users) // self.batch)

    def rows(self, index: int) -> int:
        """Rows of a batch that exist."""
        return min(self.batch, len(self.users) - index * self.batch)

    def windows(self, index: int, low: int, high: int) -> Windows:
        """The rows [low, high) of a batch; those at its end may not exist."""
        first = index * self.batch
        users = self.users[first : first + self.batch]
        starts, ends = self._bounds(users)
        own = slice(low, high)
        length = rung_of(self.rungs, int((ends - starts).max(initial=0)))
        return Windows(users[own], starts[own], ends[own], high - low, length)

    def _bounds(self, users: I64) -> tuple[I64, I64]:
        """Where windows start and end."""
        begins, ends = self._begins[users], self._ends[users] - 1
        if self._horizon is not None:
            ends = begins + 1 + np.floor(uniform(self._horizon, users) * (ends - begins)).astype(np.int64)
        return np.maximum(begins, ends - self.length), ends


class Part:
    """The windows of an evaluation: a row for each item that a question wants, where there are several lengths the shortest first."""

    def __init__(self, shards: Shards, part: str, batch: int, length: int, lengths: int = 1) -> None:
        users, ends, self.starts, self.wanted = shards.questions(part)
        self.shards, self.batch, self.length = shards, batch, length
        of = np.repeat(np.arange(len(users)), np.diff(self.starts))
        self._users, self._ends, self._questions = users[of], ends[of], of
        self._begins = shards.offsets
        own = np.minimum(self._ends - self._begins[self._users], length)
        self.rungs = (length,) if lengths == 1 else ladder(own, length, lengths)
        self.order = np.argsort(own, kind="stable") if lengths > 1 else np.arange(len(of))

    def __len__(self) -> int:
        return -(-len(self.wanted) // self.batch)

    def rows(self, index: int) -> int:
        """Rows of a batch that exist."""
        return min(self.batch, len(self.wanted) - index * self.batch)

    def windows(self, index: int, low: int, high: int) -> Windows:
        """The rows [low, high) of a batch; those at its end may not exist."""
        of = self.order[index * self.batch : (index + 1) * self.batch]
        users, ends = self._users[of], self._ends[of]
        starts = np.maximum(self._begins[users], ends - self.length)
        length = rung_of(self.rungs, int((ends - starts).max(initial=0)))
        own = slice(low, high)
        seen = functools.cache(lambda: self._seen(of[own], high - low))
        return Windows(users[own], starts[own], ends[own], high - low, length, self.wanted[of[own]], seen)

    def _seen(self, own: I64, rows: int) -> Seen:
        """The distinct items of whole histories without what their questions want, by first appearance."""
        values = np.zeros((rows, self.shards.sizes["seen"]), np.int32)
        lengths = np.zeros(rows, np.int32)
        for row, at in enumerate(own):
            q = self._questions[at]
            history = self.shards.history(int(self._users[at]), int(self._ends[at]))
            items, first = np.unique(history, return_index=True)
            kept = ~np.isin(items, self.wanted[self.starts[q] : self.starts[q + 1]])
            found = items[kept][np.argsort(first[kept])]
            values[row, : len(found)] = found
            lengths[row] = len(found)
        return values, lengths
