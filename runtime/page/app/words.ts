/** How the page says things. */
import type { Opened } from './talk.js';

/** An item as a person knows it. */
export const nameIn =
  ({ items, titles }: Pick<Opened, 'items' | 'titles'>) =>
  (item: number): string =>
    titles?.[item] ?? items[item] ?? String(item);

export const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;

/** A number of three digits or so. */
export const short = (value: number): string =>
  value === 0 ? '0' : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toPrecision(3);
