/** Options that take one value are given once: of two values the first would be forgotten without a word. */
import type { Command, Option } from 'commander';

const gathering = new WeakSet<Option>();
/** An option that may be given several times; `add` makes one value of all of them. */
export const gathered = <T>(option: Option, add: (text: string, before?: T) => T): Option => {
  gathering.add(option);
  return option.argParser(add);
};

/** An option whose values are gathered in a list, in the order in which they are given. */
export const repeated = (option: Option): Option =>
  gathered(option, (text, before: readonly string[] = []) => [...before, text]);

/** Makes a command, and those below it, refuse an option that is given twice with different values. */
export const singly = (command: Command): Command => {
  for (const option of command.options.filter((o) => !o.isBoolean() && !gathering.has(o))) {
    let before: string | undefined;
    command.on(`option:${option.name()}`, (value: string) => {
      if (before !== undefined && before !== value)
        command.error(
          `error: option '${option.flags}' is given twice, as '${before}' and as '${value}': leave one of them out`,
        );
      before = value;
    });
  }
  command.commands.forEach(singly);
  return command;
};
