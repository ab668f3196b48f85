"""Runs emitted modules on data that lie beside them: each folder given has a model.py and a data.json, and gets a results.json.

    python driver.py MESH step,stepByJax,read,moved FOLDER...

MESH: `data=4,table=2` puts arrays on so many devices, or `none`. Rows of batches and of item tables are then more than there are, as many as
divide among the devices; the further ones hold numbers that nothing may read.
"""

import functools
import importlib.util
import json
import math
import pathlib
import re
import sys

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding

AXES = {"batch": "data", "items": "table"}


def mesh_of(text: str) -> Mesh | None:
    if text == "none":
        return None
    axes = dict(part.split("=") for part in text.split(","))
    sizes = [int(n) for n in axes.values()]
    return Mesh(np.array(jax.devices()[: int(np.prod(sizes))]).reshape(sizes), tuple(axes))


def module_of(folder: pathlib.Path):
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grown(tensor, flat, sizes, more):
    """An array as it is described, with so many rows more as divide; they hold what nobody may meet."""
    shape = [sizes.get(size, size) for size in tensor.shape]
    whole = [sizes["whole"] if size == "seq" else length for size, length in zip(tensor.shape, shape)]
    array = np.asarray(flat, tensor.dtype).reshape(whole)[tuple(slice(0, length) for length in shape)]
    pads = [(0, more.get(size, 0)) for size in tensor.shape]
    filler = 7 if tensor.role == "input" and array.dtype == np.float32 else 0
    return np.pad(array, pads, constant_values=filler) if tensor.shape else array


def placed(arrays, specs, mesh):
    if mesh is None:
        return arrays
    return {name: jax.device_put(x, NamedSharding(mesh, specs[name])) for name, x in arrays.items()}


def kept(tensor, x, more):
    return np.asarray(x)[tuple(slice(0, n - more.get(size, 0)) for size, n in zip(tensor.shape, x.shape))]


def listed(x) -> list[float | None]:
    """JSON has no word for what is no number."""
    return [n if math.isfinite(n) else None for n in np.asarray(x, np.float64).ravel().tolist()]


def beyond(tensor, x, sizes) -> float:
    """The largest number in rows of item tables that do not exist."""
    if "items" not in tensor.shape:
        return 0.0
    rows = np.take(np.asarray(x), range(sizes["items"], x.shape[tensor.shape.index("items")]), axis=tensor.shape.index("items"))
    return float(np.abs(rows).max(initial=0))


def ran(folder: pathlib.Path, mesh: Mesh | None, asked: list[str]) -> dict:
    model = module_of(folder)
    data = json.loads((folder / "data.json").read_text())
    sizes = {**data["sizes"], "seq": model.LENGTH, "whole": model.LENGTH}
    more = {} if mesh is None else {s: -sizes[s] % mesh.shape.get(axis, 1) for s, axis in AXES.items()}
    missing = {"batch.missing": [more.get("batch", 0)], "items.missing": [more.get("items", 0)]}
    specs = {} if mesh is None else model.specs(mesh)
    state = {n: grown(t, data["states"][n], sizes, more) for n, t in model.STATE.items()}
    state = placed(state, specs.get("state"), mesh)

    def inputs(entry: str, short: bool = False):
        given = {**data["inputs"][entry], **missing}
        length = max(given["seq.lengths"]) if short else model.LENGTH
        own = {**sizes, "seq": length}
        arrays = {n: grown(t, given[n], own, more) for n, t in model.INPUTS[entry].items()}
        return placed(arrays, specs.get(entry), mesh)

    def stepped(step, short: bool = False):
        new, outputs = jax.jit(step)(state, inputs("train", short))
        return {
            "states": {n: listed(kept(t, new[n], more)) for n, t in model.STATE.items()},
            "beyond": max(beyond(t, new[n], sizes) for n, t in model.STATE.items()),
            "loss": listed(outputs["loss"])[0],
        }

    def remat():
        """How far the step that works blocks out again is from the other, its loss in bfloat16, and what both take of memory."""
        kept, again = (jax.jit(functools.partial(model.step, remat=r))(state, inputs("train"))[0] for r in (False, True))
        size = {**sizes, "batch": 64}
        shapes = [
            {n: jax.ShapeDtypeStruct(tuple(size.get(s, s) for s in t.shape), t.dtype) for n, t in of.items()}
            for of in (model.STATE, model.BATCH)
        ]
        compiled = [jax.jit(functools.partial(model.step, remat=r)).lower(*shapes).compile() for r in (False, True)]
        model.FACTORS = jax.numpy.bfloat16
        rough, told = jax.jit(lambda *of: model.step(*of))(state, inputs("train"))
        model.FACTORS = jax.numpy.float32
        return {
            "off": max(float(abs(kept[n] - again[n]).max()) for n in kept),
            "temporary": [c.memory_analysis().temp_size_in_bytes for c in compiled],
            "rough": float(told["loss"]),
            "types": sorted({str(x.dtype) for x in rough.values()}),
        }

    def read(short: bool = False):
        both = jax.jit(lambda state, given, ranked: (model.score(state, given), model.rank(state, ranked)))
        scores, rank = both(state, inputs("score", short), inputs("rank", short))
        rows, items = sizes["batch"], sizes["items"]
        told = {"scores": listed(scores[:rows, :items]), "rank": listed(rank[:rows])}
        if "predict" not in model.INPUTS:
            return told
        return {**told, "logit": listed(jax.jit(model.predict)(state, inputs("predict", short))[:rows])}

    results = {
        "step": lambda: stepped(model.step),
        "stepShort": lambda: stepped(model.step, short=True),
        "stepByJax": lambda: stepped(model.step_by_jax),
        "read": read,
        "readShort": lambda: read(short=True),
        "remat": remat,
        "moved": lambda: {e: moved(model, e, sizes, mesh) for e in ("train", "rank", "score")},
    }
    return {name: results[name]() for name in asked}


# As many items as make a table larger than anything else, and rows of a batch that divide.
LARGE = {"items": 4096, "batch": 8}


def moved(model, entry: str, sizes, mesh: Mesh) -> list[dict]:
    """What the devices exchange in the compiled program of an entry, at LARGE: operations of XLA, and how many numbers each gives."""
    size = {**sizes, "seq": model.LENGTH, **LARGE}
    specs = model.specs(mesh)

    def abstract(tensors, of):
        return {
            n: jax.ShapeDtypeStruct(
                tuple(size.get(s, s) for s in t.shape), np.dtype(t.dtype), sharding=NamedSharding(mesh, specs[of][n])
            )
            for n, t in tensors.items()
        }

    states = {n: NamedSharding(mesh, s) for n, s in specs["state"].items()}
    function = {"train": model.step, "rank": model.rank, "score": model.score}[entry]
    jitted = jax.jit(function, out_shardings=(states, None)) if entry == "train" else jax.jit(function)
    text = jitted.lower(abstract(model.STATE, "state"), abstract(model.INPUTS[entry], entry)).compile().as_text()
    found = re.findall(
        r"= (.*?) (all-gather|all-reduce|all-to-all|collective-permute|reduce-scatter)(?:-start)?\(", text
    )
    return [
        {"operation": operation, "numbers": math.prod(int(n) for n in shape.split(",") if n)}
        for shapes, operation in found
        for shape in re.findall(r"\[([\d,]*)\]", shapes)
    ]


if __name__ == "__main__":
    chosen = mesh_of(sys.argv[1])
    for given in map(pathlib.Path, sys.argv[3:]):
        (given / "results.json").write_text(json.dumps(ran(given, chosen, sys.argv[2].split(","))))
