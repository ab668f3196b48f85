/** The work of the page: a search and the history it fills, the recommendations, and the reasons for one of them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Ask } from './ask.js';
import { useHistory } from './history.js';
import type { Scored } from '../model.js';
import { Past } from './past.js';
import { Recommended } from './recommended.js';
import { Search } from './search.js';
import type { Opened } from './talk.js';
import { Why } from './why.js';
import { nameIn, plural } from './words.js';

/** How many items are shown. */
const top = 10;

/** What is recommended, and the order to compare it with: that of the history before, or of the history that something is tried on. */
interface Shown {
  readonly items: readonly Scored[];
  readonly before: readonly number[];
}
const nothing: Shown = { items: [], before: [] };

export const Bench = ({ ask, model }: { readonly ask: Ask; readonly model: Opened }) => {
  const name = nameIn(model);
  const [history, change] = useHistory(model.items);
  /** What would be added: the item that the search is at. */
  const [tried, setTried] = useState<number | undefined>(undefined);
  const [{ items: shown, before }, show] = useState(nothing);
  /** The order after the history as it stands, and after the one before. */
  const orders = useRef<readonly [now: readonly number[], before: readonly number[]]>([[], []]);
  const [failed, setFailed] = useState('');
  const [wanted, setWanted] = useState<number | undefined>(undefined);
  const asked = tried === undefined ? history : [...history, tried];
  const words = asked.join();

  useEffect(() => {
    let late = false;
    setFailed('');
    const settle = (order: readonly number[]): void => {
      if (order.join() !== orders.current[0].join()) orders.current = [order, orders.current[0]];
    };
    if (asked.length === 0) {
      settle([]);
      show(nothing);
    } else
      ask('recommend', asked, top).then(
        ({ items }) => {
          if (late) return;
          const order = items.map(({ item }) => item);
          if (tried === undefined) settle(order);
          const [now, last] = orders.current;
          const from = tried === undefined ? last : now;
          show({ items, before: from.length === 0 ? order : from });
        },
        (error: Error) => late || setFailed(error.message),
      );
    return () => void (late = true);
  }, [ask, words, tried === undefined]);
  useEffect(() => setWanted(undefined), [history.join()]);

  const add = (item: number): void => {
    setTried(undefined);
    change([...history, item]);
  };
  const example = (): void => {
    const from = Math.floor(Math.random() * model.items.length);
    ask('recommend', [from], 6).then(
      ({ items: found }) => change([from, ...found.filter((_, i) => i % 2 === 0).map(({ item }) => item)]),
      (error: Error) => setFailed(error.message),
    );
  };
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
          before={before}
          name={name}
          explains={model.explains}
          explained={tried === undefined ? explained : undefined}
          onAdd={add}
          onWhy={setWanted}
        />
      </section>
      {model.explains && history.length > 0 && tried === undefined && explained !== undefined && (
        <Why ask={ask} history={history} wanted={explained} shown={shown} name={name} top={top} adapts={model.adapts} />
      )}
    </div>
  );
};
