/** Brackets of emitted code. Every operation is written in brackets, so what is read by people sheds the needless ones. */

/** Without the brackets around the whole of it. */
export const bare = (code: string): string => {
  if (!code.startsWith('(') || !code.endsWith(')')) return code;
  let depth = 0;
  for (let i = 0; i < code.length; i++) {
    if (code[i] === '(') depth++;
    if (code[i] === ')') depth--;
    if (depth === 0) return i === code.length - 1 ? bare(code.slice(1, -1)) : code;
  }
  return code;
};
