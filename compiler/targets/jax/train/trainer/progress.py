"""Settings of a run and where it stands, as checkpoints keep them: equal, key by key, to those of `trainer.js`."""

from collections.abc import Mapping
from typing import Any

from .told import Usage

Settings = dict[str, Any]
Progress = dict[str, Any]

RANGES = {"epochs": (1, 1_000_000), "batch": (1, 65_536), "seed": (0, 2**32 - 1), "patience": (1, 1_000_000)}
LENGTHS = (1, 6)
"""How many lengths batches may have."""
BEGINNING: Progress = {"step": 0, "epoch": 0, "batch": 0, "loss": 0, "unconverged": 0, "history": []}


def new_settings(index: Mapping[str, Any], given: Mapping[str, Any]) -> Settings:
    """The settings of a new run: what is asked for, else what the model says."""
    held = {"protocol": index["protocol"], **({"trainOn": index["trainOn"]} if "trainOn" in index else {})}
    if given.get("protocol") not in (None, index["protocol"]):
        raise Usage(
            f"The shards were packed under --protocol {index['protocol']}, and --protocol {given['protocol']} holds out "
            "other events: pack the data again with it."
        )
    if given.get("patience") is not None and (held["protocol"] == "hstu" or "trainOn" in held):
        raise Usage(
            "--patience needs validation, and these shards have none: leave it out, and give the --epochs that were best before."
        )
    chosen = {name: index["defaults"][name] if given.get(name) is None else given[name] for name in RANGES}
    order = ("seed", "batch", "epochs", "patience")
    # The trainer's own order goes without saying: these are its settings.
    own = {"order": given["order"]} if given.get("order") not in (None, "plain") else {}
    return {**{name: chosen[name] for name in order}, **held, **own}


def resumed_settings(kept: Settings, given: Mapping[str, Any]) -> Settings:
    """The settings of a resumed run: those it began with; only its end may move."""
    for name in ("seed", "batch", "protocol", "order"):
        had = kept.get(name, "plain" if name == "order" else None)
        if given.get(name) not in (None, had):
            raise Usage(
                f"--{name} {given[name]} contradicts the run to resume, which has --{name} {had}: "
                "leave it out, or begin a new run without --resume."
            )
    if kept.get("patience") is None and given.get("patience") is not None:
        raise Usage("--patience needs validation, and the run to resume has none: leave it out.")
    return {**kept, **{name: given[name] for name in ("epochs", "patience") if given.get(name) is not None}}


def stepped(progress: Progress, loss: float, unconverged: int) -> Progress:
    """After one optimizer step."""
    return {
        **progress,
        "step": progress["step"] + 1,
        "batch": progress["batch"] + 1,
        "loss": progress["loss"] + loss,
        "unconverged": progress["unconverged"] + unconverged,
    }


def closed(progress: Progress, figures: Mapping[str, Any]) -> Progress:
    """After the evaluation that closes an epoch: `metrics`, and `label` of a model that predicts one."""
    epoch = {
        "epoch": progress["epoch"] + 1,
        "step": progress["step"],
        "loss": progress["loss"] / max(1, progress["batch"]),
        "unconverged": progress["unconverged"],
        **figures,
    }
    return {
        **BEGINNING,
        "step": progress["step"],
        "epoch": epoch["epoch"],
        "history": [*progress["history"], epoch],
    }


def merit(epoch: Mapping[str, Any]) -> float:
    """What epochs are chosen by: NDCG@10, or AUC of a label, and where that cannot be told its log loss, negated.

    Where nothing is held out a later epoch is taken for a better one.
    """
    metrics, label = epoch["metrics"] or {}, epoch.get("label") or {}
    loss = label.get("log loss")
    told = (metrics.get("NDCG@10"), label.get("AUC"), None if loss is None else -loss)
    return next((value for value in told if value is not None), epoch["epoch"])


def best(progress: Progress) -> Mapping[str, Any] | None:
    """The best epoch so far; the earliest of equals."""
    return max(progress["history"], key=merit, default=None)


def ended(settings: Settings, progress: Progress) -> bool:
    """Whether a run is over, by its epochs or by its patience."""
    top = best(progress)
    patience = settings.get("patience")
    return progress["epoch"] >= settings["epochs"] or (
        patience is not None and top is not None and progress["epoch"] - top["epoch"] >= patience
    )
