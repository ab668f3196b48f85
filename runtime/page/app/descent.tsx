/** A descent on an energy: how it falls, and where the prediction errors lie that it is the sum of, step by step. */
import { useId, useState } from 'preact/hooks';
import type { DescentSteps } from '../../contract/explanation.js';
import { energyCurve, errorMap } from './pictures.js';
import { Picture } from './picture.js';
import { plural, short } from './words.js';

interface Props {
  readonly steps: DescentSteps;
  /** Whether it is the loss of the history that falls, as parameters change; else states descend their prediction errors. */
  readonly adapts: boolean;
  /** Of each position. */
  readonly items: readonly number[];
  readonly name: (item: number) => string;
  /** The number of its first layer. */
  readonly first: number;
  /** Which descent of several; undefined where there is one. */
  readonly which: number | undefined;
}

const words = {
  states: {
    heading: 'Prediction errors',
    text: 'Each layer is predicted from the one above it. What is missed is the energy, and the inference takes it',
    first: 'at the first guess',
    step: 'Inference step',
    curve: 'Energy by step.',
  },
  parameters: {
    heading: 'The loss of this history',
    text: 'How badly each event of the history is foretold by those before it: that is the loss, and learning takes it',
    first: 'as training left it',
    step: 'Step',
    curve: 'Loss by step.',
  },
} as const;

export const Descent = ({ steps: { energy, errors }, adapts, items, name, first, which }: Props) => {
  const id = useId();
  const { heading, text, first: start, step: label, curve } = words[adapts ? 'parameters' : 'states'];
  const last = energy.length - 1;
  const [chosen, choose] = useState(last);
  const step = Math.min(chosen, last);
  const layers = errors[step] ?? [];
  const largest = Math.max(0, ...errors.flat(2));
  const fallen = energy[0]! === 0 ? 0 : 1 - energy[last]! / energy[0]!;
  const said = step === 0 ? start : `after ${plural(step, 'step')}`;
  return (
    <section class="panel wide" aria-labelledby={`${id}-heading`}>
      <h3 id={`${id}-heading`}>
        {heading}
        {which === undefined ? '' : `, descent ${which}`}
      </h3>
      <p>
        {text} from {short(energy[0]!)} to {short(energy[last]!)} in {plural(last, 'step')}:{' '}
        {fallen >= 0
          ? `${(100 * fallen).toFixed(fallen < 0.1 ? 1 : 0)} % less`
          : `${(-100 * fallen).toFixed(0)} % more`}
        .
      </p>
      <div class="steps">
        <label for={`${id}-step`}>{label}</label>
        <input
          id={`${id}-step`}
          type="range"
          min={0}
          max={last}
          step={1}
          value={step}
          aria-valuetext={`${said}: energy ${short(energy[step]!)}`}
          onInput={({ currentTarget }) => choose(Number(currentTarget.value))}
        />
        <output for={`${id}-step`}>
          {step} of {last}
        </output>
      </div>
      <div class="pictures">
        {layers.length > 0 && (
          <figure>
            <figcaption>
              Errors by layer and position, {said}; the newest item is on the right. The strongest colour is{' '}
              {short(largest)}.
            </figcaption>
            <Picture
              of={(width) => errorMap(errors, step, first, items.map(name), width)}
              when={`${id} ${step} ${JSON.stringify(errors)}`}
            />
          </figure>
        )}
        <figure>
          <figcaption>{curve}</figcaption>
          <Picture of={(width) => energyCurve(energy, step, width)} when={`${step} ${energy.join()}`} />
        </figure>
      </div>
      <details>
        <summary>The same as numbers</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label="Energy and errors by step">
          <table>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">Energy</th>
                {layers.map((_, layer) => (
                  <th key={layer} scope="col">
                    Layer {first + layer}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {energy.map((value, k) => (
                <tr key={k}>
                  <th scope="row">{k}</th>
                  <td>{short(value)}</td>
                  {(errors[k] ?? []).map((layer, l) => (
                    <td key={l}>{short(layer.reduce((sum, error) => sum + error, 0))}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
};
