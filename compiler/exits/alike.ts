/**
 * Parts of a program that are one expression of other parameters: blocks, one above the other, and their derivatives. Which parameters
 * take each other's place is told by numbers in their names (`block.0.q`, `block.1.q`); what is made of them is then looked up, since
 * equal expressions are one node.
 */
import type { Node } from '../../dsl/node.js';
import { argsOf } from '../../dsl/build.js';
import { inLoop, type Interner, topological } from '../graph.js';
import { rebuild } from '../primitives/rebuild.js';
import { type Program, rootsOf } from '../program.js';

/** Names that are the same but for one number. */
export interface Family {
  /** Before and after the number. */
  readonly around: readonly [string, string];
  /** The number of the first. */
  readonly first: number;
}
/** One expression several times. */
export interface Alike {
  /** Nodes of each time, in one order: those at one place stand for each other. */
  readonly nodes: readonly (readonly Node[])[];
  /** What is read from outside that is another node each time, likewise. */
  readonly varying: readonly (readonly Node[])[];
}
export interface Blocks {
  readonly count: number;
  /** By names of parameters and keys of random numbers. */
  readonly families: ReadonlyMap<string, Family>;
  readonly forward: Alike;
  /** Of what is derived; its first time is that of the last block. */
  readonly backward?: Alike;
}

type Leaf = Extract<Node, { op: 'param' | 'uniform' }>;
const isLeaf = (n: Node): n is Leaf => n.op === 'param' || n.op === 'uniform';
const nameOf = (n: Leaf): string => (n.op === 'param' ? n.path : n.key);
const numbered = /^(.*?(?:^|\.))(\d+)((?:\.|$).*)$/;

interface Ranked {
  readonly count: number;
  readonly families: ReadonlyMap<string, Family>;
  readonly rank: (n: Node) => number;
  /** The leaf that stands for this one, so many blocks above. */
  readonly moved: (n: Leaf, by: number) => Node | undefined;
}

/** The most names that come as often as each other, numbered without a gap. */
const ranked = (order: readonly Node[]): Ranked | undefined => {
  const groups = new Map<string, Map<number, Leaf>>();
  for (const n of order) {
    const found = isLeaf(n) ? numbered.exec(nameOf(n)) : null;
    if (found === null || !isLeaf(n)) continue;
    const key = `${n.op} ${found[1]}*${found[3]}`;
    groups.set(key, (groups.get(key) ?? new Map<number, Leaf>()).set(Number(found[2]), n));
  }
  const runs = [...groups.values()].filter(
    (g) => g.size > 1 && Math.max(...g.keys()) - Math.min(...g.keys()) === g.size - 1,
  );
  const sizes = [...new Set(runs.map((g) => g.size))];
  const [count] = sizes.sort(
    (a, b) => runs.filter((g) => g.size === b).length - runs.filter((g) => g.size === a).length,
  );
  if (count === undefined) return undefined;
  const families = new Map<string, Family>();
  const places = new Map<
    Node,
    { readonly group: ReadonlyMap<number, Leaf>; readonly at: number; readonly rank: number }
  >();
  for (const group of runs.filter((g) => g.size === count)) {
    const first = Math.min(...group.keys());
    for (const [at, n] of group) {
      const [, before, , after] = numbered.exec(nameOf(n))!;
      families.set(nameOf(n), { around: [before!, after!], first });
      places.set(n, { group, at, rank: at - first });
    }
  }
  return {
    count,
    families,
    rank: (n) => places.get(n)?.rank ?? -1,
    moved: (n, by) => {
      const place = places.get(n);
      return place === undefined ? n : place.group.get(place.at + by);
    },
  };
};

interface Pair {
  readonly to: Node;
  readonly made: boolean;
}

const commutes = (n: Node): boolean => n.op === 'map' && (n.fn === 'add' || n.fn === 'mul');
const bare = (n: Node): boolean => argsOf(n).length === 0;
const shape = (n: Node): string => `${n.dtype} ${n.axes.map((a) => a.name).join()}`;
/** A node of other axes cannot take the place of one: what is made of it may not even exist. */
const fit = (these: readonly Node[], those: readonly Node[]): boolean =>
  these.length === those.length && these.every((n, i) => shape(n) === shape(those[i]!));

/** What stands for the nodes of `base`, which are all of one block, in another. */
class Image {
  readonly pairs = new Map<Node, Node>();
  /** Nodes that are made of their arguments as their images are; the images of others are what a block is given. */
  readonly made = new Set<Node>();

  constructor(
    private readonly base: ReadonlySet<Node>,
    private readonly present: ReadonlySet<Node>,
    private readonly interned: Interner,
    /** Known already, of nodes outside; what is not known may be anything that `allowed` lets be. */
    private readonly known: (n: Node) => Node | undefined,
    private readonly allowed: (image: Node) => boolean,
    /** Whether a node outside belongs to the block too, where its image is made as it is. */
    private readonly grows: (n: Node) => boolean,
  ) {}

  /** What stands for a node outside, or for one that has an image. */
  of(n: Node): Node {
    return this.pairs.get(n) ?? this.known(n) ?? n;
  }

  /** The node that this one is with such arguments, if the program has it. Sums and products are as good the other way round. */
  private found(n: Node, args: readonly Node[]): Node | undefined {
    if (!fit(argsOf(n), args)) return undefined;
    const swaps = commutes(n) ? [args, [...args].reverse()] : [args];
    return swaps.map((a) => this.interned.one(rebuild(n, a))).find((x) => this.present.has(x));
  }

  /** The arguments of `m` in the orders in which they may stand for those of `n`, where both are made alike. */
  private orders(n: Node, m: Node): readonly (readonly Node[])[] {
    const [own, others] = [argsOf(n), argsOf(m)];
    if (n.op !== m.op || shape(n) !== shape(m)) return [];
    return (commutes(n) ? [others, [...others].reverse()] : [others]).filter(
      (args) => fit(own, args) && this.interned.one(rebuild(n, others)) === m,
    );
  }

  /** Takes `m` for the image of `n`, and all below for that of what is below. Whether it can be. */
  unify(n: Node, m: Node, trial: Map<Node, Pair>): boolean {
    const before = this.pairs.get(n) ?? trial.get(n)?.to ?? this.known(n);
    if (before !== undefined) return before === m;
    const inside = this.base.has(n);
    if (!inside && !this.allowed(m)) return false;
    for (const args of !inside && (n === m || !this.grows(n)) ? [] : this.orders(n, m)) {
      const more = new Map(trial).set(n, { to: m, made: true });
      if (!argsOf(n).every((a, i) => this.unify(a, args[i]!, more))) continue;
      more.forEach((pair, from) => trial.set(from, pair));
      return true;
    }
    if (!inside) trial.set(n, { to: m, made: false });
    return !inside;
  }

  /** From what is known up to what reads it, and from there down to what comes from outside. */
  seed(order: readonly Node[], users: (n: Node) => readonly Node[]): void {
    for (const n of order) {
      if (this.pairs.has(n)) continue;
      const leads = argsOf(n).flatMap((a) => {
        const image = this.pairs.get(a) ?? (isLeaf(a) ? this.known(a) : undefined);
        return image === undefined || image === a ? [] : [image];
      });
      for (const m of new Set(leads.flatMap(users))) {
        const trial = new Map<Node, Pair>();
        if (!this.unify(n, m, trial)) continue;
        for (const [from, { to, made }] of trial) {
          this.pairs.set(from, to);
          if (made) this.made.add(from);
        }
        break;
      }
    }
  }

  /** The images of all nodes that have one. */
  sweep(order: readonly Node[]): void {
    for (const n of order) {
      if (this.pairs.has(n)) continue;
      const args = argsOf(n).map((a) => this.pairs.get(a) ?? (this.base.has(a) ? undefined : this.known(a)));
      const image = args.every((a) => a !== undefined) ? this.found(n, args as readonly Node[]) : undefined;
      if (image === undefined) continue;
      this.pairs.set(n, image);
      this.made.add(n);
    }
  }
}

/** Whether a product is larger than what it is made of: who sums it makes it. */
const widens = (n: Node): boolean =>
  n.op === 'map' && n.fn === 'mul' && n.args.every((a) => a.axes.length < n.axes.length);

/** The nodes of a block that all images have, and what these read from outside that is another node for each. */
const alikeOf = (order: readonly Node[], base: ReadonlySet<Node>, images: readonly Image[]): Alike => {
  const kept = new Set<Node>();
  const elsewhere = new Set<Node>();
  for (const n of order) {
    const whole = images.every((i) => i.made.has(n)) && argsOf(n).every((a) => kept.has(a) || !base.has(a));
    if (!whole || elsewhere.has(n)) continue;
    kept.add(n);
    images.forEach((i) => elsewhere.add(i.pairs.get(n)!));
  }
  const summed = new Set([...kept].flatMap(argsOf));
  for (const n of kept) if (widens(n) && !summed.has(n)) kept.delete(n);
  const nodes = [...kept];
  const outside = [...new Set(nodes.flatMap(argsOf).filter((a) => !kept.has(a)))];
  const varying = outside.filter((a) => images.some((i) => i.of(a) !== a) && !isLeaf(a));
  const each = (of: readonly Node[]): readonly (readonly Node[])[] => [
    of,
    ...images.map((i) => of.map((n) => i.of(n))),
  ];
  return { nodes: each(nodes), varying: each(varying) };
};

/** Blocks of a program, where there are several that are alike. */
export const blocksOf = (program: Program): Blocks | undefined => {
  const order = topological(rootsOf(program));
  const present = new Set(order);
  const found = ranked(order);
  if (found === undefined) return undefined;
  const { rank, moved, families } = found;
  const users = new Map<Node, Node[]>();
  for (const n of order) for (const a of new Set(argsOf(n))) users.set(a, [...(users.get(a) ?? []), n]);
  const usersOf = (n: Node): readonly Node[] => users.get(n) ?? [];

  const before = new Set(topological(Object.values(program.outputs)));
  const stages = new Map<Node, number>();
  for (const n of order) if (before.has(n)) stages.set(n, Math.max(rank(n), ...argsOf(n).map((a) => stages.get(a)!)));
  // A loop's step is written with the loop.
  const loops = new Set(order.flatMap((n) => (n.op === 'scan' ? [...inLoop(n)] : [])));
  const base = order.filter((n) => before.has(n) && stages.get(n) === 0 && !bare(n) && !loops.has(n));
  const own = new Set(base);
  const imageOf = (by: number): Image => {
    const image = new Image(
      own,
      present,
      program.interned,
      (n) => (isLeaf(n) ? moved(n, by) : bare(n) ? n : undefined),
      () => true,
      (n) => !bare(n),
    );
    image.seed(base, usersOf);
    // Whatever no parameter led to is the same for all.
    const outside = base.flatMap(argsOf).filter((a) => !own.has(a) && !image.pairs.has(a));
    outside.forEach((a) => image.pairs.set(a, isLeaf(a) ? (moved(a, by) ?? a) : a));
    image.sweep(base);
    return image;
  };
  const attempt = (count: number): Blocks | undefined => {
    if (count < 2) return undefined;
    const images = Array.from({ length: count - 1 }, (_, i) => imageOf(i + 1));
    const forward = alikeOf(order, own, images);
    // A handful of lines is no block.
    if (2 * forward.nodes[0]!.length < base.length) return attempt(count - 1);
    const backward = Object.keys(program.updates).length === 0 ? undefined : derived(count, forward);
    return { count, families, forward, ...(backward === undefined ? {} : { backward }) };
  };

  const derived = (count: number, forward: Alike): Alike | undefined => {
    if (count !== found.count) return undefined;
    const labels = new Map<Node, number>();
    const block = new Map<Node, number>(forward.nodes.flatMap((of, k) => of.map((n) => [n, k] as const)));
    const at = new Map<Node, number>(forward.nodes.flatMap((of) => of.map((n, i) => [n, i] as const)));
    // What a block is given is its own, though the block below made it; what the last one makes is nobody's.
    const given = new Map<Node, number>(forward.varying.flatMap((of, k) => of.map((n) => [n, k] as const)));
    for (const n of forward.varying[1]!) {
      const place = at.get(n);
      if (place !== undefined) given.set(forward.nodes[count - 1]![place]!, count);
    }
    for (const n of order) {
      const stage = stages.get(n);
      const below = argsOf(n).map((a) => labels.get(a)!);
      labels.set(
        n,
        stage === undefined
          ? Math.min(...below)
          : rank(n) >= 0
            ? rank(n)
            : (given.get(n) ?? block.get(n) ?? (stage < 0 ? Infinity : stage === count - 1 ? count : stage)),
      );
    }
    const last = count - 1;
    const derivatives = order.filter((n) => !before.has(n) && labels.get(n) === last && !bare(n) && !loops.has(n));
    const inside = new Set(derivatives);
    const images = Array.from({ length: last }, (_, k) => {
      const image = new Image(
        inside,
        present,
        program.interned,
        (n) => {
          if (isLeaf(n)) return moved(n, k - last);
          const place = block.get(n) === last ? at.get(n) : undefined;
          if (place !== undefined) return forward.nodes[k]![place];
          const handed = forward.varying[last]!.indexOf(n);
          if (handed >= 0) return forward.varying[k]![handed];
          return bare(n) || labels.get(n) === Infinity ? n : undefined;
        },
        (m) => labels.get(m)! > k,
        (n) => n.op === 'rename' || n.op === 'broadcast' || (n.op === 'map' && (n.fn === 'neg' || n.fn === 'select')),
      );
      image.seed(derivatives, (n) => usersOf(n).filter((u) => labels.get(u) === k));
      derivatives
        .flatMap(argsOf)
        .filter((a) => !image.pairs.has(a) && block.get(a) === last)
        .forEach((a) => image.pairs.set(a, forward.nodes[k]![at.get(a)!]!));
      image.sweep(derivatives);
      return image;
    });
    const all = alikeOf(order, inside, images);
    return 2 * all.nodes[0]!.length < derivatives.length ? undefined : all;
  };
  return attempt(found.count);
};
