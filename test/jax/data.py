"""Prints what the emitted program makes of shards and of random streams, as JSON; `data.test.ts` holds that to the trainer."""

import hashlib
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from trainer.batches import Counts, Epoch, Filler, Part, Windows
from trainer.begins import initial
from trainer.draws import shuffled, stream
from trainer.lengths import alike, ladder, rung_of
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


def lengths(ask: dict) -> dict:
    """Laws of lengths: no choice of as many fills up less, orders are of the same users, and batches are cut where nothing stands."""
    numbers = np.random.default_rng(ask["seed"])
    for longest, most in itertools.product((5, 8, 20, 50), (1, 2, 3)):
        own = np.minimum(1 + numbers.geometric(0.08, 400), longest)

        def filled(rungs: tuple, own: np.ndarray = own) -> int:
            return sum(rung_of(rungs, int(n)) for n in own)

        found = ladder(own, longest, most)
        assert found[-1] == longest and len(found) <= most and list(found) == sorted(set(found)), found
        steps = range(8, longest, 8)
        others = [(*c, longest) for k in range(most) for c in itertools.combinations(steps, k)]
        assert filled(found) == min(map(filled, others)), (found, longest, most)
        users = numbers.permutation(len(own))
        order = alike(users, own[users], found, 32, ask["seed"], 1)
        assert sorted(order) == list(range(len(own)))
        assert (order == alike(users, own[users], found, 32, ask["seed"], 1)).all()
        used = [{rung_of(found, int(n)) for n in own[order[low : low + 32]]} for low in range(0, len(own), 32)]
        assert sum(len(one) > 1 for one in used) < len(found), used
    shards = Shards(Path(ask["shards"]), "reader", "2-0123")
    filler, cut = Filler(shards), 0
    for order in ("plain", "length"):
        data = Epoch(shards, 4, 5, ask["seed"], 0, (2, 3, 5), order)
        assert sorted(data.users) == sorted(Epoch(shards, 4, 5, ask["seed"], 0).users)
        for i in range(len(data)):
            windows = data.windows(i, 0, 4)
            whole = Windows(windows.users, windows.starts, windows.ends, 4, 5)
            for name in ask["train"]:
                short, long = (
                    filler.fill(name, w, Counts(missing=4 - len(w.users), items=shards.sizes["items"]))
                    for w in (windows, whole)
                )
                if "seq" in filler.table[name]["axes"]:
                    assert (short == long[:, : windows.length]).all() and not long[:, windows.length :].any(), name
                    cut += long.shape[1] - short.shape[1]
                elif "batch" in filler.table[name]["axes"]:
                    assert (short == long).all(), name
    parts = [Part(shards, "test", 4, 5, n) for n in (1, 3)]
    assert sorted(parts[1].order) == list(range(len(parts[0].wanted)))
    return {"cut": cut}


if __name__ == "__main__":
    request = json.loads(sys.stdin.read()) if len(sys.argv) < 2 else json.loads(sys.argv[1])
    json.dump({"batches": batches, "random": random, "lengths": lengths}[request["ask"]](request), sys.stdout)
