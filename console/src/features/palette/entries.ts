// Where Ctrl+K can go and what it can do, as a list that typing narrows. Pure.
export interface Entry {
  id: string;
  label: string;
  /** What kind of thing it is, told beside the label. */
  kind: string;
  /** More words it is found by: the other language, a command. */
  words: string;
  run: () => void;
}

/** All words of the query stand in the entry; those whose label begins with it come first. */
export function narrow(entries: readonly Entry[], query: string): Entry[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return [...entries];
  const found = entries.filter((entry) => {
    const text = `${entry.label} ${entry.kind} ${entry.words}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const first = words[0] ?? "";
  const rank = (entry: Entry) => (entry.label.toLowerCase().startsWith(first) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b));
}
