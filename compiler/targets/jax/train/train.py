#!/usr/bin/env python3
"""Trains, evaluates and exports the model beside this file. `python train.py --help` tells the options.

Exit codes are those of `trainer.js`: 0 done, 1 failed, 2 usage, 130 and 143 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from trainer.progress import LENGTHS, RANGES
from trainer.told import Refused, Usage

COMMANDS = ("train", "evaluate", "export")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise Usage(f"{message} (--help tells the options)")


def counted(name: str) -> object:
    """A whole number in the range of an option."""
    low, high = {**RANGES, "lengths": LENGTHS}[name]

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"it takes a whole number from {low} to {high}, not {text!r}.")
        return value

    return number


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"it takes a number above 0, not {text!r}.")
    return value


def parser() -> Parser:
    """The command line."""
    of = Parser("train.py", description=__doc__.split("\n")[0], allow_abbrev=False)
    commands = of.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    environment = os.environ.get

    def command(name: str, help: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        one.add_argument("--shards", type=Path, required=True, help="folder that `trainer.js pack` wrote")
        one.add_argument("--verify", action="store_true", help="check the sha-256 of every file of the shards first")
        one.add_argument("--mesh", help="devices along the axes, as data=4,table=2 (default: all along data)")
        one.add_argument(
            "--dtype",
            choices=["float32", "bfloat16"],
            default="float32",
            help="what matrix products are computed of; sums and states are float32 in any case",
        )
        one.add_argument("--json", action="store_true", help="print JSON lines and nothing else on the standard output")
        several = one.add_argument_group("several processes (each given its own --process, or all told by the cluster)")
        several.add_argument(
            "--coordinator", default=environment("JAX_COORDINATOR_ADDRESS"), help="HOST:PORT of process 0"
        )
        several.add_argument(
            "--processes", type=int, default=environment("JAX_NUM_PROCESSES"), help="how many there are"
        )
        several.add_argument(
            "--process", type=int, default=environment("JAX_PROCESS_ID"), help="which one this is, from 0"
        )
        several.add_argument(
            "--heartbeat",
            type=int,
            default=60,
            metavar="N",
            help="seconds of silence after which one counts as gone (60)",
        )
        several.add_argument("--cluster", action="store_true", help="ask Slurm, Kubernetes or the TPU pod for these")
        return one

    train = command(
        "train", "Train, choosing the epoch on validation, and test once. What train.py does without a command."
    )
    for name, text in {
        "epochs": "passes over the data at most",
        "batch": "users of a batch",
        "seed": "decides every random number",
        "patience": "epochs without a better validation NDCG@10 (of a label, AUC) before stopping",
    }.items():
        train.add_argument(f"--{name}", type=counted(name), metavar="N", help=f"{text} (default: the model's)")
    train.add_argument("--out", type=Path, help="folder of checkpoints and metrics (default: runs/<model>)")
    train.add_argument("--protocol", choices=["standard", "hstu"], help="the one that the shards were packed under")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint in the folder")
    train.add_argument(
        "--from", dest="base", type=Path, metavar="CHECKPOINT", help="go on from a checkpoint on new data"
    )
    train.add_argument(
        "--checkpoint-steps", type=positive, default=float("inf"), metavar="N", help="save after so many steps"
    )
    train.add_argument(
        "--checkpoint-seconds", type=positive, default=60.0, metavar="N", help="save after so many seconds (60)"
    )
    train.add_argument(
        "--order",
        choices=["plain", "length"],
        help="of batches: as trainer.js has it (plain), or with rows of about one length together",
    )
    train.add_argument(
        "--remat",
        choices=["none", "blocks"],
        default="none",
        help="what derivatives read is kept from the forward pass (none), or worked out again block by block, which takes less memory",
    )
    train.add_argument("--no-test", dest="test", action="store_false", help="leave the test alone")

    evaluate = command("evaluate", "Judge a checkpoint, of this program or of trainer.js, by the held-out items.")
    evaluate.add_argument("--checkpoint", type=Path, required=True, help="the checkpoint to use")
    evaluate.add_argument("--part", choices=["validation", "test"], default="test", help="which items")
    evaluate.add_argument(
        "--batch", type=counted("batch"), metavar="N", help="users of a batch (default: as in training)"
    )

    for one in (train, evaluate):
        one.add_argument(
            "--lengths",
            type=counted("lengths"),
            default=4,
            metavar="N",
            help="how many lengths batches may have, each compiled once (4)",
        )

    export = command("export", "Write the scores of a checkpoint as StableHLO, for IREE and for jax.export.")
    export.add_argument("--checkpoint", type=Path, required=True, help="the checkpoint to use")
    export.add_argument("--out", type=Path, required=True, help="folder of the files")
    export.add_argument(
        "--batch", type=counted("batch"), default=1, metavar="N", help="histories of a call (default: 1)"
    )
    return of


def joined(options: argparse.Namespace) -> None:
    """Joins the other processes of a run."""
    import jax

    given = [options.coordinator, options.processes, options.process]
    if options.cluster:
        jax.distributed.initialize(heartbeat_timeout_seconds=options.heartbeat)
    elif any(value is not None for value in given):
        if None in given:
            raise Usage("--coordinator, --processes and --process belong together: give all three, or --cluster.")
        if not 0 <= options.process < options.processes:
            raise Usage(f"--process is one of 0 .. {options.processes - 1}, not {options.process}.")
        jax.distributed.initialize(
            options.coordinator,
            options.processes,
            options.process,
            heartbeat_timeout_seconds=options.heartbeat,
        )


def run(argv: Sequence[str]) -> int:
    """Runs a command line and gives its exit code."""
    words = list(argv)
    if not words or (words[0] not in COMMANDS and words[0] not in ("-h", "--help")):
        words.insert(0, "train")
    options = parser().parse_args(words)
    joined(options)
    from trainer import commands

    return getattr(commands, options.command)(options)


def main(argv: Sequence[str]) -> int:
    """The same, with sentences in the place of exceptions."""
    try:
        return run(argv)
    except Usage as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    except Refused as why:
        print(f"Error: {why}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as why:
        here = Path(__file__).parent
        print(
            f"Error: {why}: install what is needed with `pip install -r {here / 'requirements.txt'}`.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as why:
        if os.environ.get("PCREC_TRACE"):
            raise
        print(
            f"Error: {type(why).__name__}: {str(why).splitlines()[0] if str(why) else 'no more is known'}",
            file=sys.stderr,
        )
        print("(PCREC_TRACE=1 shows where.)", file=sys.stderr)
        return 1


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.exit(code)
