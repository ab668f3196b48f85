/** Runs in the page: opens an emitted module as a user's page would, runs it once, closes it. */
import type { DeviceName } from '../../runtime/contract/compiled.js';
import { type GpuModule, openGpu } from '../../runtime/devices/index.js';
import type { Data, Manifest, Sizes } from '../../runtime/contract/session.js';

type Lists = Readonly<Record<string, readonly number[]>>;

export interface Job {
  readonly path: string;
  readonly manifest: Manifest;
  readonly entry: string;
  readonly device: DeviceName | 'auto';
  readonly sizes: Sizes;
  readonly dtypes: Readonly<Record<string, string>>;
  readonly inputs: Lists;
  readonly states: Lists;
  readonly inspect: boolean;
  readonly draw: { readonly seed: number; readonly step: number };
}

export interface Outcome {
  readonly backend: string;
  readonly values: Lists;
  readonly states: Lists;
}

const lists = (entries: readonly (readonly [string, ArrayLike<number>])[]): Lists =>
  Object.fromEntries(entries.map(([k, v]) => [k, Array.from(v)]));

export const run = async ({
  path,
  manifest,
  entry,
  device,
  sizes,
  dtypes,
  inputs,
  states,
  inspect,
  draw,
}: Job): Promise<Outcome> => {
  const { program }: { program: GpuModule } = await import(path);
  const result = await openGpu(program, manifest, device, sizes);
  if (result._tag === 'Left') throw new Error(result.left);
  const session = result.right;
  const typed: Readonly<Record<string, Data>> = Object.fromEntries(
    Object.entries(inputs).map(([id, list]) => [
      id,
      dtypes[id] === 'f32' ? Float32Array.from(list) : Int32Array.from(list),
    ]),
  );
  await session.write(Object.fromEntries(Object.entries(states).map(([id, list]) => [id, Float32Array.from(list)])));
  const inspected = inspect ? lists((await session.inspect(entry, typed, draw)).map((b) => [b.name, b.data])) : {};
  const outputs = lists(Object.entries(await session.run(entry, typed, draw)));
  const outcome: Outcome = {
    backend: session.backend,
    values: { ...inspected, ...outputs },
    states: lists(Object.entries(await session.read())),
  };
  await session.dispose();
  return outcome;
};

declare global {
  var runJob: typeof run;
}
globalThis.runJob = run;
