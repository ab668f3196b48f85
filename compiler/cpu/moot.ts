/** A condition that holds wherever it is asked is not asked: in the innermost loop of a sum it costs as much as a product. */
import { all } from '../loops/build.js';
import { conjuncts } from '../loops/bounds.js';
import type { Expr } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { nodes } from '../loops/shape.js';
import { factsIn, knowing } from './facts.js';
import type { Job } from './job.js';
import type { Kernels } from './kernels.js';

export const moot = (k: Kernels): Kernels => {
  const { intern } = k.world;
  const known = knowing(intern);
  const without = (job: Job): Job => {
    if (![...nodes([job.body])].some((e) => e.kind === 'guard')) return job;
    const facts = factsIn(job, known);
    const asked = rewrite((e): Expr | null => {
      if (e.kind !== 'guard') return null;
      const here = facts.get(e)!;
      const parts = conjuncts(e.condition);
      const open = parts.filter((p) => !known.holds(p, here));
      if (open.length === parts.length) return null;
      const condition = all(open);
      return condition === null
        ? asked(e.then)
        : { ...e, condition: asked(condition), then: asked(e.then), otherwise: asked(e.otherwise) };
    });
    return { ...job, body: intern(asked(job.body)) };
  };
  return { ...k, jobs: k.jobs.map(without) };
};
