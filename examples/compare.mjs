#!/usr/bin/env node
// @ts-check
/**
 * Compares models: same data, loss, optimizer, seeds and evaluation.
 *
 *     node examples/compare.mjs --data ml-1m/ratings.dat --models hstu,sasrec,pcrec --seeds 1,2,3 --out results
 *     node examples/compare.mjs --out results --report --markdown
 *
 * Each model is compiled once and trained once a seed, by its own trainer. A finished run is kept as `<model>.<seed>.json`, with
 * every user's test rank; an unfinished one has its checkpoint. So after an interruption, or with one more seed or model, the
 * same command does what is missing and nothing twice. `comparison.json` holds the tables.
 */
import { join } from 'node:path';
import { CommanderError } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import { folderAt, load } from 'pcrec/runtime';
import { describe, planOf, reportPlan } from './compare/command.mjs';
import { compiled } from './compare/models.mjs';
import { progress } from './compare/progress.mjs';
import { compare, report, secondsOf } from './compare/report.mjs';
import { found, read, write } from './compare/results.mjs';
import { performAll, survey } from './compare/runs.mjs';

/**
 * @import { Contestant, Plan, ReportPlan, Result } from './compare/types.ts'
 * @import { Words } from './compare/command.mjs'
 */

const codes = { ok: 0, failed: 1, usage: 2, SIGINT: 130, SIGTERM: 143 };
const voice = progress(process.stderr, () => performance.now());

/** @type {(code: number, why: string) => number} */
const failing = (code, why) => {
  voice.fail(why);
  return code;
};

/** Prints the tables, and keeps them in the file `keep`. @type {(results: readonly Result[], order: readonly string[], options: { readonly baselines: readonly string[] | null, readonly markdown: boolean }, keep?: string) => Promise<number>} */
const conclude = async (results, order, { baselines, markdown }, keep) => {
  const comparison = compare(results, order, baselines);
  if (E.isLeft(comparison)) return failing(codes.failed, comparison.left);
  const kept = keep === undefined ? E.right(undefined) : await write(keep, comparison.right)();
  process.stdout.write(`${report(comparison.right, secondsOf(results), markdown)}\n`);
  return E.isLeft(kept) ? failing(codes.failed, kept.left) : codes.ok;
};

/** @type {(plan: ReportPlan) => Promise<number>} */
const reportOnly = async (plan) => {
  const there = (await found(plan.out)).filter(({ model, seed }) => (plan.models?.includes(model) ?? true) && (plan.seeds?.includes(seed) ?? true));
  /** @type {Result[]} */
  const results = [];
  for (const { model, seed } of there) {
    const result = await read(plan.out, model, seed);
    if (E.isLeft(result)) return failing(codes.failed, result.left);
    if (result.right !== undefined) results.push(result.right);
  }
  if (results.length === 0) return failing(codes.failed, `There is no result of these models and seeds in ${plan.out}.`);
  return conclude(results, plan.models ?? [...new Set(there.map(({ model }) => model))], plan);
};

/** The first signal saves and ends, the second ends. @type {() => { readonly signal: AbortSignal, readonly code: () => number }} */
const interruption = () => {
  const controller = new AbortController();
  let code = codes.failed;
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(codes[name]);
      code = codes[name];
      controller.abort();
      voice.say('Saving; once more to end at once.');
    });
  }
  return { signal: controller.signal, code: () => code };
};

/** @type {(plan: Plan) => Promise<number>} */
const run = async (plan) => {
  const { signal, code } = interruption();
  const data = await load(plan.source.data, { format: plan.source.format, titles: plan.source.titles });
  if (E.isLeft(data)) return failing(codes.failed, data.left);
  // Before anything that takes long: a folder that cannot be made is told now.
  const folder = await folderAt(join(plan.out, 'models'))();
  if (E.isLeft(folder)) return failing(codes.failed, folder.left);
  /** @type {Contestant[]} */
  const contestants = [];
  for (const model of plan.models) {
    voice.say(`compiling ${model.label}`);
    const contestant = await compiled(plan, model, (text) => voice.say(text));
    if (E.isLeft(contestant)) return failing(codes.failed, contestant.left);
    contestants.push(contestant.right);
  }
  const runs = await survey(plan, contestants, data.right.hash);
  if (E.isLeft(runs)) return failing(codes.failed, runs.left);
  const { results, failed, interrupted } = await performAll(plan, runs.right, voice, signal);
  if (interrupted) {
    voice.say(`Interrupted, with ${results.length} of ${runs.right.length} runs finished; the same command goes on from here.`);
    return code();
  }
  const ended = results.length === 0 ? codes.failed : await conclude(results, plan.models.map(({ label }) => label), plan, join(plan.out, 'comparison.json'));
  return failed === 0 ? ended : failing(codes.failed, `${failed} of ${runs.right.length} runs failed, so the table lacks them; the same command tries them again.`);
};

/** @type {(argv: readonly string[]) => Promise<number>} */
const main = async (argv) => {
  const command = describe().exitOverride();
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? codes.ok : codes.usage;
    throw error;
  }
  /** @type {Words} */
  const words = command.opts();
  const plan = words.report === true ? E.map(reportOnly)(reportPlan(words)) : E.map(run)(planOf(words));
  return E.isLeft(plan) ? failing(codes.usage, plan.left) : plan.right;
};

// A reader that went away (`compare.mjs | head`) ends the program quietly, as other commands do.
process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => process.exit(error.code === 'EPIPE' ? codes.ok : codes.failed));
process.exitCode = await main(process.argv.slice(2)).catch((error) => failing(codes.failed, `this is a bug in the comparison: ${error instanceof Error ? error.message : String(error)}`));
// A device may keep the process alive (threads, GPU handles); nothing is left to wait for.
setTimeout(() => process.exit(), 1000).unref();
