"""What one training step of an emitted `model.py` moves between devices, read from the compiled program. `--help` tells the options.

Nothing is trained and no table is made: the step is compiled for shapes alone, on as many devices of the processor as the mesh asks for.
"""

import argparse
import importlib.util
import json
import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_WIDTHS = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}
_KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_CALL = re.compile(rf"= (?P<result>.*?) (?P<kind>{'|'.join(_KINDS)})(?:-start)?\(")
_ARRAY = re.compile(r"(\w+)\[([\d,]*)\]")


def loaded(path: Path) -> ModuleType:
    """The module `model.py`."""
    spec = importlib.util.spec_from_file_location("model", path)
    if spec is None or spec.loader is None or not path.exists():
        sys.exit(f"There is no {path}: compile a model with --target jax, and name its model.py.")
    model = importlib.util.module_from_spec(spec)
    sys.modules["model"] = model
    spec.loader.exec_module(model)
    return model


def collectives(text: str) -> Iterator[dict[str, Any]]:
    """Each collective of a compiled program: its kind, the arrays that come out of it, and their bytes on a device."""
    for line in text.splitlines():
        found = _CALL.search(line)
        if found is None:
            continue
        arrays = [(t, [int(n) for n in shape.split(",") if n]) for t, shape in _ARRAY.findall(found["result"])]
        size = sum(_WIDTHS[t] * math.prod(shape) for t, shape in arrays)
        group = re.search(r"replica_groups=(\S+?),? ", line + " ")
        yield {
            "kind": found["kind"],
            "arrays": [f"{t}{shape}" for t, shape in arrays],
            "bytes": size,
            "groups": group[1] if group else "",
        }


def compiled(model: ModuleType, data: int, table: int, batch: int, items: int) -> Any:  # noqa: ANN401 - jax's own
    """The step, compiled for a mesh."""
    import jax
    import numpy as np
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    devices = np.array(jax.devices()[: data * table]).reshape(data, table)
    mesh = Mesh(devices, ("data", "table"))
    sizes = {"items": -(-items // table) * table, "batch": batch, "seq": model.LENGTH}
    specs = model.specs(mesh)

    def shaped(tensors: dict[str, Any], entry: str) -> dict[str, Any]:
        return {
            name: jax.ShapeDtypeStruct(
                tuple(sizes[s] if isinstance(s, str) else s for s in t.shape),
                t.dtype,
                sharding=NamedSharding(mesh, specs[entry][name]),
            )
            for name, t in tensors.items()
        }

    shardings = {name: NamedSharding(mesh, spec) for name, spec in specs["state"].items()}
    step = jax.jit(model.step, donate_argnums=0, out_shardings=(shardings, NamedSharding(mesh, PartitionSpec())))
    return step.lower(shaped(model.STATE, "state"), shaped(model.BATCH, "train")).compile()


def main() -> None:
    """Prints the collectives, the largest first."""
    of = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    of.add_argument("model", type=Path, help="the model.py")
    of.add_argument("--data", type=int, default=2, help="devices along data")
    of.add_argument("--table", type=int, default=2, help="devices along table")
    of.add_argument("--batch", type=int, default=128, help="users of a batch, over all devices")
    of.add_argument("--items", type=int, default=10_000, help="items of the catalogue")
    of.add_argument("--json", action="store_true", help="print JSON")
    options = of.parse_args()
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={options.data * options.table}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    program = compiled(loaded(options.model), options.data, options.table, options.batch, options.items)
    found = sorted(collectives(program.as_text()), key=lambda one: -one["bytes"])
    memory = program.memory_analysis()
    told = {
        "collectives": found,
        "arguments": memory.argument_size_in_bytes,
        "temporary": memory.temp_size_in_bytes,
    }
    if options.json:
        json.dump(told, sys.stdout)
        return
    for one in found:
        print(f"{one['bytes']:>14,}  {one['kind']:<18}  {one['groups']:<24}  {' '.join(one['arrays'])}")
    print(
        f"{sum(one['bytes'] for one in found):>14,}  bytes a device and step; arguments {told['arguments']:,}, temporary {told['temporary']:,}"
    )


if __name__ == "__main__":
    main()
