"""Runs emitted modules on data that lie beside them: each folder given has a model.py and a data.json, and gets a results.json.

    python driver.py MESH FOLDER...

MESH: `data=4,table=2` puts arrays on so many devices, or `none`. Rows of batches and of item tables are then more than there are, as many as
divide among the devices; the further ones hold numbers that nothing may read.
"""

import importlib.util
import json
import math
import pathlib
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
    array = np.asarray(flat, tensor.dtype).reshape(shape)
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


def ran(folder: pathlib.Path, mesh: Mesh | None) -> dict:
    model = module_of(folder)
    data = json.loads((folder / "data.json").read_text())
    sizes = data["sizes"]
    more = {} if mesh is None else {s: -sizes[s] % mesh.shape.get(axis, 1) for s, axis in AXES.items()}
    missing = {"batch.missing": [more.get("batch", 0)], "items.missing": [more.get("items", 0)]}
    specs = {} if mesh is None else model.specs(mesh)
    state = {n: grown(t, data["states"][n], sizes, more) for n, t in model.STATE.items()}
    state = placed(state, specs.get("state"), mesh)

    def inputs(entry: str):
        given = {**data["inputs"][entry], **missing}
        arrays = {n: grown(t, given[n], sizes, more) for n, t in model.INPUTS[entry].items()}
        return placed(arrays, specs.get(entry), mesh)

    def told(stepped):
        new, outputs = stepped
        return {
            "states": {n: listed(kept(t, new[n], more)) for n, t in model.STATE.items()},
            "beyond": {n: float(np.abs(x).max(initial=0)) for n, t in model.STATE.items() if (x := beyond(t, new[n])).size},
            "loss": listed(outputs["loss"])[0],
        }

    def beyond(tensor, x):
        if not more.get("items") or "items" not in tensor.shape:
            return np.zeros(0)
        return np.take(np.asarray(x), range(sizes["items"], x.shape[0]), axis=tensor.shape.index("items"))

    rows, items = sizes["batch"], sizes["items"]
    batch = inputs("train")
    results = {"step": told(jax.jit(model.step)(state, batch))}
    if hasattr(model, "step_by_jax"):
        results["stepByJax"] = told(jax.jit(model.step_by_jax)(state, batch))
    read = jax.jit(lambda state, given, asked: (model.score(state, given), model.rank(state, asked)))
    scores, rank = read(state, inputs("score"), inputs("rank"))
    results["scores"], results["rank"] = listed(scores[:rows, :items]), listed(rank[:rows])
    return results


if __name__ == "__main__":
    chosen = mesh_of(sys.argv[1])
    for given in map(pathlib.Path, sys.argv[2:]):
        (given / "results.json").write_text(json.dumps(ran(given, chosen)))
        print(given.name, flush=True)
