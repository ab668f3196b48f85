"""What `train.py` does: from options to results."""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import model
import numpy as np
from jax.experimental import multihost_utils

from .checkpoints import Checkpoint, Values, beginning, grown
from .events import Event, Listener, View, log, records, start_log
from .files import write_whole
from .jobs import Job
from .judging import judged
from .placing import Placing, mesh_of
from .progress import BEGINNING, Progress, Settings, best, new_settings, resumed_settings
from .running import fit
from .shards import Shards
from .told import Refused, Usage

_ASIDE = ("last.safetensors", "best.safetensors", "metrics.jsonl", "split.json", "report.html")


def _silent(_: Event) -> None:
    """Of all processes the first tells."""


def _both(*listeners: Listener) -> Listener:
    def listen(event: Event) -> None:
        for one in listeners:
            one(event)

    return listen


def _opened(options: argparse.Namespace) -> tuple[Shards, Placing, Listener]:
    shards = Shards(options.shards, model.NAME, model.HASH, options.verify)
    model.FACTORS = jnp.dtype(options.dtype)
    placing = Placing(model, mesh_of(options.mesh), shards.sizes)
    if jax.process_index() > 0:
        return shards, placing, _silent
    return shards, placing, records() if options.json else View(model.NAME, shards.index.get("label"))


def _shapes(placing: Placing) -> Mapping[str, tuple[int, ...]]:
    return {name: placing.shape(name) for name in model.STATE}


def _opened_checkpoint(path: Path, shards: Shards, placing: Placing) -> Checkpoint:
    kept = Checkpoint(path, shards.manifest)
    kept.of_these(shards)
    kept.fits(_shapes(placing))
    return kept


def _set_aside(out: Path, listen: Listener) -> None:
    """A new run does not destroy an earlier one: its files move to `previous`, where the next new run replaces them."""
    found = [out / name for name in _ASIDE if (out / name).exists()]
    if not found:
        return
    try:
        (out / "previous").mkdir(exist_ok=True)
        for path in found:
            path.replace(out / "previous" / path.name)
    except OSError as why:
        raise Refused(f"The earlier run in {out} could not be moved to {out / 'previous'}: {why.strerror}.") from None
    listen(
        {
            "kind": "warning",
            "message": f"An earlier run was in {out}; its files are now in {out / 'previous'}. (--resume would have continued it.)",
        }
    )


def _begun(
    options: argparse.Namespace, out: Path, shards: Shards, placing: Placing, listen: Listener
) -> tuple[Settings, Progress, Values, bool]:
    """Settings, progress and first states of a run, and whether it goes on with one."""
    given: Mapping[str, Any] = vars(options)
    last = out / "last.safetensors"
    if options.resume and options.base is not None:
        raise Usage("--resume goes on with a run, and --from begins another: leave one of them out.")
    if options.resume and last.exists():
        kept = _opened_checkpoint(last, shards, placing)
        return resumed_settings(kept.settings, given), kept.progress, kept.values, True
    if options.resume:
        listen({"kind": "warning", "message": f"There is no checkpoint in {out} to resume, so a new run begins."})
    if options.base is None:
        settings = new_settings(shards.index, given)
        return settings, BEGINNING, beginning(placing, shards, settings["seed"]), False
    base = Checkpoint(options.base, shards.manifest)
    asked = {**given, **{n: given[n] if given[n] is not None else base.settings[n] for n in ("seed", "batch")}}
    before = base.progress["step"]
    settings = {**new_settings(shards.index, asked), "before": before}
    fresh = beginning(placing, shards, settings["seed"])
    return settings, {**BEGINNING, "step": before}, grown(base, placing, shards, fresh), False


def _alike(step: int, resumed: bool) -> None:
    """All processes must begin from the same checkpoint."""
    if jax.process_count() > 1:
        all_steps = np.ravel(multihost_utils.process_allgather(np.int32(2 * step + resumed)))
        if len(set(all_steps.tolist())) > 1:
            raise Refused(
                "The processes of this run found different checkpoints: --out must name one folder that all of them see."
            )


def _backend(placing: Placing) -> str:
    shape = placing.mesh.shape
    kinds = {device.device_kind for device in placing.mesh.devices.flat}
    return f"jax {jax.__version__} on {'/'.join(sorted(kinds))} (data={shape['data']}, table={shape['table']})"


def train(options: argparse.Namespace) -> int:
    """Trains, and tests the best epoch once."""
    began = time.monotonic()
    shards, placing, tell = _opened(options)
    out: Path = options.out or Path("runs") / model.NAME
    settings, progress, values, resumed = _begun(options, out, shards, placing, tell)
    _alike(progress["step"], resumed)
    state = placing.states(values)
    first = jax.process_index() == 0
    if first:
        if not resumed:
            _set_aside(out, tell)
        start_log(out / "metrics.jsonl", progress["epoch"])
        if shards.index["splitText"] is not None:
            write_whole(out / "split.json", lambda file: file.write(shards.index["splitText"].encode()) and None)
    listen = _both(tell, log(out / "metrics.jsonl")) if first else _silent
    job = Job(
        placing,
        shards,
        settings,
        out,
        listen,
        save_steps=options.checkpoint_steps,
        save_seconds=options.checkpoint_seconds,
        lengths=options.lengths,
        remat=options.remat == "blocks",
    )
    job.signals.listen()
    listen(
        {
            "kind": "start",
            "model": model.NAME,
            "manifest": model.HASH,
            "backend": _backend(placing),
            "device": "jax",
            "parameters": sum(
                int(np.prod(shape)) for name, shape in _shapes(placing).items() if model.STATE[name].role == "parameter"
            ),
            "settings": settings,
            "data": shards.index["data"],
            "statistics": shards.index["statistics"],
            "reading": shards.index["reading"],
            **({"label": shards.index["label"]} if "label" in shards.index else {}),
            "batches": job.batches,
            "out": str(out),
            "step": progress["step"],
        }
    )
    progress, _, interrupted = fit(job, progress, state)
    if interrupted:
        return job.signals.code or 1
    if "trainOn" in settings or not options.test:
        listen(
            {
                "kind": "trained",
                "epoch": progress["epoch"],
                "checkpoint": str(job.path("best")),
                "seconds": time.monotonic() - began,
                **({} if "trainOn" in settings else {"heldOut": True}),
            }
        )
        return 0
    return _concluded(job, progress, began)


def _concluded(job: Job, progress: Progress, began: float) -> int:
    """The best parameters, tested once."""
    top = best(progress)
    kept = _opened_checkpoint(job.path("best"), job.shards, job.placing)
    if top is None or kept.progress["step"] != top["step"]:
        raise Refused(
            f"{job.path('best')} is not of this run's best epoch: some other run wrote there. Train anew in another --out."
        )
    result = judged(job, "test", kept.progress, job.placing.states(kept.values))
    if result is None:
        return job.signals.code or 1
    job.listen({**result, "seconds": time.monotonic() - began})
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Evaluates a checkpoint on the shards it was trained on."""
    began = time.monotonic()
    shards, placing, tell = _opened(options)
    kept = _opened_checkpoint(options.checkpoint, shards, placing)
    if "trainOn" in kept.settings:
        raise Refused(
            f"The checkpoint {kept.path} was trained on everything (--train-on all): there is nothing held out."
        )
    settings = {**kept.settings, "batch": options.batch or kept.settings["batch"]}
    job = Job(placing, shards, settings, kept.path.parent, tell, lengths=options.lengths)
    job.signals.listen()
    result = judged(job, options.part, kept.progress, placing.states(kept.values))
    if result is None:
        return job.signals.code or 1
    # A checkpoint holds the parameters of its own moment, which need not be the best one's.
    at = {name: kept.progress[name] for name in ("epoch", "step")}
    tell({**result, **at, "seconds": time.monotonic() - began})
    return 0


def export(options: argparse.Namespace) -> int:
    """Writes the scores of a checkpoint as a program that needs nothing of ours."""
    from .exporting import exported

    shards, placing, _ = _opened(options)
    if placing.mesh.size > 1 and options.mesh is not None:
        raise Usage("A program is exported for one device: leave --mesh out.")
    kept = Checkpoint(options.checkpoint, shards.manifest)
    kept.fits(_shapes(placing))
    print(exported(model, kept, shards.sizes, options.out, options.batch))
    return 0
