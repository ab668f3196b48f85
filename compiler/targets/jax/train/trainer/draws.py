"""Counter-based uniform numbers: a pure function of (seed, step, key, counter), number for number those of `trainer.js`."""

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]
_WORD = 0xFFFFFFFF


def mix(h: int) -> int:
    """The 32-bit finaliser of MurmurHash3 (Appleby)."""
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & _WORD
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & _WORD
    return h ^ (h >> 16)


def mixed(h: U32) -> U32:
    """The same of each word, in place."""
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h


def hash_key(key: str) -> int:
    """FNV-1a of a key's UTF-16 units."""
    units = key.encode("utf-16-le")
    h = 0x811C9DC5
    for low, high in zip(units[::2], units[1::2], strict=True):
        h = ((h ^ (low | high << 8)) * 0x01000193) & _WORD
    return h


def stream(seed: int, step: int, key: str) -> int:
    """The stream of one key in one step of one run."""
    return mix(mix(mix(seed & _WORD) ^ (step & _WORD)) ^ hash_key(key))


def uniform(stream_of: int, counters: NDArray[np.integer]) -> NDArray[np.float64]:
    """Uniform in [0, 1) for each counter, multiples of 2^-24."""
    # Of a state without axes there is one counter, and NumPy warns of a lone number that overflows.
    words = counters.astype(np.uint32).reshape(-1) * np.uint32(0x9E3779B9) ^ np.uint32(stream_of)
    return (mixed(words) >> np.uint32(8)).reshape(counters.shape).astype(np.float64) * 2.0**-24


def _undisturbed(high: int, to: NDArray[np.int64]) -> int:
    """How many of the swaps (high, to[0]), (high - 1, to[1]), ... touch no place that an earlier one touched."""
    order = np.argsort(to, kind="stable")
    again = order[1:][to[order[1:]] == to[order[:-1]]]
    # A place that an earlier swap wrote to, and whose own turn comes later among these.
    turn = high - to
    hit = turn[(turn < len(to)) & (turn > np.arange(len(to)))]
    return min(int(again.min(initial=len(to))), int(hit.min(initial=len(to))))


def shuffled(values: NDArray[np.int64], seed: int, epoch: int, key: str = "data.order") -> NDArray[np.int64]:
    """Fisher and Yates on a stream of an epoch. Swaps that do not meet are made at once: about sqrt(n) of them."""
    order = values.copy()
    numbers = stream(seed, epoch, key)
    high = len(order) - 1
    while high > 0:
        places = np.arange(high, max(0, high - max(16, int(1.5 * high**0.5))), -1)
        to = np.floor(uniform(numbers, places) * (places + 1)).astype(np.int64)
        count = _undisturbed(high, to)
        places, to = places[:count], to[:count]
        order[places], order[to] = order[to], order[places]
        high -= count
    return order
