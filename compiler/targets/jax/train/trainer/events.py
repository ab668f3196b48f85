"""What a run tells: records, which `metrics.jsonl` and `--json` print as they are, and lines for people."""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .files import write_whole
from .told import plural

Event = Mapping[str, Any]
Listener = Callable[[Event], None]
FREQUENT = {"step", "evaluating"}
_PACE = 30.0
"""Seconds between two lines of progress where no line can be redrawn."""


def _plain(value: object) -> object:
    """Without what JSON has not: a number that is none becomes null, as in JavaScript."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def line(event: Event) -> str:
    """A record as a line of JSON."""
    return json.dumps(_plain(event), ensure_ascii=False, separators=(",", ":")) + "\n"


def start_log(path: Path, epoch: int) -> None:
    """Empties the log; that of a resumed run keeps what its checkpoint still vouches for."""

    def holds(text: str) -> bool:
        try:
            record = json.loads(text)
        except ValueError:  # a line cut short by a kill
            return False
        return record.get("kind") == "start" or (
            record.get("kind") == "epoch" and record.get("epoch", math.inf) <= epoch
        )

    kept = path.read_text("utf-8").splitlines(keepends=True) if epoch > 0 and path.exists() else []
    write_whole(path, lambda file: file.write("".join(filter(holds, kept)).encode()) and None)


def log(path: Path) -> Listener:
    """Appends every record but the frequent ones."""

    def listen(event: Event) -> None:
        if event["kind"] not in FREQUENT:
            with path.open("a", encoding="utf-8") as file:
                file.write(line(event))

    return listen


def duration(seconds: float) -> str:
    """Seconds as a person says them: `12 s`, `3 min 05 s`, `2 h 07 min`."""
    s = round(seconds)
    if s < 60:
        return f"{s} s"
    return f"{s // 60} min {s % 60:02} s" if s < 3600 else f"{s // 3600} h {s % 3600 // 60:02} min"


def _cells(words: list[str]) -> str:
    return "".join(word.rjust(9) for word in words)


def _figures(metrics: Mapping[str, float | None] | None) -> str:
    return "" if metrics is None else _cells(["-" if v is None else f"{v:.4f}" for v in metrics.values()])


_MEANINGS = {
    "standard": "standard: leave one out, epochs chosen on validation, tested once",
    "hstu": "hstu: no validation, best test epoch; optimistic, and only to compare with figures published that way",
}


def _opening(e: Event) -> str:
    s, data = e["settings"], e["statistics"]
    patience = s.get("patience")
    label = e.get("label")
    bring = "brings" if patience == 1 else "bring"
    better = "NDCG@10" if label is None else "AUC"
    until = "" if patience is None else f", until {plural(patience, 'epoch')} {bring} no better {better}"
    return "\n".join(
        [
            f"{e['model']} on {e['backend']}: {plural(e['parameters'], 'parameter')}, seed {s['seed']}",
            f"{data['name']}: {plural(data['users'], 'user')}, {plural(data['items'], 'item')}, "
            f"{plural(data['interactions'], 'interaction')}, mean length {data['meanLength']:.2f}",
            *e["reading"],
            *([] if "trainOn" in s or "split" in e["data"] else [f"Protocol {_MEANINGS[s['protocol']]}."]),
            *([] if label is None else [f"Predicts whether {label} of the next event, given its item."]),
            f"At most {plural(s['epochs'], 'epoch')} of {plural(e['batches'], 'batch', 'batches')} of "
            f"{plural(s['batch'], 'user')}{until}; everything is kept in {e['out']}.",
            *([f"Going on from step {e['step']:,}."] if e["step"] > 0 else []),
        ]
    )


def _rows(told: Sequence[tuple[str, Mapping[str, float | None]]]) -> list[str]:
    """A line for each of those compared, below the names of their measures."""
    first = max(len(name) for name, _ in told)
    return [" " * first + _cells(list(told[0][1])), *(f"{name:<{first}}{_figures(m)}" for name, m in told)]


def _ranks(e: Event) -> list[str]:
    """The model beside rankings by counts, and what there is to say of items that training never met."""
    rows = _rows([(e["name"], e["model"]), *((of, e[of]) for of in ("popularity", "markov"))])
    unmet = e.get("unmet")
    said = (
        [
            f"{plural(unmet['wanted'], 'wanted item')} training never met; the median of their ranks is {unmet['rank']:,.0f}."
        ]
        if unmet
        else []
    )
    return [*rows, *said]


_UNTOLD = {
    "AUC": "There is no AUC: of these events it holds of all or of none, so there is nothing to tell apart.",
    "GAUC": "There is no GAUC: nobody has both an event of which it holds and one of which it does not.",
}


def _label(name: str, told: Mapping[str, Any]) -> list[str]:
    """How well a label was told, beside the items' own means, and what cannot be told of events that are all alike."""
    untold = [said for measure, said in _UNTOLD.items() if told["model"][measure] is None]
    return [
        f"Whether {told['label']}, of {plural(told['events'], 'event')}, of which it holds of {told['holds']:,}:",
        *_rows([(name, told["model"]), ("item mean", told["items"])]),
        *untold[:1],
    ]


def _table(e: Event) -> str:
    ranked = e["model"]["MRR"] is not None
    best = " (the best on test: optimistic)" if e["protocol"] == "hstu" else ""
    how = ", full ranking" if ranked else ""
    return "\n".join(
        [
            f"On {e['part']}, {plural(e['users'], 'user')}{how}, parameters of epoch {e['epoch']}{best}:",
            *(_ranks(e) if ranked else []),
            *(_label(e["name"], e["label"]) if "label" in e else []),
            f"Done in {duration(e['seconds'])}.",
        ]
    )


class View:
    """Tells a run to a person: one line that is redrawn on a terminal, a line now and then elsewhere."""

    def __init__(self, name: str, label: str | None) -> None:
        self.name = name
        self.judging = "ranking all items" if label is None else f"telling {label}"
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
        self.last = time.monotonic()
        self.headed = False

    def __call__(self, event: Event) -> None:
        tell = getattr(self, f"_{event['kind']}")
        if event["kind"] not in FREQUENT and self.live:
            sys.stderr.write("\r\x1b[K")
        tell(event)

    def _tick(self, text: str) -> None:
        if self.live:
            sys.stderr.write(f"\r\x1b[K{text[: os.get_terminal_size(2).columns - 1]}")
        elif time.monotonic() - self.last >= _PACE:
            self.last = time.monotonic()
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _step(self, e: Event) -> None:
        rate = e["stepsPerSecond"]
        left = duration((e["batches"] - e["batch"]) / max(rate, 1e-9))
        self._tick(
            f"epoch {e['epoch']} {e['batch']}/{e['batches']}  loss {e['loss']:.4f}, {rate:.{1 if rate < 10 else 0}f} steps/s, {left} left"
        )

    def _evaluating(self, e: Event) -> None:
        self._tick(f"{e['part']} {e['batch']}/{e['batches']}  {self.judging}")

    def _start(self, e: Event) -> None:
        print(_opening(e), flush=True)

    def _epoch(self, e: Event) -> None:
        figures = e["metrics"] or e.get("label")
        if not self.headed:
            names = list(figures or {})
            print(f"{'epoch':>5}{'loss':>11}{_cells(names)}{'seconds':>9}{'' if not names else '  on ' + e['part']}")
        self.headed = True
        best = "  best" if e["best"] and figures is not None else ""
        failed = f"  {plural(e['unconverged'], 'row')} unconverged" if e["unconverged"] else ""
        print(f"{e['epoch']:>5}{e['loss']:>11.5f}{_figures(figures)}{e['seconds']:>9.1f}{best}{failed}", flush=True)

    def _interrupted(self, e: Event) -> None:
        print(
            f"Interrupted after step {e['step']:,}, saved in {e['checkpoint']}; the same command with --resume goes on from there.",
            flush=True,
        )

    def _trained(self, e: Event) -> None:
        rest = (
            ", and not tested" if e.get("heldOut") else " on everything: nothing was held out, so there are no figures"
        )
        print(
            f"Trained for {plural(e['epoch'], 'epoch')}{rest}. The model is in {e['checkpoint']}.\nDone in {duration(e['seconds'])}."
        )

    def _result(self, e: Event) -> None:
        print(_table({**e, "name": self.name}), flush=True)

    def _warning(self, e: Event) -> None:
        print(f"Warning: {e['message']}", file=sys.stderr, flush=True)

    def _failed(self, e: Event) -> None:
        print(f"Error: {e['message']}", file=sys.stderr, flush=True)


def records() -> Listener:
    """Prints records as JSON lines, those of steps once a second at most."""
    last = -math.inf

    def listen(event: Event) -> None:
        nonlocal last
        if event["kind"] in FREQUENT:
            if time.monotonic() - last < 1:
                return
            last = time.monotonic()
        sys.stdout.write(line(event))
        sys.stdout.flush()
        if event["kind"] in ("warning", "failed"):
            sys.stderr.write(f"{'Warning' if event['kind'] == 'warning' else 'Error'}: {event['message']}\n")

    return listen
