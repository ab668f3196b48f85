/** The passes over code, each on code as small as shows what it does and what it leaves alone. */
import { describe, expect, it } from 'vitest';
import {
  add,
  call,
  get,
  int,
  literal,
  load,
  local,
  loop,
  mul,
  op,
  passing,
  set,
  spread,
  store,
  when,
} from '../../compiler/code/build.js';
import { fuseMultiplyAdd } from '../../compiler/code/fuse.js';
import { inlineCalls } from '../../compiler/code/inline.js';
import { mathOf } from '../../compiler/code/link.js';
import { math } from '../../compiler/code/math.js';
import { sinkLoads } from '../../compiler/code/sink.js';
import { stepAddresses } from '../../compiler/code/step.js';
import type { Block, Code, Func, Local } from '../../compiler/code/tree.js';
import { statements } from '../../compiler/code/walk.js';
import { interpreted } from './interpret.js';

const [at, i, j, address, factor, sum] = [
  local('at', 'i32'),
  local('i', 'i32'),
  local('j', 'i32'),
  local('address', 'i32'),
  local('factor', 'i32'),
  local('sum', 'f32'),
];
const func = (body: Block): Func => ({ name: 'f', exported: true, comments: [], parameters: [at], body, result: null });
const memory = (): DataView => {
  const view = new DataView(new ArrayBuffer(1024));
  for (let k = 0; k < 128; k++) view.setFloat32(4 * k, Math.fround(Math.sin(k)), true);
  return view;
};
/** What a function leaves in memory. */
const left = (body: Block, lanes = 4): Uint8Array => {
  const view = memory();
  const f = func(body);
  interpreted([...mathOf([f]), f], { memory: view, lanes, global: () => 0 })['f']!(64);
  return new Uint8Array(view.buffer);
};
const sets = (body: Block): readonly Local[] => statements(body).flatMap((s) => (s.kind === 'set' ? [s.local] : []));

describe('step', () => {
  const summing = (place: Code, before: Block = []): Block => [
    set(factor, int(2)),
    set(sum, literal(0, 'f32')),
    loop(i, int(0), int(5), 1, [...before, set(address, place), set(sum, add(get(sum), load(get(address), 0, 'f32')))]),
    store(get(at), 0, get(sum)),
  ];
  it.each([
    ['a multiple of the variable', add(get(at), mul(get(i), int(8)))],
    ['a multiple by something that the loop leaves alone', add(get(at), mul(mul(get(i), int(4)), get(factor)))],
  ])('moves on %s', (_, place) => {
    const stepped = stepAddresses(summing(place));
    const inner = stepped.find((s) => s.kind === 'loop')!;
    expect(
      inner.kind === 'loop' &&
        inner.body.some((s) => s.kind === 'set' && s.local === address && JSON.stringify(s.value).includes('"mul"')),
    ).toBe(false);
    expect(left(stepped)).toEqual(left(summing(place)));
  });

  it('leaves alone what the loop itself changes, and loops that hold others', () => {
    const changing = summing(add(get(at), mul(mul(get(i), int(4)), get(factor))), [
      set(factor, add(get(factor), int(0))),
    ]);
    expect(stepAddresses(changing)).toEqual(changing);
    const holding = [
      loop(j, int(0), int(2), 1, [
        set(address, add(get(at), mul(get(j), int(4)))),
        loop(i, int(0), int(2), 1, [store(get(address), 0, literal(1, 'f32'))]),
      ]),
    ];
    expect(stepAddresses(holding)).toEqual(holding);
  });
});

describe('inline', () => {
  const x = local('x', 'f32s');
  const there = (value: Code): Block => [set(x, spread(get(at), 0, 'f32s')), store(get(at), 16, value)];
  it.each(['exp', 'tanh', 'sigmoid', 'log1p'] as const)('writes out %s, with what it calls', (name) => {
    const plain = there(call(name, [mul(get(x), literal(0.5, 'f32s'))], 'f32s', true));
    const { body } = inlineCalls(func(plain));
    expect(mathOf([func(plain)]).map((f) => f.name)).toContain(name);
    expect(mathOf([func(body)])).toEqual([]);
    expect(left(body)).toEqual(left(plain));
  });

  it('leaves calls that many cells ask for', () => {
    const plain = there(call('exp', [get(x)], 'f32s', false));
    expect(inlineCalls(func(plain)).body).toEqual(plain);
  });

  it('passes on what is read once, and keeps what is read twice or in another block', () => {
    const once = passing('exp', 'f32s');
    const given = set(once, call('exp', [get(x)], 'f32s', true));
    const read: Block = [set(x, spread(get(at), 0, 'f32s')), given, store(get(at), 16, get(once))];
    expect(sets(inlineCalls(func(read)).body)).not.toContain(once);
    const twice: Block = [...read, store(get(at), 32, get(once))];
    const inside: Block = [...read.slice(0, 2), when(op('gt', get(at), int(0)), [store(get(at), 16, get(once))])];
    for (const body of [read, twice, inside]) {
      const after = inlineCalls(func(body)).body;
      expect(left(after)).toEqual(left(body));
      if (body !== read) expect(sets(after)).toContain(once);
    }
  });
});

describe('sink', () => {
  const [a, b, c] = [local('a', 'f32'), local('b', 'f32'), local('c', 'f32')] as const;
  const loads: Block = [
    set(a, load(get(at), 0, 'f32')),
    set(b, load(get(at), 4, 'f32')),
    set(c, load(get(at), 8, 'f32')),
  ];
  const order = (body: Block): readonly string[] => body.map((s) => (s.kind === 'set' ? s.local.wanted : s.kind));
  const summing = loop(i, int(0), int(3), 1, [set(sum, add(get(sum), get(b)))]);
  it.each([
    [
      'to where they are asked for',
      [...loads, set(sum, get(b)), set(sum, add(get(sum), add(get(c), get(a)))), store(get(at), 16, get(sum))],
      ['b', 'sum', 'a', 'c', 'sum', 'store'],
    ],
    [
      'behind a loop that asks for another',
      [
        ...loads,
        set(sum, literal(0, 'f32')),
        summing,
        set(sum, add(get(sum), mul(get(a), get(c)))),
        store(get(at), 16, get(sum)),
      ],
      ['sum', 'b', 'loop', 'a', 'c', 'sum', 'store'],
    ],
    [
      'but not behind a store',
      [...loads, store(get(at), 0, literal(2, 'f32')), set(sum, get(a)), store(get(at), 16, get(sum))],
      ['a', 'b', 'c', 'store', 'sum', 'store'],
    ],
    [
      'nor behind what changes their address, or themselves',
      [
        set(address, get(at)),
        set(a, load(get(address), 0, 'f32')),
        set(address, int(0)),
        set(b, load(get(at), 4, 'f32')),
        set(b, literal(1, 'f32')),
        store(get(at), 16, add(get(a), get(b))),
      ],
      ['address', 'a', 'address', 'b', 'b', 'store'],
    ],
  ] as const)('moves loads %s', (_, body, want) => {
    const after = sinkLoads(body);
    expect(order(after)).toEqual(want);
    expect(left(after)).toEqual(left(body));
  });
});

describe('multiply-add', () => {
  const [a, b, c] = [local('a', 'f32s'), local('b', 'f32s'), local('c', 'f32s')] as const;
  const fusedIn = (value: Code): boolean =>
    JSON.stringify(fuseMultiplyAdd(func([set(a, value)])).body).includes('"fma"');
  it('fuses products of locals that are added to a local, in lanes', () => {
    expect(fusedIn(add(get(a), mul(get(b), get(c))))).toBe(true);
    expect(fusedIn(add(mul(get(b), get(c)), get(a)))).toBe(false);
    expect(fusedIn(add(get(a), mul(get(b), literal(2, 'f32s'))))).toBe(false);
    expect(fusedIn(add(get(sum), mul(get(sum), get(sum))))).toBe(false);
  });

  it('leaves the functions of math as they are: their polynomials count on every rounding', () => {
    for (const f of Object.values(math)) expect(fuseMultiplyAdd(f)).toEqual(f);
  });
});
