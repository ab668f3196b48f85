/** A trainer of the toy as a program of its own, to be killed: what a compiler would emit. */
import { main, trainer } from '../../runtime/index.js';
import { toy } from './toy.js';

const compiled = toy(JSON.parse(process.env['TOY'] ?? '{}') as Parameters<typeof toy>[0]);

export const { train, evaluate, recommend, recommender } = trainer(compiled);

main(compiled, import.meta.url);
