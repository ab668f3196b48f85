/** The page's worker: it opens the model and answers one question after the other, so that the page itself never waits. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { messageOf } from '../../errors.js';
import { files, isSite, unpacked } from '../site.js';
import { type Model, openModel } from '../model.js';
import type { Opened, Question, Reply, Talk, Topic } from './talk.js';

let model: Model | undefined;

const fetched = async (url: URL): Promise<ArrayBuffer> => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname} does not load: ${answer.status} ${answer.statusText}`);
  return answer.arrayBuffer();
};

const open = async (base: string, threads: number): Promise<Opened> => {
  const [text, states] = await Promise.all([files.model, files.states].map((name) => fetched(new URL(name, base))));
  const site: unknown = JSON.parse(new TextDecoder().decode(text));
  if (!isSite(site)) throw new Error('These are files of another version of the page; write it anew.');
  let code = 0;
  const load = (name: string) => async (): Promise<Uint8Array> => {
    const bytes = new Uint8Array(await fetched(new URL(name, base)));
    code += bytes.byteLength;
    return bytes;
  };
  const { plan, explain } = site;
  const programs = {
    score: { ...plan, load: (fused: boolean) => load(fused ? files.fused : files.plain)() },
    explain: explain === null ? undefined : { ...explain, load: load(files.explain) },
  };
  const opened = await openModel(site, programs, unpacked(site, states!), threads);
  if (isLeft(opened)) throw new Error(opened.left);
  model = opened.right;
  return {
    title: site.title,
    model: site.manifest.model,
    items: site.items,
    titles: site.titles,
    length: site.manifest.length,
    notes: site.notes,
    precision: site.precision,
    backend: model.backend,
    explains: model.explains,
    adapts: site.manifest.hyper['adaptationRate'] !== undefined,
    bytes: text!.byteLength + states!.byteLength + code,
  };
};

const ready = (): Model => {
  if (model === undefined) throw new Error('The model is not open yet.');
  return model;
};

const answers: { readonly [T in Topic]: (...given: Talk[T][0]) => Talk[T][1] | Promise<Talk[T][1]> } = {
  open,
  search: (...given) => ready().search(...given),
  recommend: (...given) => ready().recommend(...given),
  explain: (...given) => ready().explain(...given),
};

const answered = async <T extends Topic>({ id, topic, given }: Question<T>): Promise<Reply> => {
  try {
    return { id, answer: await answers[topic](...given) };
  } catch (error) {
    return { id, failed: messageOf(error) };
  }
};

// One after the other: a session runs one entry at a time.
let last: Promise<unknown> = Promise.resolve();
onmessage = ({ data }: MessageEvent<Question>) => {
  last = last.then(() => answered(data)).then((reply) => postMessage(reply));
};
