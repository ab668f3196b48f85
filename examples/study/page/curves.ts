/** Figures along an axis: steps of inference, settings, sizes, shares of the data. */
import type { Markup } from '../../../runtime/report/html.js';
import { figure, paragraph, section } from '../../../runtime/report/page.js';
import type { Pictures } from '../../../runtime/report/pictures.js';
import type { Found } from '../found.js';
import { coloursOf } from './colours.js';
import { againOf, type Curve, curvesGrid, curvesOf, measure } from '../tables.js';

/** Lines and their numbers. */
export const curvesFigure = (
  curves: readonly Curve[],
  x: string,
  caption: string,
  pictures: Pictures | undefined,
): Markup => {
  const cells = curves.map(({ cell }) => cell);
  const colours = coloursOf(cells);
  return figure(
    pictures?.lines(
      {
        says: `${measure} by ${x} of ${cells.join(', ')}; a whisker is a standard deviation over seeds`,
        x,
        y: measure,
      },
      curves.map(({ cell, points }, i) => ({
        name: cell,
        colour: colours[i]!,
        points: points.map(({ x: at, figure: { mean, sd } }) => ({
          x: at,
          y: mean,
          ...(sd === null ? {} : { between: [mean - sd, mean + sd] as const }),
        })),
      })),
    ),
    { caption, ...curvesGrid(curves, x) },
  );
};

export const stepsSection = ({ name, study, results }: Found, pictures: Pictures | undefined): Markup | undefined => {
  const curves = curvesOf(study, results);
  return curves.length === 0
    ? undefined
    : section(
        `${name}: more steps than in training, and none`,
        paragraph(
          'The same parameters, tested with other numbers of inference steps (evaluate --set steps=K). At 0 the inference is switched off.',
        ),
        curvesFigure(curves, 'steps of inference at the test', `${measure} by steps`, pictures),
      );
};

/** What hyperparameters that are set again are in the paper. */
const meanings: Readonly<Record<string, string>> = {
  adaptationRate:
    'Beta of the paper’s Figure 6: the size of PCRec-simple’s step on all parameters, against the loss of the user’s own history.',
};

export const againSections = ({ name, study, results }: Found, pictures: Pictures | undefined): readonly Markup[] =>
  Object.entries(againOf(study, results)).map(([hyper, curves]) =>
    section(
      `${name}: ${hyper}`,
      paragraph(`${meanings[hyper] ?? ''} The same parameters, tested with other values of ${hyper}.`),
      curvesFigure(curves, hyper, `${measure} by ${hyper}`, pictures),
    ),
  );
