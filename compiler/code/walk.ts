/** Going through code: its parts, and rebuilding it from changed parts. */
import type { Block, Code, Statement } from './tree.js';

export const parts = (code: Code): readonly Code[] => {
  switch (code.kind) {
    case 'local':
    case 'global':
    case 'literal':
    case 'amount':
    case 'ramp':
      return [];
    case 'op':
    case 'call':
      return code.args;
    case 'lane':
      return [code.of];
    case 'load':
      return code.first === undefined ? [code.address] : [code.address, code.first];
    case 'gather':
      return code.first === undefined ? [code.addresses] : [code.addresses, code.first];
  }
};

/** What a statement computes itself, its blocks aside. */
export const values = (statement: Statement): readonly Code[] => {
  switch (statement.kind) {
    case 'set':
      return [statement.value];
    case 'store':
      return statement.first === undefined
        ? [statement.address, statement.value]
        : [statement.address, statement.value, statement.first];
    case 'if':
    case 'while':
      return [statement.condition];
    case 'loop':
      return statement.from === null ? [statement.to] : [statement.from, statement.to];
    case 'clear':
      return [statement.from, statement.to];
    case 'prefetch':
      return [statement.address];
    case 'run':
      return statement.args;
  }
};

export const blocks = (statement: Statement): readonly Block[] => {
  switch (statement.kind) {
    case 'set':
    case 'store':
    case 'clear':
    case 'prefetch':
    case 'run':
      return [];
    case 'if':
      return statement.otherwise === null ? [statement.then] : [statement.then, statement.otherwise];
    case 'loop':
    case 'while':
      return [statement.body];
  }
};

/** The list with each changed; the same list where none is. */
export const mapAll = <A>(list: readonly A[], change: (a: A) => A): readonly A[] => {
  const next = list.map(change);
  return next.every((a, k) => a === list[k]) ? list : next;
};

/** Bottom up; what nothing changed stays the same object. */
export const mapCode = (change: (code: Code) => Code) => {
  const all = (codes: readonly Code[]): readonly Code[] => mapAll(codes, go);
  const rebuilt = (code: Code): Code => {
    switch (code.kind) {
      case 'local':
      case 'global':
      case 'literal':
      case 'amount':
      case 'ramp':
        return code;
      case 'op':
      case 'call': {
        const args = all(code.args);
        return args === code.args ? code : { ...code, args };
      }
      case 'lane': {
        const of = go(code.of);
        return of === code.of ? code : { ...code, of };
      }
      case 'load': {
        const [address, first] = [go(code.address), code.first === undefined ? undefined : go(code.first)];
        return address === code.address && first === code.first
          ? code
          : { ...code, address, ...(first === undefined ? {} : { first }) };
      }
      case 'gather': {
        const [addresses, first] = [go(code.addresses), code.first === undefined ? undefined : go(code.first)];
        return addresses === code.addresses && first === code.first
          ? code
          : { ...code, addresses, ...(first === undefined ? {} : { first }) };
      }
    }
  };
  const go = (code: Code): Code => change(rebuilt(code));
  return go;
};

/** The statement with its own values changed; the same statement where none is. */
export const mapValues = (statement: Statement, change: (code: Code) => Code): Statement => {
  const given = values(statement);
  const next = mapAll(given, change);
  if (next === given) return statement;
  const [first, second, third] = next as readonly [Code, Code, Code?];
  switch (statement.kind) {
    case 'set':
      return { ...statement, value: first };
    case 'store':
      return { ...statement, address: first, value: second, ...(third === undefined ? {} : { first: third }) };
    case 'if':
    case 'while':
      return { ...statement, condition: first };
    case 'loop':
      return statement.from === null ? { ...statement, to: first } : { ...statement, from: first, to: second };
    case 'clear':
      return { ...statement, from: first, to: second };
    case 'prefetch':
      return { ...statement, address: first };
    case 'run':
      return { ...statement, args: next };
  }
};

/** The statement with its blocks changed; the same statement where none is. */
export const mapBlocks = (statement: Statement, change: (block: Block) => Block): Statement => {
  const given = blocks(statement);
  const next = mapAll(given, change);
  if (next === given) return statement;
  const [first, second] = next as readonly [Block, Block?];
  switch (statement.kind) {
    case 'set':
    case 'store':
    case 'clear':
    case 'prefetch':
    case 'run':
      return statement;
    case 'if':
      return { ...statement, then: first, otherwise: second ?? null };
    case 'loop':
    case 'while':
      return { ...statement, body: first };
  }
};

/** Every statement of a block, those inside others after them. */
export const statements = (block: Block): readonly Statement[] => {
  const found: Statement[] = [];
  const visit = (s: Statement): void => {
    found.push(s);
    blocks(s).forEach((b) => b.forEach(visit));
  };
  block.forEach(visit);
  return found;
};
