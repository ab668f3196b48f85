/** Opening a device, putting states on it, and giving it back. */
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { BoundSizes } from './contract/batch.js';
import type { CompiledModel, OpenOptions } from './contract/compiled.js';
import type { Session } from './contract/session.js';
import { messageOf } from './errors.js';
import type { States } from './init.js';
import type { DeviceOptions } from './options.js';

/** Opens a session, which whoever opens it also closes. Left: why the device does not open. */
export const openSession = (
  compiled: CompiledModel,
  { device, threads, settled }: DeviceOptions & Pick<OpenOptions, 'settled'>,
  sizes: BoundSizes,
): TaskEither<string, Session> =>
  pipe(
    TE.tryCatch(
      () => compiled.open(device ?? 'auto', sizes, { threads, settled }),
      (error) => `The device could not be opened: ${messageOf(error)}`,
    ),
    TE.chain(TE.fromEither),
  );

/** Gives the device back. */
export const closeSession = (session: Session): TaskEither<string, void> =>
  TE.tryCatch(
    () => session.dispose(),
    (error) => `The device ${session.backend} could not be closed: ${messageOf(error)}`,
  );

/** Opens a session, uses it, and gives the device back whatever happens. */
export const withSession = <A>(
  compiled: CompiledModel,
  options: DeviceOptions & Pick<OpenOptions, 'settled'>,
  sizes: BoundSizes,
  use: (session: Session) => TaskEither<string, A>,
): TaskEither<string, A> => TE.bracket(openSession(compiled, options, sizes), use, closeSession);

/** Puts states on the device. */
export const place = (session: Session, states: States): TaskEither<string, void> =>
  TE.tryCatch(
    () => session.write(states),
    (error) => `The states could not be written to ${session.backend}: ${messageOf(error)}.`,
  );
