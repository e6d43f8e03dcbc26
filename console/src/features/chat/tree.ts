// A conversation is a tree: a question edited or an answer made anew stands beside the old one. What is shown is one
// way from a root to a leaf; at each fork the choice of the reader decides, else the newest branch. Pure.
import type { Message } from "../../api/chats.ts";

/** The chosen child of each parent that has several; the roots' parent is "". */
export type Choices = Readonly<Record<string, string>>;

export interface Shown {
  message: Message;
  /** The branches at this place, oldest first, this one among them. */
  siblings: readonly string[];
}

const kRoot = "";

function childrenOf(messages: readonly Message[]): Map<string, Message[]> {
  const known = new Set(messages.map(({ id }) => id));
  const children = new Map<string, Message[]>();
  for (const message of messages) {
    // A parent that is not there (deleted, or not sent) must not hide what follows from it.
    const parent = message.parentId !== null && known.has(message.parentId) ? message.parentId : kRoot;
    const list = children.get(parent);
    if (list) list.push(message);
    else children.set(parent, [message]);
  }
  return children;
}

/** The way that is shown, from the first question to the last message. */
export function activePath(messages: readonly Message[], choices: Choices): Shown[] {
  const children = childrenOf(messages);
  const path: Shown[] = [];
  const seen = new Set<string>();
  let parent = kRoot;
  for (;;) {
    const branches = children.get(parent);
    const message = branches?.find(({ id }) => id === choices[parent]) ?? branches?.at(-1);
    if (!branches || !message || seen.has(message.id)) return path;
    seen.add(message.id);
    path.push({ message, siblings: branches.map(({ id }) => id) });
    parent = message.id;
  }
}

/** The choices after the reader went `by` branches on at the place of `shown`. */
export function step(choices: Choices, messages: readonly Message[], shown: Shown, by: 1 | -1): Choices {
  const at = shown.siblings.indexOf(shown.message.id);
  const chosen = shown.siblings[Math.min(Math.max(at + by, 0), shown.siblings.length - 1)];
  if (chosen === undefined) return choices;
  return { ...choices, [parentKey(messages, shown.message)]: chosen };
}

/** The choices in which the newest branch at `parentId` is shown, as after a new message there. */
export function newest(choices: Choices, parentId: string | null): Choices {
  const { [parentId ?? kRoot]: _, ...others } = choices;
  return others;
}

export function hasChildren(messages: readonly Message[], id: string): boolean {
  return messages.some(({ parentId }) => parentId === id);
}

/** The messages without one and all that follows from it. */
export function without(messages: readonly Message[], id: string): Message[] {
  const gone = new Set([id]);
  for (let before = 0; before !== gone.size; ) {
    before = gone.size;
    for (const message of messages) {
      if (message.parentId !== null && gone.has(message.parentId)) gone.add(message.id);
    }
  }
  return messages.filter((message) => !gone.has(message.id));
}

function parentKey(messages: readonly Message[], message: Message): string {
  const { parentId } = message;
  return parentId !== null && messages.some(({ id }) => id === parentId) ? parentId : kRoot;
}
