"""What the ranks of wanted items are worth, and how well labels are told: the figures of `trainer.js`, by the same names."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Judgements:
    """What is told of events, each by a logit; whether the label holds of each; and whose each is."""

    logits: F64
    holds: NDArray[np.bool_]
    users: NDArray[np.int64]


def _areas(of: Judgements, groups: NDArray[np.int64]) -> F64:
    """The area under the ROC curve of each group, 0 to the last: NaN where its events are all of one kind.

    That is the share of pairs of an event of which the label holds and one of which it does not whose logits are in that order, ties
    being half a pair (Hanley and McNeil 1982). `groups`: that of each event.
    """
    order = np.lexsort((of.logits, groups))
    group, logits, holds = groups[order], of.logits[order], of.holds[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (group[1:] != group[:-1]) | (logits[1:] != logits[:-1])
    tie = np.cumsum(first) - 1
    yes, no = np.bincount(tie, holds), np.bincount(tie, ~holds)
    own = group[first]
    held, others = np.bincount(own, yes), np.bincount(own, no)
    before = np.cumsum(others) - others
    below = np.cumsum(no) - no - before[own]
    with np.errstate(invalid="ignore"):
        return np.bincount(own, yes * (below + no / 2)) / (held * others)


def _auc(of: Judgements) -> float | None:
    found = _areas(of, np.zeros(len(of.logits), np.int64))
    return float(found[0]) if np.isfinite(found).any() else None


def _auc_by_user(of: Judgements) -> float | None:
    """The mean of users' own, each as often as they have events (Zhou et al., KDD 2018)."""
    _, groups, events = np.unique(of.users, return_inverse=True, return_counts=True)
    areas = _areas(of, groups)
    known = np.isfinite(areas)
    return float((areas * events)[known].sum() / events[known].sum()) if known.any() else None


def _log_loss(of: Judgements) -> float | None:
    """The mean over events of -log of the probability of what came, in nats."""
    return float(np.logaddexp(0, np.where(of.holds, -of.logits, of.logits)).mean()) if len(of.logits) else None


LABEL_MEASURES: Mapping[str, Callable[[Judgements], float | None]] = {
    "AUC": _auc,
    "GAUC": _auc_by_user,
    "log loss": _log_loss,
}
"""By name; None where one kind of events alone makes it meaningless. Of `log loss` less is better."""


def label_metrics(of: Judgements) -> Metrics:
    """How well a label is told."""
    return {name: worth(of) for name, worth in LABEL_MEASURES.items()}
