/** The history that a person makes, kept in the address, so that it may be sent to others and survives a reload. */
import { useEffect, useState } from 'preact/hooks';

const key = '#after=';

/** Items by ids; those that the model does not know are left out. */
const written = (items: readonly string[]): readonly number[] => {
  const { hash } = location;
  if (!hash.startsWith(key)) return [];
  const codes = new Map(items.map((id, item) => [id, item]));
  return hash
    .slice(key.length)
    .split(',')
    .flatMap((part) => {
      try {
        return codes.get(decodeURIComponent(part)) ?? [];
      } catch {
        return [];
      }
    });
};

/** The history, and how it is changed. */
export const useHistory = (
  items: readonly string[],
): readonly [history: readonly number[], change: (to: readonly number[]) => void] => {
  const [history, change] = useState(() => written(items));
  useEffect(() => {
    const read = (): void => change(written(items));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, [items]);
  return [
    history,
    (to) => {
      const hash = to.length === 0 ? '' : key + to.map((item) => encodeURIComponent(items[item]!)).join(',');
      // No step back for each item: the back button leaves the page.
      window.history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
      change(to);
    },
  ];
};
