"""Prints what the emitted program makes of shards and of random streams, as JSON; `data.test.ts` holds that to the trainer."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from trainer.batches import Counts, Epoch, Filler, Part, Windows
from trainer.begins import initial
from trainer.draws import shuffled, stream
from trainer.shards import Shards


def digest(values: np.ndarray) -> str:
    """Of a flat array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def batches(ask: dict) -> dict:
    """Digests of every input of every batch, read whole and in two pieces."""
    shards = Shards(Path(ask["shards"]), "reader", "2-0123", verify=True)
    filler = Filler(shards)
    batch, length, found = ask["batch"], 5, {}

    def of(label: str, names: list, windows: Callable[[int, int], Windows], rows: int, step: int) -> None:
        counts = Counts(step=step, steps=ask["steps"], missing=batch - rows, items=shards.sizes["items"])
        pieces = [windows(0, batch), windows(0, 2), windows(2, batch)]
        for name in names:
            whole, first, second = (filler.fill(name, piece, counts) for piece in pieces)
            if "batch" in filler.table[name]["axes"]:
                assert (whole == np.concatenate([first, second])).all(), name
            found[f"{label} {name}"] = digest(whole)

    for epoch in range(ask["epochs"]):
        data = Epoch(shards, batch, length, ask["seed"], epoch)
        for i in range(len(data)):
            rows = min(batch, len(data.users) - i * batch)
            step = epoch * len(data) + i + 1
            of(
                f"train {epoch} {i}",
                ask["train"],
                lambda low, high, i=i, data=data: data.windows(i, low, high),
                rows,
                step,
            )
    for name in ("validation", "test"):
        part = Part(shards, name, batch, length)
        for i in range(len(part)):
            of(
                f"{name} {i}",
                ask["rank"],
                lambda low, high, i=i, part=part: part.windows(i, low, high),
                part.rows(i),
                0,
            )
    given = {name: digest(values) for name, values in shards.shared.items() if name.startswith("state ")}
    return {**found, **given}


def random(ask: dict) -> dict:
    """Orders, streams and first values."""
    values = {}
    for one in ask["states"]:
        whole = [slice(0, size) for size in one["shape"]]
        made = initial(ask["seed"], one["name"], one["axes"], one["shape"], one["init"], whole)
        part = [slice(size // 3, size) for size in one["shape"]]
        assert (
            initial(ask["seed"], one["name"], one["axes"], one["shape"], one["init"], part) == made[tuple(part)]
        ).all()
        values[one["name"]] = made.ravel().astype(float).tolist()
    return {
        "orders": [digest(shuffled(np.arange(n), ask["seed"], 3).astype(np.int32)) for n in ask["sizes"]],
        "streams": [stream(ask["seed"], 7, key) for key in ask["keys"]],
        "values": values,
    }


if __name__ == "__main__":
    request = json.loads(sys.stdin.read()) if len(sys.argv) < 2 else json.loads(sys.argv[1])
    json.dump({"batches": batches, "random": random}[request["ask"]](request), sys.stdout)
