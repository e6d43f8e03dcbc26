// Kept prompts in the field: which ones a "/" and the letters after it mean, and the blanks of a prompt. Pure.
import type { Prompt } from "../../api/prompts.ts";

const kBlank = /\{\{[^{}\n]{1,60}\}\}/g;
const kShownMax = 8;

/** What is typed after the "/" that begins the field; null where no prompt is asked for. */
export function wordsAfterSlash(draft: string): string | null {
  return draft.startsWith("/") && !draft.includes("\n") ? draft.slice(1).trim() : null;
}

/** Those whose name begins with the words, then those that hold them anywhere. */
export function matching(prompts: readonly Prompt[], words: string): Prompt[] {
  const wanted = words.toLowerCase();
  const rank = ({ name, text }: Prompt) => {
    if (name.toLowerCase().startsWith(wanted)) return 0;
    if (name.toLowerCase().includes(wanted)) return 1;
    return text.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return prompts
    .filter((prompt) => rank(prompt) < 3)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, kShownMax);
}

/** Where the first {{blank}} at or after `from` stands. */
export function nextBlank(text: string, from: number): { start: number; end: number } | null {
  kBlank.lastIndex = from;
  const found = kBlank.exec(text);
  return found ? { start: found.index, end: found.index + found[0].length } : null;
}
