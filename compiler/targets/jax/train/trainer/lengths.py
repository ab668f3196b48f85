"""How long the rows of a batch are: of few lengths, since each is another program for XLA, and such that little is filled up."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .draws import shuffled

I64 = NDArray[np.int64]
_STEP = 8
"""Lengths are multiples of this, which suits the machines, or the longest that there may be."""


def ladder(lengths: I64, longest: int, most: int, together: int = 1) -> tuple[int, ...]:
    """At most `most` lengths, `longest` the last, such that rows of these `lengths` are filled up with the fewest cells.

    `together`: so many rows, drawn at random, share the length of the longest of them.
    """
    rungs = np.array([*range(_STEP, longest, _STEP), longest])
    counts = np.bincount(np.minimum(lengths, longest), minlength=longest + 1)
    upto = (np.cumsum(counts) / max(1, len(lengths))) ** together
    below = np.concatenate([[0.0], upto[rungs]])
    # cost[k][j]: of the share of rows that rung j holds, and k rungs at most, the last of which is j.
    cost = np.full((most + 1, len(rungs)), np.inf)
    before = np.zeros((most + 1, len(rungs)), np.int64)
    for k in range(1, most + 1):
        for j, rung in enumerate(rungs):
            first = rung * below[j + 1]
            others = cost[k - 1][:j] + rung * (below[j + 1] - below[1 : j + 1])
            best = int(np.argmin(others)) if j else -1
            shorter = j > 0 and others[best] < first
            cost[k][j], before[k][j] = (others[best], best) if shorter else (first, -1)
    found, k, j = [], most, len(rungs) - 1
    while j >= 0:
        found.append(int(rungs[j]))
        k, j = k - 1, int(before[k][j])
    return tuple(reversed(found))


def rung_of(rungs: Sequence[int], length: int) -> int:
    """The shortest of these lengths that holds so many events."""
    return rungs[int(np.searchsorted(rungs, length))]


def alike(users: I64, lengths: I64, rungs: Sequence[int], batch: int, seed: int, epoch: int) -> I64:
    """The users of an epoch such that those of a batch have like lengths: a pure function of the shuffled order that is given.

    Within a length users keep their order; where one length ends the next begins in the same batch. Whole batches are shuffled, and the
    last one, with the longest rows, may be smaller.
    """
    order = np.argsort(np.searchsorted(rungs, lengths), kind="stable")
    whole = len(users) // batch
    turns = shuffled(np.arange(whole), seed, epoch, "data.batches")
    mixed = order[: whole * batch].reshape(whole, batch)[turns].ravel()
    return users[np.concatenate([mixed, order[whole * batch :]])]
