/** The text of `model.py` that is put together of other texts, and that of every model. */
import type { Body } from './function.js';
import { quoted } from './piece.js';
import type { Entry } from './writer.js';

export const functionText = (
  {
    name,
    inputs = 'batch',
    more = '',
    returns,
    doc,
  }: {
    readonly name: string;
    readonly inputs?: string;
    readonly more?: string;
    readonly returns: string;
    readonly doc: string;
  },
  { lines, asked }: Body,
  result: string,
): string =>
  [
    `def ${name}(state: Arrays, ${inputs}: Arrays${asked.size === 0 ? '' : ', sizes: Mapping[str, int]'}${more}) -> ${returns}:`,
    `    """${doc}"""`,
    ...lines,
    `    return ${result}`,
  ].join('\n');

export const dictionary = (of: Readonly<Record<string, string>>, indent = '    '): string => {
  const rows = Object.entries(of).map(([name, value]) => `${quoted(name)}: ${value}`);
  const short = `{${rows.join(', ')}}`;
  return short.length < 88 ? short : `{\n${rows.map((r) => `${indent}    ${r},\n`).join('')}${indent}}`;
};

/** Functions with these titles that are the same but for them are one: the first. */
export const once = (functions: readonly string[], titles: readonly string[]): readonly string[] => {
  const isOf = (text: string): string | undefined => titles.find((t) => text.startsWith(`def ${t}(`));
  const known = new Map<string, string>();
  const names = new Map<string, string>();
  const left = functions.filter((text) => {
    const title = isOf(text);
    if (title === undefined) return true;
    const bare = text.replace(`def ${title}(`, '');
    const first = known.get(bare);
    names.set(title, first ?? title);
    known.set(bare, first ?? title);
    return first === undefined;
  });
  return left.map((text) =>
    [...names].reduce((t, [from, to]) => (from === to ? t : t.replaceAll(`${from}(`, `${to}(`)), text),
  );
};

/** Derivatives by name, those of blocks as the blocks' functions give them. */
export const slopesText = ({ body: { updates }, blocks: { slopes, dictionaries } }: Entry): string => {
  const own = Object.fromEntries(Object.entries(updates).filter(([name]) => !slopes.has(name)));
  const text = dictionary(own);
  return dictionaries.length === 0
    ? text
    : `{\n${dictionaries.map((d) => `        **${d},\n`).join('')}${Object.entries(own)
        .map(([name, value]) => `        ${quoted(name)}: ${value},\n`)
        .join('')}    }`;
};

export const TENSOR = `class Tensor(NamedTuple):
    """An array: its axes, outermost first, a size for each (a symbol where arrays tell), and of a state how it begins."""

    axes: tuple[str, ...]
    shape: tuple[int | str, ...]
    dtype: str
    role: str = "input"
    begins: Mapping[str, Any] | None = None


def kept_of(trained: Mapping[str, Tensor], slots: Sequence[str]) -> dict[str, Tensor]:
    """The slots of each parameter: arrays of its shape."""
    zeros = {"kind": "constant", "value": 0}
    return {
        f"{name}.{slot}": tensor._replace(role="slot", begins=zeros) for name, tensor in trained.items() for slot in slots
    }`;

export const SPECS = `# Along which axis of a mesh positions lie, by the symbol of their number: rows of users, rows of item tables.
PLACES = {"batch": "data", "items": "table"}


def spec(tensor: Tensor, mesh: Mesh) -> PartitionSpec:
    """Where an array lies; on a mesh without such axes, everywhere."""
    places = [PLACES.get(str(size)) for size in tensor.shape]
    return PartitionSpec(*(place if place in mesh.axis_names else None for place in places))


def specs(mesh: Mesh) -> dict[str, dict[str, PartitionSpec]]:
    """Where the state lies, and what each entry is given."""
    everything = {"state": STATE, **INPUTS}
    return {of: {name: spec(t, mesh) for name, t in tensors.items()} for of, tensors in everything.items()}`;

export const STEPS = `def step(state: Arrays, batch: Arrays, remat: bool = False) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """The next state and what is to be told of the step, by the derivatives of the compiler."""
    told, slopes = gradients(state, batch, remat)
    return updated(state, slopes, batch), told`;

export const byJax = (parameters: readonly string[]): string => `# What is trained.
PARAMETERS = [
${parameters.map((p) => `    ${quoted(p)},\n`).join('')}]


def step_by_jax(state: Arrays, batch: Arrays) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """The same by the derivatives that JAX makes of \`loss\`: a check of ours."""
    value, slopes = jax.value_and_grad(lambda trained: loss({**state, **trained}, batch))(
        {name: state[name] for name in PARAMETERS}
    )
    return updated(state, slopes, batch), {"loss": value}`;

export const importing = (code: string): string =>
  [
    'from __future__ import annotations',
    '',
    'from collections.abc import Mapping, Sequence',
    'from typing import Any, NamedTuple',
    '',
    'import jax',
    'import jax.numpy as jnp',
    ...(code.includes('lax.') ? ['from jax import lax'] : []),
    'from jax.sharding import Mesh, PartitionSpec',
    '',
    'Arrays = Mapping[str, jax.Array]',
  ].join('\n');
