/** The recommendations beside those of the same model that does not look at this user first. */
import type { Scored } from '../model.js';
import { Move } from './recommended.js';

interface Props {
  readonly shown: readonly Scored[];
  readonly without: readonly Scored[];
  /** Whether parameters take a step on this user's history; else states descend an energy. */
  readonly adapts: boolean;
  readonly name: (item: number) => string;
}

const words = {
  states: {
    heading: 'With the inference and without it',
    text: 'Before it predicts, the model lets its states descend their own prediction errors on this history. Without, it predicts from its first guess.',
    columns: ['Without', 'With'],
  },
  parameters: {
    heading: 'What a step on this history changes',
    text: 'Before it predicts, the model takes a step of learning on this history alone. Without, it predicts as training left it.',
    columns: ['As trained', 'After the step'],
  },
} as const;

export const Without = ({ shown, without, adapts, name }: Props) => {
  const { heading, text, columns } = words[adapts ? 'parameters' : 'states'];
  const [before, after] = [without, shown].map((list) => list.map(({ item }) => item)) as [number[], number[]];
  const moved = after.filter((item, at) => before[at] !== item).length;
  return (
    <section class="panel" aria-labelledby="without">
      <h3 id="without">{heading}</h3>
      <p>
        {text}{' '}
        {moved === 0
          ? 'Here both lists are the same.'
          : `Here ${moved} of ${after.length} places ${moved === 1 ? 'has' : 'have'} another item.`}
      </p>
      <table class="pair">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Rank</span>
            </th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {after.map((item, at) => (
            <tr key={at}>
              <th scope="row">{at + 1}</th>
              <td class={after.includes(before[at]!) ? '' : 'gone'}>
                {before[at] === undefined ? '' : name(before[at])}
              </td>
              <td>
                {name(item)} <Move from={before.indexOf(item)} to={at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};
