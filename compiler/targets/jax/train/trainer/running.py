"""The training loop. Step k depends on the seed and k only, so a run that was killed anywhere and resumed ends as one that was not."""

import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from numpy.typing import NDArray

from .batches import Counts, Epoch, Filler, Part, Windows
from .checkpoints import save
from .events import Event, Listener
from .measures import metrics
from .placing import Placing, State
from .progress import Progress, Settings, best, closed, ended, stepped
from .shards import Shards
from .told import Refused, plural

_AHEAD = 2
"""Batches that are read, and steps that are under way, before anybody waits."""
_MEET = 8
"""Steps between two agreements of several processes on whether to save or to end."""
JUDGED_ON = {"standard": "validation", "hstu": "test"}


@dataclass
class Signals:
    """The first SIGINT or SIGTERM asks a run to end, the second ends it."""

    code: int = 0

    def listen(self) -> None:
        """Takes the signals of this process."""

        def take(number: int, _: object) -> None:
            if self.code:
                raise SystemExit(self.code)
            self.code = 128 + number
            print("\nSaving; once more to end at once.", flush=True)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, take)


@dataclass
class Job:
    """Everything that the loops share."""

    placing: Placing
    shards: Shards
    settings: Settings
    out: Path
    listen: Listener
    signals: Signals = field(default_factory=Signals)
    save_steps: float = float("inf")
    save_seconds: float = 60.0

    def __post_init__(self) -> None:
        model = self.placing.model
        self.filler = Filler(self.shards)
        self.batches = -(-int((self.shards.training_ends - self.shards.offsets >= 2).sum()) // self.settings["batch"])
        self.steps = self.settings.get("before", 0) + self.settings["epochs"] * self.batches
        shardings = self.placing.shardings
        everywhere = self.placing.everywhere
        self.step = jax.jit(
            model.step,
            donate_argnums=0,
            in_shardings=(shardings["state"], shardings["train"]),
            out_shardings=(shardings["state"], everywhere),
        )
        self.rank = jax.jit(model.rank, in_shardings=(shardings["state"], shardings["rank"]), out_shardings=everywhere)
        self.finite = jax.jit(
            lambda state: jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(state)]).all(),
            out_shardings=everywhere,
        )

    def path(self, name: str) -> Path:
        """`last` and `best`."""
        return self.out / f"{name}.safetensors"

    def inputs(
        self, entry: str, windows: Callable[[int, int], Windows], rows: int, step: int
    ) -> Callable[[], dict[str, jax.Array]]:
        """The inputs of a batch with so many rows that exist: read now, and placed on devices when that is called."""
        room = self.placing.batch(self.settings["batch"])
        counts = Counts(step=step, steps=self.steps, missing=room - rows, items=self.placing.items)
        numbers = {
            "@seed": np.uint32(self.settings["seed"]),
            "@step": np.uint32(step),
            "items.missing": np.int32(self.placing.items - self.placing.sizes["items"]),
        }
        read: dict[tuple[int, int], Windows] = {}
        found: dict[str, tuple[int, NDArray[Any]]] = {}

        def fill(name: str, low: int, high: int) -> NDArray[Any]:
            if name in numbers:
                return np.asarray(numbers[name])
            if (low, high) not in read:
                read[low, high] = windows(low, high)
            return self.filler.fill(name, read[low, high], counts)

        tensors = self.placing.model.INPUTS[entry]
        for name, tensor in tensors.items():
            low, high = self.placing.own_rows(entry, name, room) if "batch" in tensor.axes else (0, 0)
            found[name] = (low, fill(name, low, high))
        return lambda: self.placing.inputs(entry, room, lambda name, *_: found[name][1], list(tensors))


def ahead(makers: Iterator[Any]) -> Iterator[Any]:
    """The same, made by another thread before they are asked for."""
    made: queue.Queue[Any] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(value: object) -> bool:
        while not stop.is_set():
            try:
                made.put(value, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for one in makers:
                if not put((one, None)):
                    return
            put((None, None))
        except BaseException as why:
            put((None, why))

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            value, why = made.get()
            if why is not None:
                raise why
            if value is None:
                return
            yield value
    finally:
        stop.set()


def agreed(value: int) -> int:
    """The most that any process says."""
    if jax.process_count() == 1:
        return value
    return int(np.max(multihost_utils.process_allgather(np.int32(value))))


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


def evaluate(job: Job, part: str, state: State) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
    """The rank of every row's wanted item, and where the rows of questions start; None if the run was told to end meanwhile."""
    of = Part(job.shards, part, job.settings["batch"], job.placing.model.LENGTH)
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
        if len(under_way) > _AHEAD:
            take()
    while under_way:
        take()
    found = np.concatenate(ranks) if ranks else np.zeros(0, np.float32)
    if not (found >= 1).all():
        raise Refused(
            "The model ranks with values that are no numbers: its parameters or scores are not finite. "
            "Train with a lower learning rate or another seed."
        )
    return found, of.starts


def train_epoch(job: Job, start: Progress, state: State) -> tuple[Progress, State, bool]:
    """Trains until the epoch's batches end or the run is told to end, saving now and then."""
    began = saved = time.monotonic()
    saved_step = start["step"]
    epoch = Epoch(job.shards, job.settings["batch"], job.placing.model.LENGTH, job.settings["seed"], start["epoch"])
    first = start["step"] - start["batch"]
    size = job.settings["batch"]
    made = ahead(
        job.inputs(
            "train",
            lambda low, high, i=index: epoch.windows(i, low, high),
            min(size, len(epoch.users) - index * size),
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
        event: Event = {
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
        if len(under_way) > _AHEAD:
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
        told = None if stopped or "trainOn" in job.settings else evaluate(job, part, state)
        if stopped or agreed(job.signals.code) or (told is None and "trainOn" not in job.settings):
            persist(job, "last", progress, state)
            job.listen({"kind": "interrupted", "step": progress["step"], "checkpoint": str(job.path("last"))})
            return progress, state, True
        before: Sequence[Any] = progress["history"]
        progress = closed(progress, metrics(*told) if told is not None else None)
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
