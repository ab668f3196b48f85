/** What is recommended, the best first, and how each item moved since the list before. */
import type { Scored } from '../model.js';
import { useMoving } from './moving.js';

interface Props {
  readonly items: readonly Scored[];
  /** The order that these are compared with. */
  readonly before: readonly number[];
  readonly name: (item: number) => string;
  readonly explains: boolean;
  readonly explained: number | undefined;
  readonly onAdd: (item: number) => void;
  readonly onWhy: (item: number) => void;
}

/** From a place in the one list to that in the other; undefined where both are one. */
export const Move = ({ from, to }: { readonly from: number; readonly to: number }) =>
  from === to ? null : from < 0 ? (
    <span class="move new">new</span>
  ) : (
    <span class={`move ${from > to ? 'up' : 'down'}`}>
      <span aria-hidden="true">{from > to ? '▲' : '▼'}</span>
      <span class="hidden">{from > to ? 'up' : 'down'} </span>
      {Math.abs(from - to)}
    </span>
  );

export const Recommended = ({ items, before, name, explains, explained, onAdd, onWhy }: Props) => {
  const order = items.map(({ item }) => item);
  const list = useMoving(order.join());
  const scores = items.map(({ score }) => score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  /** Scores compare within one list alone, so a bar tells the distance to its ends. */
  const share = (score: number): number => (high > low ? 0.08 + (0.92 * (score - low)) / (high - low) : 1);
  return (
    <ol class="recommended" ref={list} aria-label="Recommendations, the best first">
      {items.map(({ item, score }, at) => (
        <li key={item} data-key={item} class={item === explained ? 'chosen' : ''}>
          <span class="rank" aria-hidden="true">
            {at + 1}
          </span>
          <span class="what">
            <span class="name">
              {name(item)} <Move from={before.indexOf(item)} to={at} />
            </span>
            <span class="bar" aria-hidden="true">
              <span style={{ inlineSize: `${100 * share(score)}%` }} />
            </span>
          </span>
          <span class="score">
            <span class="hidden">score </span>
            {score.toFixed(2)}
          </span>
          <span class="tools">
            {explains && (
              <button
                type="button"
                class="small"
                aria-pressed={item === explained}
                aria-label={`Why ${name(item)}`}
                onClick={() => onWhy(item)}
              >
                Why
              </button>
            )}
            <button
              type="button"
              class="small"
              aria-label={`Add ${name(item)} to the history`}
              onClick={() => onAdd(item)}
            >
              Add
            </button>
          </span>
        </li>
      ))}
    </ol>
  );
};
