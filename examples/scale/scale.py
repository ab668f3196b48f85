"""How much a training step of SASRec holds, moves and computes, by formula: prints the tables of the page beside this file.

`test/jax/scale.test.ts` holds bytes held and bytes moved to the compiled program at three sizes.
"""

from dataclasses import dataclass
from math import ceil

GB = 1e9
PARTIAL = 3
"""Gradients of the item table that are summed over `data` one by one: of histories, targets and negatives."""


@dataclass(frozen=True)
class Model:
    """SASRec with one head, a feed-forward map as wide as the model, and AdamW."""

    width: int
    blocks: int
    length: int
    negatives: int

    @property
    def dense(self) -> int:
        """Parameters but the item table."""
        w = self.width
        return self.blocks * (6 * w * w + 10 * w) + self.length * w + 2 * w


@dataclass(frozen=True)
class Mesh:
    """Devices along each axis."""

    data: int
    table: int


def held(model: Model, mesh: Mesh, items: int) -> int:
    """Bytes of a device that stay from step to step: parameters and Adam's two moments."""
    return 12 * (model.dense + ceil(items / mesh.table) * model.width)


def given(model: Model, mesh: Mesh, batch: int) -> int:
    """Bytes of a batch on a device: items and targets, lengths, five numbers."""
    return 4 * (batch // mesh.data * (2 * model.length + 1) + 5)


def scratch(model: Model, mesh: Mesh, items: int) -> int:
    """Bytes that grow with the catalogue while a step runs: a normalised table and gradients, summed over `data` or not."""
    rows = ceil(items / mesh.table)
    return rows * (24 * model.width + 8) if mesh.data > 1 else rows * (8 * model.width + 12)


def looked_up(model: Model, mesh: Mesh, batch: int) -> int:
    """Bytes of the all-reduce along `table`: rows of items, targets and negatives, which one device of each group has."""
    return 4 * (batch // mesh.data) * model.width * (2 * model.length + model.negatives) if mesh.table > 1 else 0


def summed(model: Model, mesh: Mesh, items: int) -> int:
    """Bytes of the all-reduces along `data`: gradients, and the two numbers of the loss.

    The products of an attention's matrices, K with Q and O with V, are summed before their factors' gradients are made of them.
    """
    if mesh.data == 1:
        return 0
    dense = model.dense - model.blocks * (2 * model.width**2 - 1)
    return 4 * (dense + PARTIAL * ceil(items / mesh.table) * model.width + 1) + 4


def ring(size: int, devices: int) -> float:
    """Bytes that a device sends in a ring all-reduce of `size` bytes."""
    return 2 * size * (devices - 1) / devices


@dataclass(frozen=True)
class Machine:
    """What one accelerator does, by its maker's data sheet, and what it costs."""

    memory: float = 80 * GB
    operations: float = 0.4 * 494e12
    """A second: 40 % of an H100's TF32 peak without sparsity."""
    link: float = 0.8 * 50 * GB
    """Bytes a second out of a device: 80 % of 400 Gbit/s."""
    traffic: float = 0.8 * 3.35e12
    """Bytes a second between memory and cores: 80 % of an H100's."""
    hour: float = 2.5
    """USD."""


MODEL = Model(width=256, blocks=8, length=200, negatives=128)
OPERATIONS = 409e9 / 128
"""A user and step: `pcrec-compile models/sasrec.ts --set width=256 --set length=200 --set blocks=8` says 409 G for 128."""
SHARE = 128
"""Users of a batch for each position along `data`."""
USERS = 100e6
CPU_OPERATIONS = 32 * 30e9
"""A second, of a server of 32 cores with native kernels: an assumption."""
CPU_HOUR = 1.5
"""USD."""
START = 10 / 60
"""Hours in which accelerators are paid and do not train: machines, containers, compilation."""


def meshes(devices: int) -> list[Mesh]:
    """All ways to divide so many devices, those with most along `data` first."""
    return [Mesh(devices // t, t) for t in (2**k for k in range(devices.bit_length())) if devices % t == 0]


def seconds(model: Model, mesh: Mesh, items: int, machine: Machine) -> float:
    """Of a step that overlaps nothing."""
    batch = SHARE * mesh.data
    moved = ring(looked_up(model, mesh, batch), mesh.table) + ring(summed(model, mesh, items), mesh.data)
    # Adam reads and writes every row, whether a batch met it or not.
    swept = 2 * held(model, mesh, items) + 2 * scratch(model, mesh, items)
    return SHARE * OPERATIONS / machine.operations + moved / machine.link + swept / machine.traffic


def best(devices: int, items: int, machine: Machine) -> Mesh | None:
    """The mesh on which most users a second are trained, of those whose memory is enough; a fifth is left to activations."""
    fits = [m for m in meshes(devices) if held(MODEL, m, items) + scratch(MODEL, m, items) <= 0.8 * machine.memory]
    return max(fits, key=lambda m: m.data / seconds(MODEL, m, items, machine), default=None)


def rows() -> list[str]:
    """The table of the page."""
    machine = Machine()
    found = [
        "| items | devices | mesh | held a device | scratch | along `table` a step | along `data` a step | a step | users a second | an epoch of 100 M users | USD an epoch | USD a day |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for items in (10_000_000, 100_000_000, 1_000_000_000):
        for devices in (8, 64, 1024):
            mesh = best(devices, items, machine)
            name = f"| {items // 1_000_000:,} M | {devices:,} |"
            if mesh is None:
                found.append(f"{name} does not fit | | | | | | | | | |")
                continue
            step = seconds(MODEL, mesh, items, machine)
            rate = SHARE * mesh.data / step
            hours = USERS / rate / 3600
            batch = SHARE * mesh.data
            cells = [
                f"data={mesh.data}, table={mesh.table}",
                f"{held(MODEL, mesh, items) / GB:.1f} GB",
                f"{scratch(MODEL, mesh, items) / GB:.1f} GB",
                f"{looked_up(MODEL, mesh, batch) / 1e6:,.0f} MB",
                f"{summed(MODEL, mesh, items) / 1e6:,.0f} MB",
                f"{1000 * step:,.0f} ms",
                f"{rate:,.0f}",
                f"{hours:,.1f} h",
                f"{hours * devices * machine.hour:,.0f}",
                f"{24 * devices * machine.hour:,.0f}",
            ]
            found.append(f"{name} {' | '.join(cells)} |")
    return found


def one_machine() -> str:
    """What one server costs a user and step beside eight accelerators, and how many of them pay for the start of the latter."""
    machine, items = Machine(), 10_000_000
    mesh = best(8, items, machine) or Mesh(1, 8)
    server = OPERATIONS / CPU_OPERATIONS / 3600 * CPU_HOUR
    eight = 8 * machine.hour / 3600 * seconds(MODEL, mesh, items, machine) / (SHARE * mesh.data)
    users = 8 * machine.hour * START / (server - eight)
    return (
        f"A million users cost USD {1e6 * server:.2f} on one server and USD {1e6 * eight:.2f} on eight accelerators (10 M items); "
        f"the server stays the cheaper choice up to {users / 1e6:.1f} million users times epochs."
    )


if __name__ == "__main__":
    print("\n".join(rows()))
    print()
    print(one_machine())
