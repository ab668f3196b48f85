/** Puts the Python that the compiler emits as it is beside the built compiler. */
import { cpSync } from 'node:fs';

const folder = 'compiler/targets/jax/train/';
cpSync(new URL(`../${folder}`, import.meta.url), new URL(`../dist/${folder}`, import.meta.url), {
  recursive: true,
  filter: (path) => !/__pycache__|\.ruff_cache|ruff\.toml/.test(path),
});
