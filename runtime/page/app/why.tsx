/** Why an item has its score: what moved it, what the inference does to this user's states, and what there would be without it. */
import { useEffect, useState } from 'preact/hooks';
import type { Ask } from './ask.js';
import { firstLayers } from '../../contract/explanation.js';
import { Descent } from './descent.js';
import { Influences } from './influences.js';
import type { Reasons, Scored } from '../model.js';
import { Without } from './without.js';

interface Props {
  readonly ask: Ask;
  readonly history: readonly number[];
  readonly wanted: number;
  readonly shown: readonly Scored[];
  readonly name: (item: number) => string;
  readonly top: number;
  readonly adapts: boolean;
}

export const Why = ({ ask, history, wanted, shown, name, top, adapts }: Props) => {
  const [found, setFound] = useState<Reasons | undefined>(undefined);
  const [failed, setFailed] = useState('');
  const firsts = firstLayers(found?.descents ?? []);
  useEffect(() => {
    let late = false;
    ask('explain', history, wanted, top).then(
      (reasons) => {
        if (late) return;
        setFailed('');
        setFound(reasons);
      },
      (error: Error) => late || setFailed(error.message),
    );
    return () => void (late = true);
  }, [ask, history.join(), wanted]);
  return (
    <section class="why" aria-labelledby="why">
      <h2 id="why">
        Why <em>{name(found?.item ?? wanted)}</em>
      </h2>
      {failed !== '' && <p role="alert">{failed}</p>}
      {found !== undefined && (
        <div class="reasons">
          <Influences influence={found.influence} name={name} />
          {found.without !== undefined && <Without shown={shown} without={found.without} adapts={adapts} name={name} />}
          {found.descents.map((steps, i) => (
            <Descent
              key={i}
              steps={steps}
              adapts={adapts}
              items={found.influence.map(({ item }) => item)}
              name={name}
              first={firsts[i]!}
              which={found.descents.length > 1 ? i + 1 : undefined}
            />
          ))}
        </div>
      )}
    </section>
  );
};
