"""Where arrays lie: a mesh of devices with the axes `data` and `table`, item tables filled up so that they divide, pieces in and out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from .told import Usage

Piece = Sequence[slice]
State = dict[str, jax.Array]
_BLOCK = 1 << 24
"""Numbers that are fetched at once: 64 MiB."""


def mesh_of(text: str | None) -> Mesh:
    """A mesh from `data=4,table=2`; all devices along `data` where nothing is said."""
    axes: dict[str, int] = {"data": 1, "table": 1}
    devices = jax.devices()
    if text is None:
        axes["data"] = len(devices)
    else:
        for part in text.split(","):
            name, _, size = part.partition("=")
            if name not in axes or not size.isdigit() or int(size) < 1:
                raise Usage(f"--mesh takes sizes of the axes data and table, as data=4,table=2, not {text!r}.")
            axes[name] = int(size)
    count = axes["data"] * axes["table"]
    if count > len(devices) or (jax.process_count() > 1 and count != len(devices)):
        raise Usage(
            f"--mesh data={axes['data']},table={axes['table']} asks for {count} devices, and there are {len(devices)}"
            f"{'' if jax.process_count() == 1 else f' in {jax.process_count()} processes, all of which must be in it'}."
        )
    return Mesh(np.array(devices[:count]).reshape(axes["data"], axes["table"]), ("data", "table"))


class Placing:
    """Arrays of one model on one mesh."""

    def __init__(self, model: ModuleType, mesh: Mesh, sizes: Mapping[str, int]) -> None:
        self.model, self.mesh = model, mesh
        self.sizes = sizes
        table, data = mesh.shape["table"], mesh.shape["data"]
        self.data = data
        self.items = -(-sizes["items"] // table) * table
        specs = model.specs(mesh)
        self.shardings: Mapping[str, dict[str, NamedSharding]] = {
            entry: {name: NamedSharding(mesh, spec) for name, spec in of.items()} for entry, of in specs.items()
        }
        self.everywhere = NamedSharding(mesh, PartitionSpec())
        self._block = jax.jit(
            lambda x, low, rows: lax.dynamic_slice_in_dim(x, low, rows), static_argnums=2, out_shardings=self.everywhere
        )

    def batch(self, rows: int) -> int:
        """Rows of a batch, filled up so that they divide."""
        return -(-rows // self.data) * self.data

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a state as a checkpoint has it."""
        return tuple(self.sizes[size] if isinstance(size, str) else size for size in self.model.STATE[name].shape)

    def filled(self, name: str) -> tuple[int, ...]:
        """The same with the rows that fill item tables up."""
        return tuple(
            self.items if size == "items" else self.sizes[size] if isinstance(size, str) else size
            for size in self.model.STATE[name].shape
        )

    def state(self, name: str, of: Callable[[Piece], NDArray[np.float32]]) -> jax.Array:
        """A state from its pieces: each process makes those that it holds."""
        shape, filled = self.shape(name), self.filled(name)

        def piece(index: tuple[slice, ...]) -> NDArray[np.float32]:
            bounds = [s.indices(size)[:2] for s, size in zip(index, filled, strict=True)]
            real = [(min(low, size), min(high, size)) for (low, high), size in zip(bounds, shape, strict=True)]
            out = np.zeros([high - low for low, high in bounds], np.float32)
            out[tuple(slice(0, high - low) for low, high in real)] = of([slice(*r) for r in real])
            return out

        return jax.make_array_from_callback(filled, self.shardings["state"][name], piece)

    def states(self, of: Callable[[str, Piece], NDArray[np.float32]]) -> State:
        """All states."""
        return {name: self.state(name, lambda piece, name=name: of(name, piece)) for name in self.model.STATE}

    def pieces(self, name: str, array: jax.Array) -> Iterator[NDArray[np.float32]]:
        """The numbers of a state, without what fills it up, from the first row on. Every process must ask."""
        shape = self.shape(name)
        real = tuple(slice(0, size) for size in shape)
        if array.ndim == 0 or array.size <= _BLOCK:
            yield np.asarray(self._everything(array))[real]
            return
        rows = max(1, _BLOCK * array.shape[0] // array.size)
        for low in range(0, shape[0], rows):
            count = min(rows, array.shape[0] - low)
            yield np.asarray(self._block(array, low, count))[: shape[0] - low][(slice(None), *real[1:])]

    def _everything(self, array: jax.Array) -> jax.Array:
        return array if array.is_fully_addressable else jax.jit(lambda x: x, out_shardings=self.everywhere)(array)

    def own_rows(self, entry: str, name: str, rows: int) -> tuple[int, int]:
        """The rows of a batch that this process reads of an input; none of one that has no rows."""
        axes = self.model.INPUTS[entry][name].axes
        if "batch" not in axes:
            return 0, 0
        shape = (rows, *[1] * (len(axes) - 1))
        indices = self.shardings[entry][name].addressable_devices_indices_map(shape).values()
        bounds = [index[0].indices(rows)[:2] for index in indices if index is not None]
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    def inputs(self, entry: str, rows: int, own: Mapping[str, NDArray[Any]]) -> dict[str, jax.Array]:
        """The inputs of an entry on their devices, from the rows of each that are this process's own."""
        made: dict[str, jax.Array] = {}
        for name, values in own.items():
            low, _ = self.own_rows(entry, name, rows)
            rowed = "batch" in self.model.INPUTS[entry][name].axes

            def piece(
                index: tuple[slice, ...], values: NDArray[Any] = values, low: int = low, rowed: bool = rowed
            ) -> Any:  # noqa: ANN401
                if not rowed:
                    return values[index]
                begin, end, _ = index[0].indices(rows)
                return values[(slice(begin - low, end - low), *index[1:])]

            shape = (rows, *values.shape[1:]) if rowed else values.shape
            made[name] = jax.make_array_from_callback(shape, self.shardings[entry][name], piece)
        return made
