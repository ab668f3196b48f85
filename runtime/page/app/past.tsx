/** The history: oldest first, to be reordered and shortened. */
import { useRef } from 'preact/hooks';

interface Props {
  readonly history: readonly number[];
  readonly name: (item: number) => string;
  /** How many of the newest the model reads. */
  readonly length: number;
  readonly onChange: (to: readonly number[]) => void;
  readonly onExample: () => void;
}

const without = (list: readonly number[], at: number): readonly number[] => list.filter((_, i) => i !== at);
const swapped = (list: readonly number[], at: number): readonly number[] =>
  list.map((item, i) => (i === at ? list[at + 1]! : i === at + 1 ? list[at]! : item));

export const Past = ({ history, name, length, onChange, onExample }: Props) => {
  const list = useRef<HTMLOListElement>(null);
  const remove = (at: number): void => {
    onChange(without(history, at));
    // Whoever removes with the keyboard goes on at the same place.
    const focus = (): void => {
      const buttons = list.current?.querySelectorAll<HTMLButtonElement>('.remove');
      (buttons?.[Math.min(at, buttons.length - 1)] ?? document.querySelector<HTMLElement>('[role=combobox]'))?.focus();
    };
    requestAnimationFrame(focus);
  };
  if (history.length === 0)
    return (
      <div class="empty">
        <p>Nothing yet. Search for a title above, or</p>
        <button type="button" class="main" onClick={onExample}>
          Start with an example
        </button>
      </div>
    );
  return (
    <>
      <ol class="past" ref={list} aria-label="History, oldest first">
        {history.map((item, at) => (
          <li
            key={`${item}-${history.slice(0, at).filter((other) => other === item).length}`}
            class={at < history.length - length ? 'unread' : ''}
          >
            <span class="name">{name(item)}</span>
            <span class="tools">
              <button
                type="button"
                class="icon"
                aria-label={`Move ${name(item)} earlier`}
                disabled={at === 0}
                onClick={() => onChange(swapped(history, at - 1))}
              >
                ↑
              </button>
              <button
                type="button"
                class="icon"
                aria-label={`Move ${name(item)} later`}
                disabled={at === history.length - 1}
                onClick={() => onChange(swapped(history, at))}
              >
                ↓
              </button>
              <button type="button" class="icon remove" aria-label={`Remove ${name(item)}`} onClick={() => remove(at)}>
                ✕
              </button>
            </span>
          </li>
        ))}
      </ol>
      <p class="below">
        <span>{history.length > length ? `The model reads the newest ${length}.` : 'Oldest first.'}</span>
        <button type="button" class="plain" onClick={() => onChange([])}>
          Clear
        </button>
      </p>
    </>
  );
};
