"""What the loops share: a model on its devices, its data as batches, and how it is told to end."""

import functools
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from numpy.typing import NDArray

from .batches import Counts, Epoch, Filler, Windows
from .events import Listener
from .lengths import ladder
from .placing import Placing
from .progress import Settings
from .shards import Shards
from .told import Usage

AHEAD = 2
"""Batches that are read, and steps that are under way, before anybody waits."""


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
    lengths: int = 1
    """How many lengths batches may have."""
    remat: bool = False
    """Whether what derivatives read of blocks is worked out again."""

    def __post_init__(self) -> None:
        model = self.placing.model
        self.filler = Filler(self.shards)
        histories = self.shards.training_ends - self.shards.offsets
        histories = histories[histories >= 2] - 1
        self.batches = -(-len(histories) // self.settings["batch"])
        self.order: str = self.settings.get("order", "plain")
        together = self.settings["batch"] if self.order == "plain" else 1
        longest = model.LENGTH
        self.rungs = ladder(histories, longest, self.lengths, together) if self.cuts("train") else (longest,)
        self.steps = self.settings.get("before", 0) + self.settings["epochs"] * self.batches
        shardings = self.placing.shardings
        everywhere = self.placing.everywhere
        if self.remat and not model.REMAT:
            raise Usage(
                "--remat blocks works out again what several blocks of one kind made, and this model has none: leave it out."
            )
        self.step = jax.jit(
            functools.partial(model.step, remat=self.remat),
            donate_argnums=0,
            in_shardings=(shardings["state"], shardings["train"]),
            out_shardings=(shardings["state"], everywhere),
        )
        self.judging = "predict" if "label" in self.shards.manifest else "rank"
        """The entry by which the model is judged: how well it tells a label, where it predicts one."""
        self.judge = jax.jit(
            getattr(model, self.judging),
            in_shardings=(shardings["state"], shardings[self.judging]),
            out_shardings=everywhere,
        )
        self.finite = jax.jit(
            lambda state: jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(state)]).all(),
            out_shardings=everywhere,
        )

    def cuts(self, entry: str) -> bool:
        """Whether the rows of a batch may be shorter than the model's longest history."""
        return any("seq" in tensor.shape for tensor in self.placing.model.INPUTS[entry].values())

    def epoch(self, number: int) -> Epoch:
        """The training windows of an epoch."""
        batch, seed = self.settings["batch"], self.settings["seed"]
        return Epoch(self.shards, batch, self.placing.model.LENGTH, seed, number, self.rungs, self.order)

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
        windows_of = functools.cache(windows)
        own: dict[str, NDArray[Any]] = {}
        for name in self.placing.model.INPUTS[entry]:
            bounds = self.placing.own_rows(entry, name, room)
            told = numbers.get(name)
            own[name] = self.filler.fill(name, windows_of(*bounds), counts) if told is None else np.asarray(told)
        return lambda: self.placing.inputs(entry, room, own)


def ahead(makers: Iterator[Any]) -> Iterator[Any]:
    """The same, made by another thread before they are asked for."""
    made: queue.Queue[Any] = queue.Queue(AHEAD)
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

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            value, why = made.get()
            if why is not None:
                raise why
            if value is None:
                return
            yield value
    finally:
        # A thread that is in JAX's code when Python ends aborts the process.
        stop.set()
        thread.join()


def agreed(value: int) -> int:
    """The most that any process says."""
    if jax.process_count() == 1:
        return value
    return int(np.max(multihost_utils.process_allgather(np.int32(value))))
