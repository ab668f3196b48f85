"""What the ranks of wanted items are worth: the figures of `trainer.js`, by the same names."""

import itertools
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def _hr(cutoff: float) -> Callable[[F64], float]:
    return lambda ranks: float(ranks[0] <= cutoff)


def _ndcg(cutoff: float) -> Callable[[F64], float]:
    def worth(ranks: F64) -> float:
        gains = 1 / np.log2(1 + ranks[ranks <= cutoff])
        most = int(min(len(ranks), cutoff))
        return float(gains.sum() / (1 / np.log2(2 + np.arange(most))).sum())

    return worth


MEASURES: Mapping[str, Callable[[F64], float]] = {
    "HR@10": _hr(10),
    "NDCG@10": _ndcg(10),
    "HR@50": _hr(50),
    "NDCG@50": _ndcg(50),
    "MRR": lambda ranks: float(1 / ranks[0]),
}
"""By name, from the ascending ranks of a question to what they are worth."""

Metrics = dict[str, float | None]


def metrics(ranks: NDArray[np.float32], starts: NDArray[np.int64]) -> Metrics:
    """Means over questions, whose rows are `starts[q] .. starts[q + 1])`; None where there is none."""
    own = [np.sort(ranks[low:high].astype(np.float64)) for low, high in itertools.pairwise(starts)]
    return {name: float(np.mean([worth(ranks) for ranks in own])) if own else None for name, worth in MEASURES.items()}
