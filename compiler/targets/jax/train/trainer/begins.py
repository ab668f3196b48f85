"""First values of states: a pure function of (seed, name, shape), so that any piece of a table is drawn where it lies."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .draws import stream, uniform

F64 = NDArray[np.float64]
Law = Callable[[F64], F64]

# fmt: off
_CENTRE = (
    (-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239),
    (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0),
)
_TAIL = (
    (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783),
    (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0),
)
# fmt: on
_BEYOND_TWO = 0.02275013194817921
"""The mass that truncation at two standard deviations cuts from each side."""


def _horner(coefficients: Sequence[float], x: F64) -> F64:
    total = np.zeros_like(x)
    for c in coefficients:
        total = total * x + c
    return total


def normal_quantile(p: F64) -> F64:
    """The p-quantile of the standard normal law, 0 < p < 1, relative error below 1.2e-9 (Acklam)."""
    upper = p > 0.5
    low = np.where(upper, 1 - p, p)
    q = np.sqrt(-2 * np.log(low))
    tail = _horner(_TAIL[0], q) / _horner(_TAIL[1], q)
    q = low - 0.5
    centre = _horner(_CENTRE[0], q * q) / _horner(_CENTRE[1], q * q) * q
    found = np.where(low < 0.02425, tail, centre)
    return np.where(upper, -found, found)


def _xavier(begins: Mapping[str, Any], sizes: Mapping[str, int]) -> Law:
    fans = [math.prod(sizes.get(axis, 1) for axis in begins[fan]) for fan in ("fanIn", "fanOut")]
    bound = math.sqrt(6 / sum(fans))
    return lambda u: bound * (2 * u - 1)


_LAWS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, int]], Law]] = {
    "constant": lambda b, _: lambda u: np.full_like(u, b["value"]),
    "normal": lambda b, _: lambda u: b["std"] * normal_quantile(u),
    "truncatedNormal": lambda b, _: lambda u: b["std"] * normal_quantile(_BEYOND_TWO + u * (1 - 2 * _BEYOND_TWO)),
    "uniform": lambda b, _: lambda u: b["low"] + u * (b["high"] - b["low"]),
    "xavierUniform": _xavier,
}


def initial(
    seed: int,
    name: str,
    axes: Sequence[str],
    shape: Sequence[int],
    begins: Mapping[str, Any],
    piece: Sequence[slice],
) -> NDArray[np.float32]:
    """The first values of `piece` of the state `name`, whose whole shape is `shape`."""
    ranges = [np.arange(*s.indices(size), dtype=np.uint64) for s, size in zip(piece, shape, strict=True)]
    counters = np.zeros([len(r) for r in ranges], np.uint64)
    for d, r in enumerate(ranges):
        stride = math.prod(shape[d + 1 :])
        counters += (r * np.uint64(stride)).reshape([-1] + [1] * (len(shape) - d - 1))
    if begins["kind"] == "given":  # nothing, until data give it
        return np.zeros(counters.shape, np.float32)
    law = _LAWS[begins["kind"]](begins, dict(zip(axes, shape, strict=True)))
    # The half step keeps u inside the open interval, where every quantile is finite.
    return law(uniform(stream(seed, 0, f"init {name}"), counters) + 2.0**-25).astype(np.float32)
