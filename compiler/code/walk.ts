/** Going through code: its parts, and rebuilding it from changed parts. */
import type { Block, Code, Statement } from './tree.js';

export const parts = (code: Code): readonly Code[] => {
  switch (code.kind) {
    case 'local': case 'global': case 'literal': case 'ramp': return [];
    case 'op': case 'call': return code.args;
    case 'lane': return [code.of];
    case 'load': return [code.address];
    case 'gather': return [code.addresses];
  }
};

/** What a statement computes itself, its blocks aside. */
export const values = (statement: Statement): readonly Code[] => {
  switch (statement.kind) {
    case 'set': return [statement.value];
    case 'store': return [statement.address, statement.value];
    case 'if': case 'while': return [statement.condition];
    case 'loop': return statement.from === null ? [statement.to] : [statement.from, statement.to];
    case 'clear': return [statement.from, statement.to];
    case 'run': return statement.args;
  }
};

export const blocks = (statement: Statement): readonly Block[] => {
  switch (statement.kind) {
    case 'set': case 'store': case 'clear': case 'run': return [];
    case 'if': return statement.otherwise === null ? [statement.then] : [statement.then, statement.otherwise];
    case 'loop': case 'while': return [statement.body];
  }
};

/** Bottom up; what nothing changed stays the same object. */
export const mapCode = (change: (code: Code) => Code) => {
  const all = (codes: readonly Code[]): readonly Code[] => {
    const next = codes.map(go);
    return next.every((c, k) => c === codes[k]) ? codes : next;
  };
  const rebuilt = (code: Code): Code => {
    switch (code.kind) {
      case 'local': case 'global': case 'literal': case 'ramp': return code;
      case 'op': case 'call': { const args = all(code.args); return args === code.args ? code : { ...code, args }; }
      case 'lane': { const of = go(code.of); return of === code.of ? code : { ...code, of }; }
      case 'load': { const address = go(code.address); return address === code.address ? code : { ...code, address }; }
      case 'gather': { const addresses = go(code.addresses); return addresses === code.addresses ? code : { ...code, addresses }; }
    }
  };
  const go = (code: Code): Code => change(rebuilt(code));
  return go;
};

/** The statement with its own values changed. */
export const mapValues = (statement: Statement, change: (code: Code) => Code): Statement => {
  switch (statement.kind) {
    case 'set': return { ...statement, value: change(statement.value) };
    case 'store': return { ...statement, address: change(statement.address), value: change(statement.value) };
    case 'if': case 'while': return { ...statement, condition: change(statement.condition) };
    case 'loop': return { ...statement, from: statement.from === null ? null : change(statement.from), to: change(statement.to) };
    case 'clear': return { ...statement, from: change(statement.from), to: change(statement.to) };
    case 'run': return { ...statement, args: statement.args.map(change) };
  }
};

/** The statement with its blocks changed. */
export const mapBlocks = (statement: Statement, change: (block: Block) => Block): Statement => {
  switch (statement.kind) {
    case 'set': case 'store': case 'clear': case 'run': return statement;
    case 'if': return { ...statement, then: change(statement.then), otherwise: statement.otherwise === null ? null : change(statement.otherwise) };
    case 'loop': case 'while': return { ...statement, body: change(statement.body) };
  }
};

/** Every statement of a block, those inside others after them. */
export const statements = (block: Block): readonly Statement[] => block.flatMap((s) => [s, ...blocks(s).flatMap(statements)]);
