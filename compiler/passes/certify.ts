/**
 * Refuses to train on an answer that the prediction has seen. This looks at the loss before it is differentiated, which is
 * enough: derivatives decide how parameters move, and a parameter is no position's data; the predictions that the next step
 * makes are those of this very program. (Gradients inside the model are expanded by then, and are looked at like all else.)
 */
import { left, right } from 'fp-ts/lib/Either.js';
import { rowOf } from '../../dsl/batch.js';
import type { Node } from '../../dsl/node.js';
import { type Dependence, offsetsOf } from '../dependence/analysis.js';
import type { Seen } from '../dependence/answers.js';
import { certify as certifyLoss, certifyScores, type Leak, sequenceOf } from '../dependence/certificate.js';
import { pathOf } from '../dependence/path.js';
import { positions } from '../dependence/wording.js';
import type { Interval } from '../dependence/zone.js';
import { type Diagnostic, error } from '../diagnostics.js';
import type { Origins } from '../graph.js';
import type { Pass } from '../program.js';

const WHOLE: Interval = { least: -Infinity, most: Infinity };

type Read = Pick<Leak, 'input' | 'read'>;

/** What a tensor reads of the input, along the sequence axis of its own that says most. */
const readAt = (node: Node, { input, read }: Read, { reads }: Dependence): Interval => {
  const zones = reads(node).get(input.name);
  const sequences = node.axes.filter((a) => a.extent.kind === 'ragged');
  if (zones === undefined || read === null || sequences.length === 0) return WHOLE;
  return sequences
    .map((a) => offsetsOf(zones, read, a.name))
    .reduce((best, one) => (one.most < best.most ? one : best));
};

/** One line for each tensor on the way that the model names, the loss first and the data last. */
const lines = (path: readonly Node[], leak: Read, origins: Origins, d: Dependence): readonly string[] => {
  const steps = path.slice(0, -1).flatMap((node, i) => {
    const origin = origins.get(node);
    const name = origin?.name ?? (i === 0 ? 'loss' : undefined);
    return name === undefined
      ? []
      : [{ name, place: origin?.source === undefined ? '' : `${origin.source.file}:${origin.source.line}`, node }];
  });
  // Passes hand a name on to what they make of a tensor: the first to be met speaks for all.
  const named = steps.filter((step, i) => steps.findIndex((s) => s.name === step.name && s.place === step.place) === i);
  const rows = [
    ...named.map(({ name, place, node }): readonly [string, string, string] => [
      name,
      place,
      leak.read === null ? '' : `reads ${positions(readAt(node, leak, d))}`,
    ]),
    [leak.input.name, '', ''] as const,
  ];
  const width = (column: 0 | 1): number => Math.max(...rows.map((r) => r[column].length));
  return rows.map(([name, place, reads]) =>
    `  ${name.padEnd(width(0))}  ${place.padEnd(width(1))}  ${reads}`.trimEnd(),
  );
};

/** The tensor nearest to the data that reads what it must not: there the leak begins. */
const sourceOf = (path: readonly Node[], leak: Leak, origins: Origins, d: Dependence): Diagnostic['source'] => {
  const exceeds = (node: Node): boolean => {
    const at = readAt(node, leak, d);
    return node !== leak.input && (at.most > leak.allowed.most || at.least < leak.allowed.least);
  };
  const last = path.findLastIndex(exceeds);
  return path
    .slice(0, last + 1)
    .reverse()
    .map((n) => origins.get(n)?.source)
    .find((s) => s !== undefined);
};

/** What is wrong with it, by whether the input tells the past or the answers. */
const wrong = ({ read, input, offsets, allowed }: Leak): string =>
  read === null
    ? `reads '${input.name}', the answer of its row`
    : allowed.least === allowed.most
      ? `reads ${positions(offsets)} of '${input.name}': of the answers it may meet its own alone`
      : `reads ${positions(offsets)} of '${input.name}': it sees what it is to predict`;

const leaks = {
  past: {
    code: 'PC5001',
    hint: 'let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)',
  },
  answer: { code: 'PC5002', hint: 'an answer belongs in the loss of its own position, and nowhere else' },
} as const;

const leaking = (leak: Leak, origins: Origins, d: Dependence): Diagnostic => {
  const path = pathOf(leak, d);
  const of = leak.read === null || leak.allowed.least === leak.allowed.most ? 'answer' : 'past';
  return error(
    leaks[of].code,
    [
      `all positions are trained, but the prediction at position t ${wrong(leak)}. The way of the leak:`,
      ...lines(path, leak, origins, d),
    ].join('\n'),
    sourceOf(path, leak, origins, d),
    leaks[of].hint,
  );
};

/** A prediction that is compared with an answer which it has read. */
const knowing = ({ path, answer, entry }: Seen, origins: Origins, d: Dependence): Diagnostic => {
  const read = { input: answer, read: sequenceOf(answer)?.name ?? null };
  const whose =
    read.read === null
      ? `the prediction reads '${answer.name}'`
      : `the prediction at position t reads position t of '${answer.name}'`;
  const upwards = path.slice(0, path.lastIndexOf(entry) + 1).reverse();
  return error(
    'PC5002',
    [`${whose}, the very answer that it is compared with. The way of the leak:`, ...lines(path, read, origins, d)].join(
      '\n',
    ),
    upwards.map((n) => origins.get(n)?.source).find((s) => s !== undefined),
    'the loss alone may read an answer, as what the prediction is compared with: leave it out of everything that the prediction is made of, in both phases',
  );
};

export const certify: Pass = {
  name: 'certify',
  description: 'proves that a prediction reads neither its answer nor what follows it, or refuses to train on it',
  run: (program) => {
    const {
      outputs: { loss, scores, logit },
      optimizer,
      origins,
    } = program;
    if (optimizer !== undefined && loss !== undefined) {
      const {
        certificate,
        leaks: [leak],
        seen,
        dependence,
      } = certifyLoss(loss);
      if (leak !== undefined) return left([leaking(leak, origins, dependence)]);
      return seen === undefined ? right({ ...program, certificate }) : left([knowing(seen, origins, dependence)]);
    }
    const asked = scores ?? logit;
    if (asked === undefined) return right(program);
    const { certificate, answers } = certifyScores(asked);
    // A logit is asked of an item, which is then no secret.
    const answer = answers.find((input) => asked === scores || rowOf(input)?.ids !== 'item');
    return answer === undefined
      ? right({ ...program, certificate })
      : left([
          error(
            'PC5003',
            `the ${asked === scores ? 'scores read' : 'logit reads'} '${answer.name}', which is known only while training`,
            origins.get(asked)?.source,
            "in the phase 'inference' a model has the history alone",
          ),
        ]);
  },
};
