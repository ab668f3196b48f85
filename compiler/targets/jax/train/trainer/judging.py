"""Judging a model by what is held out: by ranks, or by how well it tells a label, beside what counts alone tell."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from .batches import Part
from .events import Event
from .jobs import AHEAD, Job, ahead
from .measures import Judgements, label_metrics, metrics
from .placing import State
from .progress import Progress, best
from .told import Refused

F32 = NDArray[np.float32]
_UNRANKED = metrics(np.zeros(0, np.float32), np.zeros(1, np.int64))
_KNOWN, _HOLDS = 1, 2
"""Labels of events, as `Shards.labels` has them: from the first on it is known whether they hold."""


class Figures(NamedTuple):
    """What an evaluation found, as an epoch of a checkpoint keeps it, and as a result tells it beside the baselines."""

    epoch: Mapping[str, Any]
    result: Mapping[str, Any]


def _ranked(job: Job, part: str, ranks: F32) -> Figures:
    _, _, starts, wanted = job.shards.questions(part)
    worth = metrics(ranks, starts)
    never = np.sort(ranks[job.shards.shared["counts"][wanted] == 0])
    unmet = {"unmet": {"wanted": len(never), "rank": float(never[len(never) // 2])}} if len(never) else {}
    return Figures({"metrics": worth}, {"model": worth, **unmet})


def _labelled(job: Job, part: str, logits: F32) -> Figures:
    users, labels = job.shards.labels(part)
    known = labels >= _KNOWN
    told = label_metrics(Judgements(logits[known].astype(np.float64), labels[known] == _HOLDS, users[known]))
    beside = job.shards.index["baselines"][part]["label"]
    of = {name: beside[name] for name in ("label", "events", "holds")}
    return Figures(
        {"metrics": None, "label": told},
        {"model": _UNRANKED, "label": {**of, "model": told, "items": beside["items"]}},
    )


@dataclass(frozen=True)
class Judge:
    """How what an entry says of each row judges the model."""

    sound: Callable[[F32], NDArray[np.bool_]]
    """Of each value whether it is one."""
    unsound: str
    """What is said where one is not."""
    figures: Callable[[Job, str, F32], Figures]


_RETRY = "Train with a lower learning rate or another seed."
JUDGES: Mapping[str, Judge] = {
    "rank": Judge(
        lambda ranks: ranks >= 1,
        f"The model ranks with values that are no numbers: its parameters or scores are not finite. {_RETRY}",
        _ranked,
    ),
    "predict": Judge(
        np.isfinite,
        f"The model predicts values that are no numbers: its parameters are not finite. {_RETRY}",
        _labelled,
    ),
}
"""By the entry that is asked."""


def evaluate(job: Job, part: str, state: State) -> F32 | None:
    """What the model says of every row of a part, its rank or its logit; None if the run was told to end meanwhile."""
    entry = job.judging
    of = Part(job.shards, part, job.settings["batch"], job.placing.model.LENGTH, job.lengths if job.cuts(entry) else 1)
    made = ahead(
        (index, job.inputs(entry, lambda low, high, i=index: of.windows(i, low, high), of.rows(index), 0))
        for index in range(len(of))
    )
    told: list[F32] = []
    under_way: deque[tuple[int, jax.Array]] = deque()
    what = {"label": job.shards.index["label"]} if "label" in job.shards.index else {}

    def take() -> None:
        index, values = under_way.popleft()
        told.append(np.asarray(values)[: of.rows(index)])

    for index, place in made:
        if jax.process_count() == 1 and job.signals.code:
            return None
        job.listen({"kind": "evaluating", "part": part, "batch": index, "batches": len(of), **what})
        under_way.append((index, job.judge(state, place())))
        if len(under_way) > AHEAD:
            take()
    while under_way:
        take()
    found = np.zeros(len(of.wanted), np.float32)
    found[of.order] = np.concatenate(told) if told else found
    if not JUDGES[entry].sound(found).all():
        raise Refused(JUDGES[entry].unsound)
    return found


def measured(job: Job, part: str, state: State) -> Figures | None:
    """The figures of a part; None if the run was told to end meanwhile."""
    values = evaluate(job, part, state)
    return None if values is None else JUDGES[job.judging].figures(job, part, values)


def judged(job: Job, part: str, progress: Progress, state: State) -> Event | None:
    """One evaluation beside what counts alone tell, as a record; None if the run was told to end meanwhile."""
    told = measured(job, part, state)
    if told is None:
        return None
    top = best(progress) or progress
    return {
        "kind": "result",
        "part": part,
        "protocol": job.settings["protocol"],
        "epoch": top["epoch"],
        "step": top["step"],
        "users": len(job.shards.questions(part)[0]),
        "model": told.result["model"],
        **job.shards.index["baselines"][part],
        **told.result,
    }
