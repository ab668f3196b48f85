/** The pages of `errors/`: their sections, and the examples in them, as model files and commands of their own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as dsl from '../../dsl/index.js';
import { areas, catalogue, type Code, codes, pageOf } from '../../compiler/catalogue.js';
import { sectionIn } from '../../compiler/pages.js';
import { blocks, document } from './markdown.js';

export interface Example {
  readonly code: Code;
  readonly language: 'ts' | 'js' | 'json' | 'sh';
  readonly fails: boolean;
  readonly text: string;
  /** The first line of the message that a failing one says it gives, its severity and code first. */
  readonly says: string;
}

const fence = /^```(ts|js|json|sh) (fails|works)\n([\s\S]*?)^```$/gm;
const said = /^(?:\/\/|#) (.*)\n$/m;

export const pages = [...new Set(codes.map(pageOf))].map((page) => [page, document(`errors/${page}.md`)] as const);
/** The codes that pages have sections of, in their order. */
export const headings: readonly string[] = pages.flatMap(([, text]) =>
  [...text.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading),
);

const examplesOf = (code: Code, section: string): readonly Example[] =>
  [...section.matchAll(fence)].map(([, language, kind, body = '']) => {
    const lines = body.trimEnd().split('\n');
    const last = said.exec(`${lines.at(-1) ?? ''}\n`)?.[1] ?? '';
    const fails = kind === 'fails';
    return {
      code,
      language: language as Example['language'],
      fails,
      text: (fails ? lines.slice(0, -1) : lines).join('\n'),
      says: fails ? last : '',
    };
  });
export const examples: readonly Example[] = pages.flatMap(([page, text]) =>
  codes.filter((code) => pageOf(code) === page).flatMap((code) => examplesOf(code, sectionIn(text, code) ?? '')),
);

const [frame = ''] = blocks(document('errors/README.md'), 'ts');

/** Every name of the language that the example does not import or declare at the top by itself. */
const imports = (text: string, language: string): string => {
  const own = [...text.matchAll(/^import \{([^}]*)\} from/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
  const declared = [...text.matchAll(/^(?:export )?const (\w+)/gm)].map(([, name = '']) => name);
  const names = Object.keys(dsl).filter((name) => !own.includes(name) && !(isWhole(text) && declared.includes(name)));
  return [
    `import { ${names.join(', ')} } from 'pcrec';`,
    ...(language === 'ts' ? ["import type { RecommenderContext, State, Tensor } from 'pcrec';"] : []),
  ].join('\n');
};
const isWhole = (text: string): boolean => /^export /m.test(text);

/** A whole model file. */
export const modelFile = ({ text, language }: Pick<Example, 'text' | 'language'>): string => {
  if (isWhole(text)) return `${imports(text, language)}\n${text}\n`;
  const [head, body] = [true, false].map((top) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('import ') === top)
      .join('\n'),
  );
  const [, ...rest] = frame.split('\n');
  const build = rest.filter((line) => !(/^ {2,}return /m.test(line) && /^return /m.test(body!)));
  return [imports(text, language), head, ...build].join('\n').replace(/^ *\/\/ \.\.\.$/m, body!);
};

/** Folders under `root`, one for each example, each a project with a model file; gives the file. */
export const writeExample = (root: string, example: Example, at: number): string => {
  const folder = join(root, `${example.code}-${at}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
  const plain = { text: 'const state = input;', language: 'ts' } as const;
  const isModel = example.language === 'ts' || example.language === 'js';
  if (example.language === 'json') writeFileSync(join(folder, 'tsconfig.json'), example.text);
  const file = join(folder, example.language === 'sh' ? 'mine.ts' : `example.${isModel ? example.language : 'ts'}`);
  writeFileSync(file, modelFile(isModel ? example : plain));
  return file;
};

/** GitHub's anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
/** The list of all codes, as `errors/README.md` has it. */
export const listing: string = Object.entries(areas)
  .map(([area, { page, title }]) =>
    [
      `### [${title}](${page}.md)`,
      '',
      ...codes
        .filter((code) => code.startsWith(area))
        .map((code) => `- [${code}](${page}.md#${anchor(`${code}: ${catalogue[code]}`)}): ${catalogue[code]}`),
    ].join('\n'),
  )
  .join('\n\n');
