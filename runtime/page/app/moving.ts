/** Rows that glide to their new places, for those who like things to move. */
import { useLayoutEffect, useRef } from 'preact/hooks';

/** For a list whose children have `data-key`; `order` changes when they move. */
export const useMoving = (order: string) => {
  const list = useRef<HTMLOListElement>(null);
  const before = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    const rows = [...(list.current?.children ?? [])] as HTMLElement[];
    const now = new Map(rows.map((row) => [row.dataset['key']!, row.offsetTop]));
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches)
      rows.forEach((row) => {
        const [from, to] = [before.current.get(row.dataset['key']!), now.get(row.dataset['key']!)!];
        if (from === undefined)
          row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: before.current.size === 0 ? 0 : 250 });
        else if (from !== to)
          row.animate([{ transform: `translateY(${from - to}px)` }, { transform: 'none' }], {
            duration: 250,
            easing: 'ease-out',
          });
      });
    before.current = now;
  }, [order]);
  return list;
};
