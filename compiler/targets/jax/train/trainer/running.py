"""The training loop. Step k depends on the seed and k only, so a run that was killed anywhere and resumed ends as one that was not."""

import time
from collections import deque
from typing import Any

import jax
import numpy as np

from .checkpoints import save
from .jobs import AHEAD, Job, agreed, ahead
from .judging import measured
from .placing import State
from .progress import Progress, best, closed, ended, stepped
from .told import Refused, plural

_MEET = 8
"""Steps between two agreements of several processes on whether to save or to end."""
JUDGED_ON = {"standard": "validation", "hstu": "test"}


def persist(job: Job, name: str, progress: Progress, state: State) -> None:
    """Saves the states and where the run stands. States that are not finite are never written."""
    if not bool(job.finite(state)):
        raise Refused(diverged(job, progress["step"]))
    save(job.path(name), job.placing, job.shards, job.settings, progress, state)


def diverged(job: Job, step: int) -> str:
    """What is said of numbers that are none."""
    return (
        f"Step {step} gave values that are not finite: train with a lower learning rate or another seed. "
        f"The last good checkpoint is {job.path('last')}."
    )


def train_epoch(job: Job, start: Progress, state: State) -> tuple[Progress, State, bool]:
    """Trains until the epoch's batches end or the run is told to end, saving now and then."""
    began = saved = time.monotonic()
    saved_step = start["step"]
    epoch = job.epoch(start["epoch"])
    first = start["step"] - start["batch"]
    made = ahead(
        job.inputs(
            "train",
            lambda low, high, i=index: epoch.windows(i, low, high),
            epoch.rows(index),
            first + index + 1,
        )
        for index in range(start["batch"], len(epoch))
    )
    progress = start
    under_way: deque[dict[str, jax.Array]] = deque()

    def take() -> None:
        nonlocal progress
        told = under_way.popleft()
        loss = float(told["loss"])
        if not np.isfinite(loss):
            raise Refused(diverged(job, progress["step"] + 1))
        progress = stepped(progress, loss, int(told.get("unconverged", 0)))
        event: dict[str, Any] = {
            "kind": "step",
            "step": progress["step"],
            "epoch": progress["epoch"] + 1,
            "batch": progress["batch"],
            "batches": job.batches,
            "loss": loss,
            "stepsPerSecond": (progress["step"] - start["step"]) / max(time.monotonic() - began, 1e-3),
        }
        job.listen(event)

    done = start["step"]
    for place in made:
        state, told = job.step(state, place())
        under_way.append(told)
        done += 1
        if len(under_way) > AHEAD:
            take()
        due = done - saved_step >= job.save_steps or time.monotonic() - saved >= job.save_seconds
        wish = 2 if job.signals.code else int(due)
        if jax.process_count() > 1:
            wish = agreed(wish) if done % _MEET == 0 else 0
        if wish:
            while under_way:
                take()
            persist(job, "last", progress, state)
            saved, saved_step = time.monotonic(), done
            if wish == 2:
                return progress, state, True
    while under_way:
        take()
    return progress, state, False


def fit(job: Job, start: Progress, state: State) -> tuple[Progress, State, bool]:
    """Trains until the epochs or the patience end, or the run is told to end (then the last is True)."""
    # A checkpoint before the first step: the folder is proven writable, and there always is a good state to return to.
    persist(job, "last", start, state)
    progress = start
    part = JUDGED_ON[job.settings["protocol"]]
    while not ended(job.settings, progress):
        began = time.monotonic()
        progress, state, stopped = train_epoch(job, progress, state)
        told = None if stopped or "trainOn" in job.settings else measured(job, part, state)
        if stopped or agreed(job.signals.code) or (told is None and "trainOn" not in job.settings):
            persist(job, "last", progress, state)
            job.listen({"kind": "interrupted", "step": progress["step"], "checkpoint": str(job.path("last"))})
            return progress, state, True
        before = progress["history"]
        progress = closed(progress, {"metrics": None} if told is None else told.epoch)
        last = progress["history"][-1]
        is_best = best(progress) is last
        # The best goes to disk before the last: a kill in between repeats the epoch and writes the same best again.
        if is_best:
            persist(job, "best", progress, state)
        if last["unconverged"] and not any(e["unconverged"] for e in before):
            job.listen(
                {
                    "kind": "warning",
                    "message": f"{plural(last['unconverged'], 'implicit solve')} of epoch {last['epoch']} did not converge, so "
                    "their rows' gradients are not exact: allow the model's solver more steps, or a lower rate.",
                }
            )
        seconds = time.monotonic() - began
        job.listen({"kind": "epoch", **last, "part": part, "best": is_best, "seconds": seconds})
        persist(job, "last", progress, state)
    return progress, state, False
