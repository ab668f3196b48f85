/** `report.html`, beside the checkpoints. */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { apartOf } from '../apart.js';
import { messageOf } from '../errors.js';
import { writeAtomically } from '../files.js';
import type { Job } from '../job.js';
import type { Judged } from '../judging.js';
import { stepTimes } from '../timing.js';
import { type Pictures, pictures } from './pictures.js';
import type { Beginning } from './provenance.js';
import { readRecords, storyOf } from './story.js';
import { trainingPage } from './training.js';

export const reportFile = (out: string): string => join(out, 'report.html');

/** Writes a page into a folder, and gives its path. Left: why there is none, in a sentence. */
export const writePage = async (
  out: string,
  page: (pictures: Pictures | undefined) => Promise<string>,
): Promise<E.Either<string, string>> => {
  const path = reportFile(out);
  try {
    return E.map(() => path)(await writeAtomically(path, [Buffer.from(await page(await pictures()))])());
  } catch (error) {
    return E.left(`The report ${path} could not be made: ${messageOf(error)}.`);
  }
};

/**
 * The report of a run that has come to its end, and whose states are kept: the device's are spent on timing kernels. A run is not worth less for
 * want of a report, so what is wrong with it is a warning.
 */
export const reportTraining = async (job: Job, begun: Beginning, test: Judged | null): Promise<void> => {
  const { manifest, feed, out } = job;
  const kernels = await stepTimes(job);
  const ranks = test?.ranks;
  const written = await writePage(out, async (drawn) => {
    const story = storyOf(await readRecords(out));
    if (story === undefined) throw new Error('its log tells of no beginning');
    const found = {
      manifest,
      begun,
      kernels,
      figures: test?.found.figures ?? [],
      apart: ranks === undefined || ranks.length === 0 ? undefined : apartOf(feed, 'test', ranks),
    };
    return trainingPage(story, found, drawn);
  });
  if (E.isLeft(written)) job.listen({ kind: 'warning', message: written.left });
};
