/** What a module defines before its entries, each where something uses it: Python, read by people. */
import { hashKey, mixing } from '../../../runtime/contract/random.js';
import { WAVE_LIMIT } from '../../scalars.js';

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

const rounds = mixing
  .map(
    ({ shift, factor }) =>
      `    h = ${factor === 1 ? `h ^ (h >> ${shift})` : `(h ^ (h >> ${shift})) * jnp.uint32(${hex(factor)})`}`,
  )
  .join('\n');

const wave = (name: string, of: string): string => `def ${name}(x: jax.Array) -> jax.Array:
    """Beyond 2^31 neighbouring float32 numbers lie 256 apart: a wave of them is no number."""
    return jnp.where(jnp.abs(x) <= ${WAVE_LIMIT}.0, jnp.${of}(x), jnp.nan)`;

/** By name, each below those that it calls. */
export const helpers = {
  LOWEST: `# Stands for minus infinity, which does not survive every machine.
LOWEST = -3.4e38`,
  power: `def power(x: jax.Array, y: jax.Array) -> jax.Array:
    """x ** y; what has no one limit, 1 or -1 to what is not finite, is no number."""
    return jnp.where((jnp.abs(x) == 1) & ~jnp.isfinite(y), jnp.nan, jnp.power(x, y))`,
  sine: wave('sine', 'sin'),
  cosine: wave('cosine', 'cos'),
  einsum: `# What the factors of matrix products are made of; their sums and all else are float32. \`train.py --dtype\` sets it, before anything is traced.
FACTORS = jnp.float32


def einsum(equation: str, *factors: jax.Array) -> jax.Array:
    """jnp.einsum of factors as precise as FACTORS, summed in float32."""
    return jnp.einsum(equation, *(x.astype(FACTORS) for x in factors), preferred_element_type=jnp.float32)`,
  lookup: `def lookup(table: jax.Array, at: jax.Array, shared: int = 0) -> jax.Array:
    """table[at] along the first axis after the \`shared\` ones, which run together; 0 where there is no such position."""
    beside = tuple(range(shared))
    rest = table.shape[shared + 1 :]
    numbers = lax.GatherDimensionNumbers(
        offset_dims=tuple(range(at.ndim, at.ndim + len(rest))),
        collapsed_slice_dims=(shared,),
        start_index_map=(shared,),
        operand_batching_dims=beside,
        start_indices_batching_dims=beside,
    )
    return lax.gather(table, at[..., None], numbers, (1,) * (shared + 1) + rest, mode="fill", fill_value=0)`,
  accumulate: `def accumulate(values: jax.Array, at: jax.Array, size: int, shared: int = 0) -> jax.Array:
    """The transpose of \`lookup\`: of \`size\` positions, the sums of the values whose \`at\` they are."""
    beside = tuple(range(shared))
    rest = values.shape[at.ndim :]
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=tuple(range(at.ndim, values.ndim)),
        inserted_window_dims=(shared,),
        scatter_dims_to_operand_dims=(shared,),
        operand_batching_dims=beside,
        scatter_indices_batching_dims=beside,
    )
    empty = jnp.zeros(at.shape[:shared] + (size,) + rest, values.dtype)
    return lax.scatter_add(empty, at[..., None], values, numbers, mode="drop")`,
  later: `def later(x: jax.Array, after: jax.Array, batch: Arrays) -> jax.Array:
    """x, when \`after\` is there. No compiler can know that it is x, so what is made of it is made again, and not before."""
    return jnp.where(batch["batch.missing"] >= 0, x, after.reshape(-1)[0])`,
  shift: `def shift(x: jax.Array, by: int, axis: int) -> jax.Array:
    """What lies \`by\` positions before, along an axis; 0 where nothing does."""
    zero = jnp.zeros((), x.dtype)
    return lax.pad(x, zero, [(by, -by, 0) if i == axis else (0, 0, 0) for i in range(x.ndim)])`,
  mixed: `def mixed(h: jax.Array) -> jax.Array:
    """The 32-bit finaliser of MurmurHash3 (Appleby), which passes avalanche tests."""
${rounds}
    return h`,
  uniform: `def uniform(key: str, batch: Arrays, shape: tuple[int, ...], counts: Sequence[Any] = ()) -> jax.Array:
    """Uniform in [0, 1), multiples of 2^-24: a pure function of seed, step, key and position, equal on every machine.

    \`counts\`: how many positions along each axis are counted, where some of them do not exist.
    """
    hashed = ${hex(hashKey(''))}
    for unit in memoryview(key.encode("utf-16-le")).cast("H"):
        hashed = (hashed ^ unit) * 0x01000193 & 0xFFFFFFFF
    drawn = mixed(mixed(mixed(jnp.uint32(batch["@seed"])) ^ jnp.uint32(batch["@step"])) ^ jnp.uint32(hashed))
    counter = jnp.zeros(shape, jnp.uint32)
    for axis, count in enumerate(counts or shape):
        counter = counter * jnp.uint32(count) + lax.broadcasted_iota(jnp.uint32, shape, axis)
    bits = mixed((counter * jnp.uint32(0x9E3779B9)) ^ drawn) >> 8
    return bits.astype(jnp.float32) * 2.0**-24`,
} as const;
export type Helper = keyof typeof helpers;

const calls: { readonly [H in Helper]?: readonly Helper[] } = { uniform: ['mixed'] };

/** The texts of these helpers and of those that they call. */
export const helperTexts = (used: ReadonlySet<Helper>): readonly string[] => {
  const all = new Set([...used].flatMap((h) => [h, ...(calls[h] ?? [])]));
  return (Object.keys(helpers) as Helper[]).filter((h) => all.has(h)).map((h) => helpers[h]);
};
