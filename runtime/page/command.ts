/** `trainer.js page`: its options, and what it says. */
import { type Command, Option } from 'commander';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from '../contract/compiled.js';
import { counted, flags } from '../flags.js';
import { aborted, type Carry, type Shared, type World } from '../world.js';
import { precisions } from './site.js';
import { type Files, serveFiles } from './static.js';
import { type Page, type PageOptions, writePage } from './write.js';

/** What the command line says. */
export interface PageCommand extends PageOptions, Shared {
  readonly serve?: boolean;
  readonly port?: number;
}

const written = ({ out, files, bytes, precision }: Page): string =>
  `Wrote ${out}: ${files} files, ${(bytes / 1e6).toFixed(2)} MB, parameters in ${precision}.`;

/** Writes the page, tells of it, and serves it until it is told to end where that is asked. */
const show =
  (compiled: CompiledModel, wrote: (page: Page) => void, listening: (files: Files) => void) =>
  ({ serve, port = 8080, ...options }: PageCommand, signal: AbortSignal): TaskEither<string, void> =>
    pipe(
      writePage(compiled)(options),
      TE.chain((page) => {
        wrote(page);
        if (serve !== true) return TE.right(undefined);
        return pipe(
          serveFiles(page.out, '127.0.0.1', port),
          TE.chainTaskK((server) => async () => {
            listening(server);
            await aborted(signal);
            await server.close();
          }),
        );
      }),
    );

/** Gives a command its options and what it does. */
export const paging = (command: Command, compiled: CompiledModel, world: World, carryOut: Carry): Command =>
  command
    .description(
      'Write a static site on which the trained model can be tried: it recommends in the browser, and asks no server.',
    )
    .addOption(new Option('--out <folder>', 'the folder of the site').default('site'))
    .addOption(new Option('--title <text>', "the page's heading (default: the name of the model)"))
    .addOption(
      new Option(
        '--precision <name>',
        'of the parameters; float16 halves them and rounds scores to three digits or so (default: float32 where the site stays under 5 MB)',
      ).choices(precisions),
    )
    .addOption(new Option('--serve', 'serve the site on this machine until told to end, and say where'))
    .addOption(counted('port', 'where to serve it; 0 takes a port that is free (default: 8080)'))
    .addOption(
      new Option(
        '--checkpoint <file>',
        `the checkpoint to use (default: runs/${compiled.manifest.model}/best.safetensors)`,
      ),
    )
    .addOption(flags.json)
    .action(async (options: PageCommand) => {
      const tell = (value: object, words: string): void =>
        void world.out.write(options.json === true ? `${JSON.stringify(value)}\n` : `${words}\n`);
      await carryOut(
        options,
        ({ signal }) =>
          show(
            compiled,
            (page) =>
              tell(
                { kind: 'page', ...page },
                `${written(page)}${options.serve === true ? '' : ` Any static file server shows it (npx serve ${page.out}); --serve does it here. Opened as a file it cannot work: browsers load modules and workers over HTTP alone.`}`,
              ),
            ({ url }) => tell({ kind: 'listening', url }, `The page is at ${url} (Ctrl-C ends).`),
          )(options, signal),
        () => ({ code: 0, text: '' }),
        'Ending',
      );
    });
