/** Options that are given twice. */
import { Command, CommanderError, Option } from 'commander';
import { expect, test } from 'vitest';
import { gathered, singly } from '../../runtime/contract/singly.js';

/** What a command makes of words: its options, or what it says. */
const told = (...words: readonly string[]): unknown => {
  const root = new Command('root').exitOverride().configureOutput({ writeErr: () => undefined });
  const below = root
    .command('below', { isDefault: true })
    .option('-d, --device <name>', '')
    .option('--json', '')
    .addOption(gathered(new Option('--set <pair>'), (text, all: readonly string[] = []) => [...all, text]))
    .action(() => undefined);
  try {
    singly(root).parse([...words], { from: 'user' });
    return below.opts();
  } catch (error) {
    return (error as CommanderError).message;
  }
};

test('two values of one option are refused, by whatever name', () => {
  const refused =
    "error: option '-d, --device <name>' is given twice, as 'wasm' and as 'native': leave one of them out";
  expect(told('--device', 'wasm', '--device', 'native')).toBe(refused);
  expect(told('-d', 'wasm', '--device=native')).toBe(refused);
});
test('the same value again says nothing else', () =>
  expect(told('--device', 'wasm', '-d', 'wasm', '--json', '--json')).toEqual({ device: 'wasm', json: true }));
test('what may be repeated is gathered', () =>
  expect(told('--set', 'a=1', '--set', 'b=2')).toEqual({ set: ['a=1', 'b=2'] }));
