/** A search that names items as one types: the combobox of WAI-ARIA with a list, whose first entry is chosen unless another is. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { Ask } from './ask.js';
import { plural } from './words.js';

const most = 8;

interface Props {
  readonly ask: Ask;
  readonly name: (item: number) => string;
  /** The item that Enter would choose; undefined where there is none. */
  readonly onAt: (item: number | undefined) => void;
  readonly onChoose: (item: number) => void;
}

export const Search = ({ ask, name, onAt, onChoose }: Props) => {
  const id = useId();
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly number[]>([]);
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const shows = open && text.trim() !== '';

  useEffect(() => {
    let late = false;
    if (text.trim() === '') setFound([]);
    else
      ask('search', text, most).then(
        (items) => {
          if (late) return;
          setFound(items);
          setAt(0);
        },
        () => late || setFound([]),
      );
    return () => void (late = true);
  }, [ask, text]);
  const item = shows ? found[at] : undefined;
  useEffect(() => onAt(item), [item]);

  const choose = (chosen: number): void => {
    setText('');
    setOpen(false);
    onChoose(chosen);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => {
      setOpen(true);
      setAt(found.length === 0 ? 0 : (at + 1) % found.length);
    },
    ArrowUp: () => setAt(found.length === 0 ? 0 : (at + found.length - 1) % found.length),
    Enter: () => item !== undefined && choose(item),
    Escape: () => (shows ? setOpen(false) : setText('')),
  };
  return (
    <div class="search">
      <label for={`${id}-text`}>Add an item</label>
      <input
        id={`${id}-text`}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        placeholder="Type a title"
        aria-expanded={shows && found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={item === undefined ? undefined : `${id}-${at}`}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (act === undefined) return;
          event.preventDefault();
          act();
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Items found" hidden={!shows || found.length === 0}>
        {found.map((one, i) => (
          <li
            key={one}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            // Before the field loses its focus, at which the list would close.
            onPointerDown={(event) => event.preventDefault()}
            onPointerMove={() => i !== at && setAt(i)}
            onClick={() => choose(one)}
          >
            {name(one)}
          </li>
        ))}
      </ul>
      <p class="hidden" role="status">
        {shows ? (found.length === 0 ? 'Nothing is called so.' : `${plural(found.length, 'item')} found.`) : ''}
      </p>
      {shows && found.length === 0 && <p class="none">Nothing is called so.</p>}
    </div>
  );
};
