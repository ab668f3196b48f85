/** The page of one training: a function of its log and of what was found out when it ended. */
import { plural } from '../contract/words.js';
import { summary } from '../data/index.js';
import { labelMeasures } from '../measures/labelled.js';
import { type Metrics, measureNames } from '../metrics.js';
import { duration } from '../view.js';
import { bucketSection, counting } from './buckets.js';
import { Markup } from './html.js';
import { beside, code, facts, figure, page, paragraph, remark, section, table } from './page.js';
import { type Pictures, type Series, withoutPictures } from './pictures.js';
import { compiling, machine, training } from './provenance.js';
import type { Findings, Story } from './story.js';

type Epoch = Story['epochs'][number];

const decimal = (value: number | null | undefined, digits = 4): string =>
  typeof value === 'number' && Number.isFinite(value) ? value.toFixed(digits) : '–';
const rowOf = (metrics: Metrics): readonly string[] => measureNames.map((name) => decimal(metrics[name]));
/** Kernels that are shown. */
const KERNELS = 15;

/** A curve over epochs, of those that have the value; none where nobody has. */
const curve = (name: string, { epochs }: Story, of: (epoch: Epoch) => number | null | undefined): readonly Series[] => {
  const points = epochs.flatMap((epoch) => {
    const y = of(epoch);
    return typeof y === 'number' && Number.isFinite(y) ? [{ x: epoch.epoch, y }] : [];
  });
  return points.length === 0 ? [] : [{ name, points }];
};

const learning = (story: Story, pictures: Pictures | undefined): Markup => {
  const { epochs } = story;
  const labels = epochs.some(({ label }) => label !== undefined);
  const judged = labels || epochs.some(({ metrics }) => metrics !== null);
  const names: readonly string[] = labels ? labelMeasures : judged ? measureNames : [];
  const of = (epoch: Epoch, name: string): number | null | undefined =>
    ({ ...epoch.metrics, ...epoch.label })[name as keyof Metrics];
  const best = judged ? epochs.findLast((epoch) => epoch.best) : undefined;
  const part = epochs[0]?.part ?? 'validation';
  const [loss] = curve('loss', story, (epoch) => epoch.loss);
  const curves = (labels ? ['AUC', 'GAUC'] : ['NDCG@10', 'HR@10']).flatMap((name) =>
    curve(name, story, (epoch) => of(epoch, name)),
  );
  const first = loss?.points[0]?.y;
  return section(
    'Learning',
    best && paragraph(`${plural(epochs.length, 'epoch')}; the best on ${part} is epoch ${best.epoch}.`),
    beside([
      loss &&
        pictures?.lines(
          {
            says: `Training loss by epoch, a mean over its batches, from ${decimal(first)} to ${decimal(loss.points.at(-1)?.y)}`,
            x: 'epoch',
            y: 'training loss',
          },
          [loss],
        ),
      curves.length === 0
        ? undefined
        : pictures?.lines(
            {
              says: `${curves.map(({ name }) => name).join(' and ')} on ${part} by epoch${best === undefined ? '' : `; epoch ${best.epoch} is the best`}`,
              x: 'epoch',
              y: `on ${part}`,
            },
            curves,
          ),
    ]),
    // Two pictures stand for one table.
    figure(pictures && new Markup(''), {
      caption: `Each epoch${judged ? `, on ${part}` : ''}`,
      head: ['epoch', 'steps', 'loss', ...names, 'seconds', ''],
      rows: epochs.map((epoch) => [
        epoch.epoch,
        epoch.step,
        decimal(epoch.loss, 5),
        ...names.map((name) => decimal(of(epoch, name))),
        decimal(epoch.seconds, 1),
        epoch === best ? 'best' : '',
      ]),
    }),
  );
};

const tested = ({ result, start: { model } }: Story, pictures: Pictures | undefined): Markup | undefined => {
  if (result === undefined) return undefined;
  const { label, unmet, users, epoch, protocol } = result;
  const contenders = [
    [model, result.model],
    ['popularity', result.popularity],
    ['Markov chain', result.markov],
  ] as const;
  return section(
    'Test',
    paragraph(
      `${plural(users, 'user')}, parameters of epoch ${epoch}${protocol === 'hstu' ? ', the best on the test: optimistic' : ', tested once'}.`,
    ),
    // JSON has no NaN: what was not ranked is null.
    typeof result.model.MRR !== 'number'
      ? undefined
      : [
          beside(
            (['NDCG@10', 'HR@10'] as const).map((name) =>
              pictures?.bars(
                {
                  says: `${name} on the test: ${contenders.map(([of, metrics]) => `${of} ${decimal(metrics[name])}`).join(', ')}`,
                  x: name,
                  y: '',
                },
                contenders.map(([of, metrics]) => ({ name: of, value: metrics[name] })),
              ),
            ),
          ),
          table({
            caption: 'Full ranking of all items, beside rankings by counts alone',
            head: ['', ...measureNames],
            rows: contenders.map(([of, metrics]) => [of, ...rowOf(metrics)]),
          }),
        ],
    label &&
      table({
        caption: `Whether ${label.label}, of ${plural(label.events, 'event')}, of which it holds of ${label.holds}`,
        head: ['', ...labelMeasures],
        rows: Object.entries({ [model]: label.model, 'item mean': label.items }).map(([of, metrics]) => [
          of,
          ...labelMeasures.map((name) => decimal(metrics[name])),
        ]),
      }),
    unmet &&
      paragraph(
        `${plural(unmet.wanted, 'wanted item')} training never met; the median of their ranks is ${unmet.rank}.`,
      ),
  );
};

const apart = ({ apart: found }: Findings): Markup | undefined =>
  found === undefined || found.cold.targets === 0
    ? undefined
    : table({
        caption: 'Wanted items that training met, and those that it never did',
        head: ['', 'wanted', ...measureNames, 'median rank'],
        rows: [
          ...(['warm', 'cold'] as const).map((which) => {
            const { targets, model } = found[which];
            return [
              which === 'warm' ? 'met' : 'never met',
              targets,
              ...rowOf(model.metrics),
              targets === 0 ? '–' : model.median,
            ];
          }),
          ['by chance', '', ...rowOf(found.chance.metrics), found.chance.median],
        ],
      });

const kernels = ({ kernels: all }: Findings, batch: number, pictures: Pictures | undefined): Markup | undefined => {
  if (all.length === 0) return undefined;
  const total = all.reduce((sum, { ms }) => sum + ms, 0);
  const shown = all.slice(0, KERNELS);
  const longest = shown.slice(0, 3).map(({ name, ms }) => `${name} ${decimal(ms, 2)}`);
  return section(
    'Time by kernel',
    paragraph(
      `A training step of ${plural(batch, 'user')} took ${decimal(total, 1)} ms on one thread, in ${plural(all.length, 'kernel')}; the ${shown.length} longest:`,
    ),
    figure(
      pictures?.bars(
        { says: `Milliseconds of the longest kernels: ${longest.join(', ')}`, x: 'ms', y: '' },
        shown.map(({ name, ms }) => ({ name, value: ms })),
      ),
      {
        caption: 'The longest kernels',
        head: ['kernel', 'ms', 'share', 'line'],
        words: [3],
        rows: shown.map(({ name, ms, source }) => [
          name,
          decimal(ms, 2),
          `${((100 * ms) / total).toFixed(1)} %`,
          source ?? '',
        ]),
      },
    ),
  );
};

/** What it was, and how to have it again. */
const origin = ({ start, resumed }: Story, { manifest, begun }: Findings): Markup => {
  const { settings } = resumed;
  const { data, model, parameters } = start;
  return section(
    'What it was',
    facts([
      ['model', `${model}, ${plural(parameters, 'parameter')}, from ${manifest.source}`],
      ['hash of the model', start.manifest],
      ['data', summary(start.statistics)],
      ['hash of the data', data.hash],
      ...(data.split === undefined ? [] : [['held out', `${data.split.given}, hash ${data.split.hash}`] as const]),
      ...Object.entries(settings).map(([name, value]) => [name, value === null ? 'none' : String(value)] as const),
      ['device', `${resumed.backend}${resumed.device === 'auto' ? ', chosen automatically' : ''}`],
      ...machine(),
    ]),
    start.reading.map((sentence) => paragraph(sentence)),
    table({
      caption: 'Hyperparameters',
      head: ['name', 'value'],
      rows: Object.entries(manifest.hyper).map(([name, value]) => [name, String(value)]),
    }),
    paragraph('The same again:'),
    code(`${compiling(manifest)}\n${training(manifest, settings, data, begun)}`),
  );
};

/** The page. */
export const trainingPage = (story: Story, found: Findings, pictures: Pictures | undefined): string => {
  const { start, epochs, result } = story;
  const trained = `Seed ${start.settings.seed}, ${plural(epochs.length, 'epoch')} in ${duration(epochs.reduce((sum, epoch) => sum + epoch.seconds, 0))}`;
  return page(
    `${start.model} on ${start.statistics.name}`,
    paragraph(
      result === undefined
        ? `${trained}, trained on everything: nothing was held out, so there are no figures.`
        : `${trained}.`,
    ),
    pictures === undefined ? remark(withoutPictures) : undefined,
    tested(story, pictures),
    learning(story, pictures),
    bucketSection(found.figures, [{ of: 'model', name: start.model }, ...counting], pictures, apart(found)),
    kernels(found, start.settings.batch, pictures),
    origin(story, found),
  );
};
