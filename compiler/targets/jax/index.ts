/**
 * JAX: a model as `jax/model.py`, a module of pure functions over dictionaries of arrays, for those who train on many devices. Like
 * ONNX it is an exit: it writes graphs, after the padding pass, for an engine of rectangles.
 *
 * What the module has, which `train.py` and whoever else drives it rely on:
 *
 * - `NAME`, `HASH` (the manifest's), `LENGTH` (positions of a history at most), `HYPER` (hyperparameters by name).
 * - `Tensor(axes, shape, dtype, role, begins)` says what an array is: names of axes, outermost first; a size for each, a number
 *   or a symbol (`items`, `batch`, `seen`, `seq`); numpy's name of the element type; of a state `role` (`parameter`, `slot`, `given`) and
 *   `begins`, the manifest's `init` as a dictionary (`{"kind": "normal", "std": 0.02}`).
 * - `STATE`: the tensors of a checkpoint, by its names, in its order of axes. A step reads and returns all of them; it counts
 *   nothing (steps are inputs).
 * - `INPUTS["train"]`, `["rank"]`, `["score"]`, and `["vectors"]`, `["predict"]` where the model has them: what each entry is given, padded.
 *   `BATCH` is the first, `RANK` and `SCORE` the next two. Names, axes and fills are those of `runtime/contract/batch.ts`; four are scalars:
 *   `step` and `steps` (float32), `batch.missing` (int32: rows at the end of the batch that do not exist) and `items.missing` (int32:
 *   rows at the end of the item tables that do not exist). `@seed` and `@step` (uint32) say which random numbers are drawn,
 *   as the trainer says it: its seed, and the number of the step. An entry asks for those alone that it reads; others in a dictionary are passed over.
 * - `REMAT`: whether the model has blocks that are alike (`compiler/exits/alike.ts`), which are then one function each for `loss`, for `gradients` with
 *   its derivative, and for what is read. `gradients` and `step` then take `remat=True`: what derivatives read of a block is worked out again from
 *   what went in.
 * - `loss(state, batch)`: a float32 scalar. `gradients(state, batch)`: the loss (a dictionary of outputs) and the derivative
 *   by each parameter, as this compiler derived it. `step(state, batch)`: the next state and `{"loss": ...}`. `step_by_jax`:
 *   the same with `jax.value_and_grad` of `loss`, where the loss has no fixed point.
 * - `score(state, inputs)`: float32 [batch, items]. `rank(state, inputs)`: float32 [batch], each row's rank of `target` among all
 *   items without those `seen`, from 1. `vectors(state, inputs)`: dictionary of `user` [batch, width], `item` [items, width] and perhaps
 *   `bias` [items]. `predict(state, inputs)`: logits [batch].
 * - `specs(mesh)`: for `"state"` and each name of `INPUTS` a dictionary from names to `PartitionSpec`s: `batch` lies along the mesh
 *   axis `data`, `item` along `table`, where the mesh has such; all else is everywhere. Devices along `table` must divide the rows of
 *   item tables: add rows of zeros (to parameters, slots and given states, and to inputs over `item`) and say how many in
 *   `items.missing`. Nothing reads them, no step changes them; a checkpoint is written without them. Rows of a batch likewise, by
 *   `batch.missing`.
 *
 * Where an input has `seq` positions the histories of a batch may be padded to any length that holds the longest of them (`cut.ts`): the results
 * are the same, random numbers too. Where it has `LENGTH` of them, positions beyond the rows matter (in a pretraining of `unisrec`).
 *
 * `FACTORS`: the type that the factors of matrix products are cast to, float32; who assigns `jnp.bfloat16` before a function is traced computes
 * these products so. Their sums, states, norms, softmaxes and everything else stay float32.
 *
 * No function is jitted: `jax.jit(step, donate_argnums=0)` with shardings of `specs` is the caller's. Sizes come from the shapes of
 * arrays, so another batch size is another compilation. On accelerators matrix products are float32 where
 * `jax_default_matmul_precision` is `highest`.
 */
import type { Compiled } from '../../compiled.js';
import { moduleText } from './module.js';

/** What the compiler calls the files of this exit, in the folder of the model. */
export const jaxFiles = ['jax/model.py'] as const;

/** The module's text. */
export const jaxModule = ({ programs, manifest, step }: Pick<Compiled, 'programs' | 'manifest' | 'step'>): string =>
  moduleText(manifest, programs, step());
