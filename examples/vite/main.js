// Recommends in the browser, from a trainer's folder that is bundled like any other module. README.md here tells how to run it.
import { openTrained } from 'pcrec/browser';
import { program } from './model/kernels.wasm.js';
import manifest from './model/manifest.json';
import checkpoint from './run/best.safetensors?url';

const [input, options, history, answer, state] = ['add', 'options', 'history', 'answer', 'state'].map((id) =>
  document.getElementById(id),
);
const label = ({ id, title }) => title ?? id;
const rows = (items) => items.map((item) => Object.assign(document.createElement('li'), { textContent: label(item) }));

const trained = await openTrained({ manifest, program, checkpoint: await (await fetch(checkpoint)).arrayBuffer() });
state.textContent = `Runs on ${trained.backend}.`;
const past = [];

input.addEventListener('input', () =>
  options.replaceChildren(
    ...trained
      .search(input.value, 20)
      .map((item) => Object.assign(document.createElement('option'), { value: label(item) })),
  ),
);
document.getElementById('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const [found] = trained.search(input.value, 1);
  if (found === undefined) {
    state.textContent = 'Nothing is called so.';
    return;
  }
  past.push(found);
  input.value = '';
  history.replaceChildren(...rows(past));
  answer.replaceChildren(...rows(await trained.recommend(past.map(({ id }) => id))));
  state.textContent = `After ${past.length}.`;
});
