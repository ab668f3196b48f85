/** The page as a whole: opening the model, then making a history beside what is recommended after it. */
import { useEffect, useState } from 'preact/hooks';
import type { Ask } from './ask.js';
import { Bench } from './bench.js';
import type { Opened } from './talk.js';
import { megabytes } from './words.js';

type State =
  | { readonly is: 'opening' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'open'; readonly model: Opened };

/** Threads pay where they may share memory; four are as many as one request can feed. */
const threads = (): number => (crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1);

const About = ({ model }: { readonly model: Opened }) => (
  <footer>
    <p>
      The model {model.model} runs in this page, on {model.backend}. Its files are {megabytes(model.bytes)}, its
      parameters {model.precision}. What you enter stays on this device.
    </p>
    {model.notes.map((note) => (
      <p key={note}>{note}</p>
    ))}
  </footer>
);

export const App = ({ ask }: { readonly ask: Ask }) => {
  const [state, set] = useState<State>({ is: 'opening' });
  useEffect(() => {
    ask('open', new URL('.', location.href).href, threads()).then(
      (model) => {
        document.title = `${model.title}: recommendations`;
        set({ is: 'open', model });
      },
      (error: Error) => set({ is: 'failed', why: error.message }),
    );
  }, [ask]);
  const title = state.is === 'open' ? state.model.title : 'Recommendations';
  return (
    <>
      <header>
        <h1>{title}</h1>
        <p>Say what somebody met, in order, and see what comes next.</p>
      </header>
      <main>
        {state.is === 'opening' && (
          <p role="status" class="opening">
            The model is loading …
          </p>
        )}
        {state.is === 'failed' && (
          <p role="alert" class="failed">
            The model does not open in this browser. {state.why}
          </p>
        )}
        {state.is === 'open' && <Bench ask={ask} model={state.model} />}
      </main>
      {state.is === 'open' && <About model={state.model} />}
    </>
  );
};
