/** Models with features, compiled and opened as a trainer opens them. */
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import {
  type State,
  adamw,
  add,
  category,
  embedFeature,
  eventFeature,
  gather,
  hours,
  log,
  model,
  mul,
  nextItem,
  normal,
  numeric,
  param,
  recommenderHypers,
  sequenceInput,
  sinceLast,
  toF32,
  weekdays,
} from 'pcrec';
import { compile } from '../../compiler/compile.js';
import type { HyperValue, Model } from '../../dsl/model.js';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import { openWasm } from '../../runtime/cpu/index.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { built } from '../wasm/sessions.js';

export const compiled = (of: Model, over: Readonly<Record<string, HyperValue>> = {}): CompiledModel => {
  const { loops, manifest } = rightOf(compile(traced(of, over)));
  const module = built(loops);
  return { manifest, open: async (_, sizes) => openWasm(await module, manifest, 'wasm', sizes, { threads: 1 }) };
};

/** The items' vectors, and whatever there is of events: what was done, how it was rated, when. */
export const eventful = model({
  name: 'eventful',
  hyper: recommenderHypers,
  optimizer: () => adamw({ rate: 0.01 }),
  build: (context) => {
    const { batch } = context;
    const { width, items, input } = sequenceInput(context);
    const action = eventFeature('action', category(), batch);
    const rating = eventFeature('rating', numeric(), batch);
    const [hour, weekday] = [hours(batch), weekdays(batch)];
    const gap = log(add(toF32(sinceLast(batch).next), 1));
    const told: readonly State[] = [
      embedFeature('action', action, width),
      embedFeature('rating', rating.values, width),
      gather(param('hour', [hour.axis, width], normal(0.1)), hour.values, hour.axis),
      gather(param('weekday', [weekday.axis, width], normal(0.1)), weekday.next, weekday.axis),
      mul(gap, param('gap', [width], normal(0.1))),
    ];
    return nextItem(
      context,
      { width, items },
      told.reduce((sum, x) => add(sum, x), input),
    );
  },
});

/** The value, where the test expects one. */
export const ok = <A>(of: Either<unknown, A>): A => {
  if (isLeft(of)) throw new Error(JSON.stringify(of.left));
  return of.right;
};
