/**
 * The emitted files as text. A pure function of what was compiled: no time, no absolute path, so equal input gives equal
 * bytes.
 */
import type { Manifest } from '../../runtime/contract/session.js';
import { explainableFile } from '../../runtime/contract/cpu-plan.js';
import type { Asset, Compiled, Target } from '../compiled.js';
import { type Explaining, explainableText } from '../explained-later.js';
import { packageFile } from '../package.js';
import { explanationFiles } from '../targets/wasm/index.js';

/** A file of the written folder. */
export interface EmittedFile {
  readonly name: string;
  readonly text: string;
  /** In place of the text, where the file is none. */
  readonly bytes?: Uint8Array;
  /** Starts with a `#!` line and may be run as it is. */
  readonly executable?: boolean;
}

/** Every emitted file that is not JSON data begins with this: it tells our files from a stranger's. */
export const mark = `Emitted by ${packageFile.name}-compile`;

const runtime = `${packageFile.name}/runtime`;

const settings = ({ hyper }: Manifest): string =>
  Object.entries(hyper)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
    .replaceAll('*/', '* /');

const heading = (manifest: Manifest): string =>
  `${mark} ${packageFile.version} from ${manifest.source.replaceAll('*/', '* /')}. Compile again instead of editing.`;

/** What the trainer imports, and the expression that its opener takes. */
const programsOf = ({ file, parts }: Target): { readonly imports: string; readonly program: string } =>
  parts === undefined
    ? { imports: `import { program } from './${file}';`, program: 'program' }
    : {
        imports: Object.entries(parts)
          .map(([name, part]) => `import { program as ${name} } from './${part.file}';`)
          .join('\n'),
        program: `{ ${Object.keys(parts).join(', ')} }`,
      };

/** What builds kernels ahead, and of which program. */
const builderOf = ({ builder, parts }: Target): { readonly name: string; readonly program: string } | undefined =>
  builder === undefined
    ? Object.entries(parts ?? {}).flatMap(([program, part]) =>
        part.builder === undefined ? [] : [{ name: part.builder, program }],
      )[0]
    : { name: builder, program: 'program' };
/** Whether `--build` has anything to do. */
export const builds = (target: Target): boolean => builderOf(target) !== undefined;

const trainerText = (manifest: Manifest, target: Target, builder = builderOf(target)): string => `#!/usr/bin/env node
/**
 * ${heading(manifest)}
 *
 * The trainer of '${manifest.model}' (${settings(manifest)}).
 *
 *   node trainer.js --help          train, evaluate, recommend, serve
 *   import { train } from './trainer.js'   (CommonJS: require)
 */
import { ${importsOf(target, builder?.name).join(', ')} } from '${runtime}';
${programsOf(target).imports}

/** Parameters, entries and hyperparameters of this model. */
export const manifest = readManifest(new URL('./manifest.json', import.meta.url));

/** The model as the runtime takes it: what it is, and how to open it on a device. */
export const compiled = { manifest, url: import.meta.url, open: (device, sizes, options) => ${target.opener}(${programsOf(target).program}, manifest, device, sizes, options)${builder === undefined ? '' : `, build: () => ${builder.name}(${builder.program})`}, explain: explaining(manifest, import.meta.url) };

export const { train, evaluate, recommend, recommender, explain, exportTo, search, serve } = trainer(compiled);

main(compiled, import.meta.url);
`;

const importsOf = ({ opener }: Target, builder: string | undefined): readonly string[] =>
  [...(builder === undefined ? [] : [builder]), opener, 'explaining', 'main', 'readManifest', 'trainer'].sort();

const typesText = (manifest: Manifest): string => `/** ${heading(manifest)} */
import type { CompiledModel, Manifest, Trainer } from '${runtime}';

export declare const manifest: Manifest;
export declare const compiled: CompiledModel;
export declare const train: Trainer['train'];
export declare const evaluate: Trainer['evaluate'];
export declare const recommend: Trainer['recommend'];
export declare const recommender: Trainer['recommender'];
export declare const explain: Trainer['explain'];
export declare const exportTo: Trainer['exportTo'];
export declare const search: Trainer['search'];
export declare const serve: Trainer['serve'];
`;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Node reads the emitted files as modules even where the project around them is CommonJS. */
export const moduleMarker: EmittedFile = {
  name: 'package.json',
  text: json({ description: mark, type: 'module', private: true }),
};

const headed =
  (manifest: Manifest) =>
  ({ name, content, comment }: Asset): EmittedFile =>
    typeof content === 'string'
      ? { name, text: `${comment} ${heading(manifest)}\n${content}` }
      : { name, text: '', bytes: content };

/** The files of one part of a target, or of a target that has none. */
export const partFiles = (
  { loops, manifest }: Pick<Compiled, 'loops' | 'manifest'>,
  part: Target,
): readonly EmittedFile[] =>
  [{ name: part.file, content: part.emit(loops), comment: '//' }, ...(part.assets?.emit(loops) ?? [])].map(
    headed(manifest),
  );

/** Begins a part of a target, by its name, and gives what waits for it. */
type Begin = (part: { readonly target: Target; readonly name: string }) => () => readonly EmittedFile[];

/**
 * The files of a compiled model, without writing them; for a program that passed the target's check. `beside`: where the last of
 * several parts is written while the others are.
 */
export const emittedFiles = (
  compiled: Pick<Compiled, 'loops' | 'explainable' | 'manifest'>,
  target: Target,
  beside?: Begin,
): readonly EmittedFile[] => {
  const { manifest, explainable } = compiled;
  const parts = Object.entries(target.parts ?? {});
  const [name, last] = parts.at(-1) ?? ['', target];
  const rest =
    beside === undefined || parts.length < 2 ? () => partFiles(compiled, last) : beside({ target: last, name });
  return [
    { name: 'trainer.js', text: trainerText(manifest, target), executable: true },
    { name: 'trainer.d.ts', text: typesText(manifest) },
    ...parts.slice(0, -1).flatMap(([, part]) => partFiles(compiled, part)),
    { name: explainableFile, text: explainableText(explainable) },
    ...rest(),
    { name: 'manifest.json', text: json(manifest) },
  ];
};

/** The files of what explains, beside a trainer that is there. */
export const explainingFiles = (manifest: Manifest, { loops, entry }: Explaining): readonly EmittedFile[] =>
  explanationFiles.emit(loops, entry).map(headed(manifest));

/** The files of a target that is handed over. */
export const handedOver = (
  compiled: Pick<Compiled, 'programs' | 'manifest' | 'step'>,
  { emit }: NonNullable<Target['handOver']>,
): readonly EmittedFile[] => emit(compiled).map(headed(compiled.manifest));

/** Every name that a target may write. */
export const namesOf = (target: Target): readonly string[] =>
  target.parts === undefined
    ? (target.handOver?.names ?? [
        explainableFile,
        ...explanationFiles.names,
        target.file,
        ...(target.assets?.names ?? []),
      ])
    : Object.values(target.parts).flatMap(namesOf);
