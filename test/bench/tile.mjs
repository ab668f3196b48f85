/**
 * The product that others are held against: written by hand as one would for these machines, tiles of 4 rows by 8 columns in
 * registers, the second operand packed into panels of 8 columns and, like the first, taken in blocks that the caches hold.
 */
import { assemble } from '../../dist/compiler/targets/wasm/index.js';

const rows = [0, 1, 2, 3];

/**
 * The columns from $j on, `vectors` times four in a panel, for $m rows: C[m, n] (+)= sum over $k of A B, with strides in bytes, of A
 * along rows and along the sum, of C along rows. As by hand for one shape: strides are constants, so one address serves four rows.
 */
const tiles = (vectors, { am, ak, cm }, fma) => {
  const added = (sum, a, b) =>
    fma ? `(f32x4.relaxed_madd ${a} ${b} ${sum})` : `(f32x4.add ${sum} (f32x4.mul ${a} ${b}))`;
  const halves = Array.from({ length: vectors }, (_, h) => h);
  const each = (f) => rows.flatMap((r) => halves.map((h) => f(`$s${r}${h}`, r, h))).join('\n        ');
  return `
  (func $tiles${vectors} (param $a i32) (param $b i32) (param $c i32) (param $m i32) (param $k i32) (param $first i32)
    (local $pa i32) (local $pb i32) (local $end i32) (local $last i32) (local $r v128) ${each((s) => `(local ${s} v128)`)} ${halves.map((h) => `(local $b${h} v128)`).join(' ')}
    (local.set $end (i32.add (local.get $b) (i32.mul (local.get $k) (i32.const ${16 * vectors}))))
    (local.set $last (i32.add (local.get $a) (i32.mul (local.get $m) (i32.const ${am}))))
    (loop $rows
      (local.set $pa (local.get $a))
      (local.set $pb (local.get $b))
      (if (local.get $first) (then ${each((s) => `(local.set ${s} (v128.const f32x4 0 0 0 0))`)})
        (else ${each((s, r, h) => `(local.set ${s} (v128.load offset=${cm * r + 16 * h} (local.get $c)))`)}))
      (loop $sum
        ${halves.map((h) => `(local.set $b${h} (v128.load offset=${16 * h} (local.get $pb)))`).join('\n        ')}
        ${rows
          .map(
            (r) => `(local.set $r (v128.load32_splat offset=${am * r} (local.get $pa)))
        ${halves.map((h) => `(local.set $s${r}${h} ${added(`(local.get $s${r}${h})`, '(local.get $r)', `(local.get $b${h})`)})`).join('\n        ')}`,
          )
          .join('\n        ')}
        (local.set $pa (i32.add (local.get $pa) (i32.const ${ak})))
        (local.set $pb (i32.add (local.get $pb) (i32.const ${16 * vectors})))
        (br_if $sum (i32.lt_u (local.get $pb) (local.get $end))))
      ${each((s, r, h) => `(v128.store offset=${cm * r + 16 * h} (local.get $c) (local.get ${s}))`)}
      (local.set $a (i32.add (local.get $a) (i32.const ${4 * am})))
      (local.set $c (i32.add (local.get $c) (i32.const ${4 * cm})))
      (br_if $rows (i32.lt_u (local.get $a) (local.get $last)))))`;
};

/** B's columns $j to $j + 4 vectors as one panel; what is beyond its columns is 0. */
const pack = (vectors, { bk, bn }) => `
  (func $pack${vectors} (param $b i32) (param $j i32) (param $k i32) (param $to i32)
    (local $from i32) (local $c i32) (local $end i32)
    (local.set $from (i32.add (local.get $b) (i32.mul (local.get $j) (i32.const ${bn}))))
    (local.set $end (i32.add (local.get $to) (i32.mul (local.get $k) (i32.const ${16 * vectors}))))
    (loop $sum
      ${
        bn === 4
          ? Array.from(
              { length: vectors },
              (_, h) => `(v128.store offset=${16 * h} (local.get $to) (v128.load offset=${16 * h} (local.get $from)))`,
            ).join('\n      ')
          : Array.from(
              { length: 4 * vectors },
              (_, c) => `(f32.store offset=${4 * c} (local.get $to) (f32.load offset=${bn * c} (local.get $from)))`,
            ).join('\n      ')
      }
      (local.set $from (i32.add (local.get $from) (i32.const ${bk})))
      (local.set $to (i32.add (local.get $to) (i32.const ${16 * vectors})))
      (br_if $sum (i32.lt_u (local.get $to) (local.get $end)))))`;

const get = (name) => `(local.get $${name})`;
const least = (a, b) => `(select ${a} ${b} (i32.lt_s ${a} ${b}))`;

/** Blocks of 256 of the sum and 64 rows: a panel and a block of A fit the nearest caches. A last panel of 4 columns where they suffice. */
const product = (sizes, fma) => {
  const { m, k, n, am, ak, bk } = sizes;
  const wide = n % 8 === 0 || n % 8 > 4 ? Math.ceil(n / 8) * 8 : Math.floor(n / 8) * 8;
  const panel = (vectors, at) => `
        (call $tiles${vectors} (i32.add (i32.add ${get('a')} (i32.mul ${get('i')} (i32.const ${am}))) (i32.mul ${get('x')} (i32.const ${ak}))) (i32.add ${get('room')} (i32.mul ${at} (i32.mul ${get('depth')} (i32.const 4))))
          (i32.add (i32.add ${get('c')} (i32.mul ${get('i')} (i32.const ${sizes.cm}))) (i32.mul ${at} (i32.const 4))) ${least(`(i32.sub (i32.const ${m}) ${get('i')})`, '(i32.const 64)')} ${get('depth')} (i32.eqz ${get('x')}))`;
  const packed = (vectors, at) =>
    `(call $pack${vectors} (i32.add ${get('b')} (i32.mul ${get('x')} (i32.const ${bk}))) ${at} ${get('depth')} (i32.add ${get('room')} (i32.mul ${at} (i32.mul ${get('depth')} (i32.const 4)))))`;
  const panels = (body) =>
    `(local.set $j (i32.const 0)) ${wide === 0 ? '' : `(loop $columns ${body(2, get('j'))} (local.set $j (i32.add ${get('j')} (i32.const 8))) (br_if $columns (i32.lt_s ${get('j')} (i32.const ${wide}))))`} ${wide < n ? body(1, `(i32.const ${wide})`) : ''}`;
  return `(module (import "env" "memory" (memory 1)) ${[1, 2].map((v) => pack(v, sizes) + tiles(v, sizes, fma)).join('')}
  (func (export "product") (param $a i32) (param $b i32) (param $c i32) (param $room i32) (local $x i32) (local $i i32) (local $j i32) (local $depth i32)
    (loop $sum
      (local.set $depth ${least(`(i32.sub (i32.const ${k}) ${get('x')})`, '(i32.const 256)')})
      ${panels(packed)}
      (local.set $i (i32.const 0))
      (loop $rows
        ${panels(panel)}
        (local.set $i (i32.add ${get('i')} (i32.const 64)))
        (br_if $rows (i32.lt_s ${get('i')} (i32.const ${m}))))
      (local.set $x (i32.add ${get('x')} (i32.const 256)))
      (br_if $sum (i32.lt_s ${get('x')} (i32.const ${k}))))))`;
};
const four = (n) => Math.ceil(n / 4) * 4;
const eight = (n) => Math.ceil(n / 8) * 8;

/**
 * `batch` products of A[m, k] with B[k, n], each stored row by row, or transposed where `aT`, `bT`. Gives { run, cell }.
 */
export const tileProduct = async ({ batch = 1, m, k, n, aT, bT }, a, b, fma) => {
  const [am, ak] = aT ? [4, 4 * m] : [4 * k, 4];
  const [bk, bn] = bT ? [4, 4 * k] : [4 * n, 4];
  const cm = 4 * eight(n);
  const text = product({ m, k, n, am, ak, bk, bn, cm }, fma);
  const binary = assemble(text, 'tile');
  if (binary._tag === 'Left') throw new Error(binary.left);
  // The last tiles read and write a little beyond.
  const cells = {
    a: batch * m * k + 4 * (m + k),
    b: batch * k * n + 8 * (n + k),
    c: batch * four(m) * eight(n),
    room: 256 * eight(n),
  };
  const names = Object.keys(cells);
  const at = Object.fromEntries(
    names.map((name, i) => [name, 64 + names.slice(0, i).reduce((sum, x) => sum + 64 * Math.ceil(cells[x] / 16), 0)]),
  );
  const memory = new WebAssembly.Memory({ initial: Math.ceil((at.room + 4 * cells.room + 4096) / 65536) });
  const floats = new Float32Array(memory.buffer);
  floats.set(a, at.a / 4);
  floats.set(b, at.b / 4);
  const { instance } = await WebAssembly.instantiate(binary.right, { env: { memory } });
  return {
    run: () => {
      for (let i = 0; i < batch; i++)
        instance.exports.product(at.a + 4 * i * m * k, at.b + 4 * i * k * n, at.c + i * four(m) * cm, at.room);
    },
    cell: (i, r, c) => floats[at.c / 4 + (i * four(m) + r) * eight(n) + c],
  };
};
