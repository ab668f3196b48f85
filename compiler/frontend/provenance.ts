/**
 * Who made each node: the model's own name for it and the span of the expression it came from.
 *
 * The language is pure, so a node cannot know. An instrumented model (see instrument.ts) reports to this recorder as it is
 * evaluated. Arguments are evaluated before the call around them, so the innermost expression of the model claims a node
 * first, and what a library function creates belongs to the model's call of it. The recorder is the front end's only state
 * and lives for one compilation.
 */
import { argsOf } from '../../dsl/build.js';
import type { Axis } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import type { Source } from '../diagnostics.js';
import { isModel } from './exported.js';

/** What a node is called in the model file, and where it stands. */
export interface Provenance {
  /** The `const`, field or element that the model gave this node to. */
  readonly name?: string;
  /** What a node without a name is called after: the `const` whose expression made it, else the function that was called. */
  readonly label?: string;
  readonly source: Source;
}

/** An expression of the model: where it stands, and the function that it calls. */
export interface Site {
  readonly source: Source;
  readonly calls?: string;
}

/** What is known of the nodes and axes that the model made; passes hand it on to the nodes they make of them. */
export type ProvenanceOf = WeakMap<Node | Axis, Provenance>;

/** What a binding pattern names: an identifier, the fields of an object or the elements of an array. */
export type Pattern =
  | string
  | null
  | { readonly fields: Readonly<Record<string, Pattern>> }
  | { readonly items: readonly Pattern[] };

/** The calls of an instrumented file report here; `site` is an index into that file's sites. */
export interface Probe {
  /** Before a call's arguments: returns a token that tells where the stack of open calls stood. */
  enter(site: number): number;
  /** After the call: claims what is new in `value`. */
  at<T>(token: number, value: T): T;
  /** A stage of `pipe` or `flow`: a function that speaks for its own line when it is called. */
  stage<T>(site: number, value: T): T;
  /** Before an initialiser: returns a token that tells which nodes there were. */
  mark(): number;
  name<T>(token: number, value: T, pattern: Pattern, site: number): T;
}

export interface Recorder {
  readonly provenance: ProvenanceOf;
  readonly probe: (sites: readonly Site[]) => Probe;
  /** The innermost call of the model that has not returned: where an exception came from. */
  readonly open: () => Source | undefined;
  /** Forgets open calls: at the start of each evaluation. */
  readonly reset: () => void;
  /** The call of a model file that made this model. */
  readonly madeAt: (model: object) => Source | undefined;
  /** Names what a model returns under well-known names, where it gave none, and claims what no call of the model made. */
  readonly christen: (value: unknown, name: string, source: Source | undefined) => void;
}

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
export const isNode = (value: unknown): value is Node =>
  isPlain(value) && typeof value['op'] === 'string' && Array.isArray(value['axes']) && 'dtype' in value;

const isAxis = (value: unknown): value is Axis =>
  isPlain(value) && typeof value['name'] === 'string' && isPlain(value['extent']);

/** Models keep tensors in arrays and records; deeper than this nobody looks. */
const depth = 4;

/** The nodes and axes held by a value: itself, or those in its elements and fields. */
const heldBy = (value: unknown, levels = depth): readonly (Node | Axis)[] => {
  if (isNode(value) || isAxis(value)) return [value];
  if (levels === 0) return [];
  if (Array.isArray(value)) return value.flatMap((v) => heldBy(v, levels - 1));
  return isPlain(value) ? Object.values(value).flatMap((v) => heldBy(v, levels - 1)) : [];
};

/** A node's inputs, bound variables of its operator included: they too were made by the call that made it. */
const partsOf = (node: Node): readonly Node[] => {
  if (node.op !== 'project') return argsOf(node);
  const bound = node.of.op === 'descend' ? node.of.variables : node.of.op === 'fixedPoint' ? [node.of.variable] : [];
  return [...argsOf(node), ...bound];
};

export const recorder = (): Recorder => {
  const known: ProvenanceOf = new WeakMap();
  const models = new WeakMap<object, Source>();
  let open: Site[] = [];
  /** Claimed nodes that no `const` holds yet, in the order of their claims. */
  let loose: Node[] = [];

  // A node that is known was claimed with everything below it, so the walk stops there and each node is visited once.
  const claim = (value: unknown, { source, calls }: Site): void => {
    const pending = [...heldBy(value)];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (known.has(node)) continue;
      known.set(node, calls === undefined ? { source } : { source, label: calls });
      if (!isNode(node)) continue;
      loose.push(node);
      pending.push(...partsOf(node));
    }
  };

  /** Takes all that was claimed since the token and is part of no other `const`; what is destructured keeps the call's name. */
  const hold = (token: number, pattern: Pattern): void => {
    for (const node of loose.splice(token))
      if (typeof pattern === 'string') known.set(node, { ...known.get(node)!, label: pattern });
  };

  const nameNode = (node: Node, name: string): void => {
    const found = known.get(node);
    if (found !== undefined && found.name === undefined) known.set(node, { ...found, name });
  };

  const christen = (value: unknown, pattern: Pattern, levels = depth): void => {
    if (pattern === null || levels === 0) return;
    if (typeof pattern === 'string') {
      if (isNode(value)) nameNode(value, pattern);
      else if (Array.isArray(value)) value.forEach((v, i) => christen(v, `${pattern}_${i}`, levels - 1));
      else if (isPlain(value))
        Object.entries(value).forEach(([field, v]) => christen(v, `${pattern}_${field}`, levels - 1));
    } else if ('items' in pattern) {
      if (Array.isArray(value)) pattern.items.forEach((p, i) => christen(value[i], p, levels - 1));
    } else if (isPlain(value))
      Object.entries(pattern.fields).forEach(([field, p]) => christen(value[field], p, levels - 1));
  };

  const probe = (sites: readonly Site[]): Probe => {
    const siteOf = (site: number): Site => sites[site]!;
    const finish = <T>(token: number, site: Site, value: T): T => {
      open.length = token;
      claim(value, site);
      if (isModel(value)) models.set(value, site.source);
      return value;
    };
    const enter = (site: number): number => open.push(siteOf(site)) - 1;
    return {
      enter,
      at: (token, value) => finish(token, open[token]!, value),
      stage: (site, value) => {
        if (typeof value !== 'function') return value;
        const inner: unknown = value;
        const call = inner as (this: unknown, ...args: unknown[]) => unknown;
        const stage = function (this: unknown, ...args: unknown[]): unknown {
          const token = enter(site);
          return finish(token, siteOf(site), call.apply(this, args));
        };
        return stage as typeof value;
      },
      mark: () => loose.length,
      name: (token, value, pattern, site) => {
        claim(value, siteOf(site));
        hold(token, pattern);
        christen(value, pattern);
        return value;
      },
    };
  };

  return {
    provenance: known,
    probe,
    open: () => open.at(-1)?.source,
    reset: () => {
      open = [];
      loose = [];
    },
    madeAt: (model) => models.get(model),
    christen: (value, name, source) => {
      if (source !== undefined) claim(value, { source, calls: name });
      christen(value, name);
    },
  };
};
