"""Full ranking: the rank of each wanted item among all items, and what those ranks are worth beside rankings by counts."""

from collections import deque

import jax
import numpy as np
from numpy.typing import NDArray

from .batches import Part
from .events import Event
from .jobs import AHEAD, Job, ahead
from .measures import metrics
from .placing import State
from .progress import Progress, best
from .told import Refused


def evaluate(job: Job, part: str, state: State) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
    """The rank of every row's wanted item, and where the rows of questions start; None if the run was told to end meanwhile."""
    of = Part(job.shards, part, job.settings["batch"], job.placing.model.LENGTH, job.lengths if job.cuts("rank") else 1)
    made = ahead(
        (index, job.inputs("rank", lambda low, high, i=index: of.windows(i, low, high), of.rows(index), 0))
        for index in range(len(of))
    )
    ranks: list[NDArray[np.float32]] = []
    under_way: deque[tuple[int, jax.Array]] = deque()

    def take() -> None:
        index, rank = under_way.popleft()
        ranks.append(np.asarray(rank)[: of.rows(index)])

    for index, place in made:
        if jax.process_count() == 1 and job.signals.code:
            return None
        job.listen({"kind": "evaluating", "part": part, "batch": index, "batches": len(of)})
        under_way.append((index, job.rank(state, place())))
        if len(under_way) > AHEAD:
            take()
    while under_way:
        take()
    found = np.zeros(len(of.wanted), np.float32)
    found[of.order] = np.concatenate(ranks) if ranks else found
    if not (found >= 1).all():
        raise Refused(
            "The model ranks with values that are no numbers: its parameters or scores are not finite. "
            "Train with a lower learning rate or another seed."
        )
    return found, of.starts


def judged(job: Job, part: str, progress: Progress, state: State) -> Event | None:
    """One evaluation beside rankings by counts, as a record; None if the run was told to end meanwhile."""
    told = evaluate(job, part, state)
    if told is None:
        return None
    ranks, starts = told
    wanted = job.shards.questions(part)[3]
    never = np.sort(ranks[job.shards.shared["counts"][wanted] == 0])
    top = best(progress) or progress
    return {
        "kind": "result",
        "part": part,
        "protocol": job.settings["protocol"],
        "epoch": top["epoch"],
        "step": top["step"],
        "users": len(starts) - 1,
        "model": metrics(ranks, starts),
        **job.shards.index["baselines"][part],
        **({"unmet": {"wanted": len(never), "rank": float(never[len(never) // 2])}} if len(never) else {}),
    }
