"""The scores of a trained model as StableHLO, with its numbers in it: what IREE compiles, and what `jax.export` opens again."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import jax
import jax.export  # is no attribute of jax until somebody imports it
import jax.numpy as jnp
import numpy as np

from .checkpoints import Checkpoint
from .files import compact, write_whole

_KNOWN = {"batch.missing": np.int32(0), "items.missing": np.int32(0)}


def exported(model: ModuleType, kept: Checkpoint, known: Mapping[str, int], out: Path, batch: int) -> str:
    """Writes `score.mlirbc`, `score.jax` and `items.json` into `out`; what was written, in a sentence.

    `known`: the sizes that data tell, by their symbols. `batch`: the histories of a call.
    """
    state = {name: jnp.asarray(kept.tensors[name]) for name, t in model.STATE.items() if t.role != "slot"}
    sizes = {**known, "batch": batch, "items": len(kept.items), "seq": model.LENGTH}
    seed = {"@seed": np.uint32(kept.settings["seed"]), "@step": np.uint32(0)}
    fixed = {name: jnp.asarray(v) for name, v in {**_KNOWN, **seed}.items() if name in model.SCORE}
    asked = {name: tensor for name, tensor in model.SCORE.items() if name not in fixed}
    specs = [
        jax.ShapeDtypeStruct(tuple(sizes[s] if isinstance(s, str) else s for s in t.shape), t.dtype)
        for t in asked.values()
    ]

    def score(*inputs: jax.Array) -> jax.Array:
        """Scores [batch, items] of what comes next."""
        return model.score(state, {**fixed, **dict(zip(asked, inputs, strict=True))})

    program = jax.export.export(jax.jit(score), platforms=("cpu", "cuda", "tpu"))(*specs)
    files = {
        "score.mlirbc": program.mlir_module_serialized,
        "score.jax": bytes(program.serialize()),
        "items.json": compact(kept.items).encode(),
    }
    for name, content in files.items():
        write_whole(out / name, lambda file, content=content: file.write(content) and None)
    shapes = ", ".join(f"{name} {spec.dtype}{list(spec.shape)}" for name, spec in zip(asked, specs, strict=True))
    return (
        f"Wrote {', '.join(files)} to {out} from {kept.path}. "
        f"Inputs: {shapes}. Output: scores float32{[batch, len(kept.items)]}."
    )
