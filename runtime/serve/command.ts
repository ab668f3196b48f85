/** `trainer.js serve`: its options, and a server's life under signals. */
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from '../contract/compiled.js';
import { reason } from '../files.js';
import { counted, flags, threads } from '../flags.js';
import type { ServeOptions } from '../options.js';
import { aborted, type Carry, type Shared, type World } from '../world.js';
import { serve, type Server } from './serve.js';

/** What the command line says. */
export interface ServeCommand extends ServeOptions, Shared {
  readonly tokenFile?: string;
}

/** The options of the command that only it has. */
export const serveOptions = (): readonly Option[] => [
  counted('port', 'where to listen; 0 takes a port that is free (default: 8080)'),
  new Option('--host <name>', 'by which address to be reached (default: 127.0.0.1, from this machine alone)'),
  counted(
    'workers',
    'threads that score; 0: none, scores are computed where HTTP is answered (default: a core each but one)',
  ),
  counted('batch', 'requests that are scored together at most (default: 16)'),
  counted('delay', 'milliseconds that a request waits for others to be scored with (default: 1)'),
  counted('queue', 'requests that may wait; beyond them the answer is 503 (default: 1024)'),
  counted('timeout', 'seconds that a request may take to arrive, and may wait (default: 10)'),
  counted('drain', 'seconds that the end waits for what was taken (default: 30)'),
  counted('bodyLimit', 'bytes of a body (default: 262144)'),
  counted('listLimit', 'entries of a list (default: 1000)'),
  new Option(
    '--token-file <file>',
    'whoever asks needs a bearer token, one a line of this file; or one in the environment, PCREC_TOKEN',
  ),
  new Option('--cors <origins...>', 'pages of these origins may ask (`*`: all); needs the package @fastify/cors'),
  new Option('--watch', 'take the checkpoint again whenever its file has changed, as SIGHUP does'),
  flags.checkpoint,
  flags.device,
  threads,
];

/** Tokens on a command line would be everybody's to read. Left: a file that cannot be read, or holds none. */
const tokensOf = ({ tokenFile }: ServeCommand, env: NodeJS.ProcessEnv): TaskEither<string, readonly string[]> => {
  const own = env['PCREC_TOKEN'];
  const told = own === undefined || own === '' ? [] : [own];
  return tokenFile === undefined
    ? TE.right(told)
    : pipe(
        TE.tryCatch(
          () => readFile(tokenFile, 'utf8'),
          (error) => `The tokens in ${tokenFile} could not be read: ${reason(error)}.`,
        ),
        TE.map((text) => text.split(/\r?\n/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))),
        TE.filterOrElse(
          (all) => all.length > 0,
          () => `There is no token in ${tokenFile}: write one a line.`,
        ),
        TE.map((all) => [...all, ...told]),
      );
};

/** Serves until it is told to end, then drains. Left: a server that does not open, or does not drain. */
export const serveUntil =
  (compiled: CompiledModel, world: Pick<World, 'err' | 'onHangUp'>, listening: (server: Server) => void) =>
  (options: ServeCommand, signal: AbortSignal, env: NodeJS.ProcessEnv = process.env): TaskEither<string, void> => {
    const { tokenFile: _, json: __, ...told } = options;
    const say = (line: string): void => void world.err.write(`${line}\n`);
    return pipe(
      tokensOf(options, env),
      TE.chain((token) => serve(compiled)({ ...told, say, token })),
      TE.chain((server) => async () => {
        listening(server);
        const deaf = world.onHangUp?.(() => void server.reload()());
        await aborted(signal);
        const ended = await server.close()();
        deaf?.();
        return ended;
      }),
    );
  };

/** Gives a command its options and what it does. */
export const serving = (
  command: Command,
  compiled: CompiledModel,
  world: World,
  out: Option,
  carryOut: Carry,
): Command => {
  serveOptions().forEach((option) => command.addOption(option));
  return command
    .addOption(out)
    .addOption(flags.json)
    .description(
      'Answer over HTTP: recommendations, scores and searches, until told to end. Needs the packages fastify and prom-client.',
    )
    .action(async (options: ServeCommand) => {
      const tell = ({ url, backend }: Server): void =>
        void world.out.write(
          options.json === true
            ? `${JSON.stringify({ kind: 'listening', url, backend })}\n`
            : `${compiled.manifest.model} on ${backend} listens at ${url}\n`,
        );
      await carryOut(
        options,
        ({ signal }) => serveUntil(compiled, world, tell)(options, signal),
        () => ({ code: 0, text: '' }),
        'Answering what was taken',
      );
    });
};
