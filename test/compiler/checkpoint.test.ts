/** Checkpointed descent: the values and derivatives of the unrolled one, in less memory. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { type Backward, axis, checkpoint, constantRate, descend, dot, param, rename, like, sgd, square, sub, sum, tanh, typed, unroll, whole, type Tensor, zeros } from 'pcrec';
import * as build from '../../dsl/build.js';
import { costOf } from '../../compiler/cost.js';
import { interner, rewrite } from '../../compiler/graph.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { pipeline, runPasses } from '../../compiler/pipeline.js';
import { type Program, rootsOf, withRoots } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
