/** The work of the page: a search and the history it fills, the recommendations, and the reasons for one of them. */
import { useEffect, useState } from 'preact/hooks';
import type { Ask } from './ask.js';
import { useHistory } from './history.js';
import type { Answer } from '../model.js';
import { Past } from './past.js';
import { Recommended } from './recommended.js';
import { Search } from './search.js';
import type { Opened } from './talk.js';
import { Why } from './why.js';
import { nameIn, plural } from './words.js';

/** How many items are shown. */
const top = 10;

export const Bench = ({ ask, model }: { readonly ask: Ask; readonly model: Opened }) => {
  const name = nameIn(model);
  const [history, change] = useHistory(model.items);
  /** What would be added: the item that the search is at. */
  const [tried, setTried] = useState<number | undefined>(undefined);
  const [answer, setAnswer] = useState<Answer | undefined>(undefined);
  const [failed, setFailed] = useState('');
  const [wanted, setWanted] = useState<number | undefined>(undefined);
  const asked = tried === undefined ? history : [...history, tried];
  const words = asked.join();

  useEffect(() => {
    let late = false;
    setFailed('');
    if (asked.length === 0) setAnswer(undefined);
    else
      ask('recommend', asked, top).then(
        (found) => late || setAnswer(found),
        (error: Error) => late || setFailed(error.message),
      );
    return () => void (late = true);
  }, [ask, words]);
  useEffect(() => setWanted(undefined), [history.join()]);

  const add = (item: number): void => {
    setTried(undefined);
    change([...history, item]);
  };
  const example = (): void => {
    const from = Math.floor(Math.random() * model.items.length);
    ask('recommend', [from], 6).then(
      ({ items }) => change([from, ...items.filter((_, i) => i % 2 === 0).map(({ item }) => item)]),
      (error: Error) => setFailed(error.message),
    );
  };
  const shown = answer?.items ?? [];
  const explained = wanted ?? (tried === undefined ? shown[0]?.item : undefined);

  return (
    <div class="bench">
      <section class="making" aria-labelledby="making">
        <h2 id="making">History</h2>
        <Search ask={ask} name={name} onAt={setTried} onChoose={add} />
        <Past history={history} name={name} length={model.length} onChange={change} onExample={example} />
      </section>
      <section class="answer" aria-labelledby="answer">
        <h2 id="answer">Recommendations</h2>
        <p class="lead" role="status">
          {failed !== ''
            ? failed
            : asked.length === 0
              ? 'They appear as soon as the history holds something.'
              : tried === undefined
                ? `After ${plural(history.length, 'item')}.`
                : `If you add ${name(tried)}.`}
        </p>
        <Recommended
          items={shown}
          name={name}
          explains={model.explains}
          explained={tried === undefined ? explained : undefined}
          onAdd={add}
          onWhy={setWanted}
        />
      </section>
      {model.explains && history.length > 0 && tried === undefined && explained !== undefined && (
        <Why ask={ask} history={history} wanted={explained} shown={shown} name={name} top={top} />
      )}
    </div>
  );
};
