/** Which events of the history moved the score, as bars to either side. */
import type { Influence } from '../../contract/explanation.js';
import { short } from './words.js';

const most = 8;

interface Props {
  readonly influence: readonly Influence[];
  readonly name: (item: number) => string;
}

export const Influences = ({ influence, name }: Props) => {
  const sorted = influence.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, most);
  const scale = Math.max(...sorted.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const signed = sorted.some(({ value }) => value < 0);
  return (
    <section class="panel" aria-labelledby="influence">
      <h3 id="influence">What of the history moved it</h3>
      <p>
        How fast the score grows with each event: the slope of the score by the event's embedding, times the embedding.
        {signed && ' Bars to the left lower the score.'}
      </p>
      <ol class={`bars ${signed ? 'signed' : ''}`}>
        {sorted.map(({ position, item, value }) => (
          <li key={position}>
            <span class="name">{name(item)}</span>
            <span class="track" aria-hidden="true">
              <span
                class={value < 0 ? 'minus' : 'plus'}
                style={{ inlineSize: `${(100 * Math.abs(value)) / scale / (signed ? 2 : 1)}%` }}
              />
            </span>
            <span class="number">
              {value > 0 ? '+' : value < 0 ? '−' : ''}
              {short(Math.abs(value))}
            </span>
          </li>
        ))}
      </ol>
      {influence.length > most && (
        <p class="small">
          The {most} that moved it most, of {influence.length}.
        </p>
      )}
    </section>
  );
};
