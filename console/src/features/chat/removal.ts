// Taking a message away: it is gone from the page at once, and from the server when the ten seconds in which it can
// come back are over. A page closed before that has deleted nothing.
import { create } from "zustand";
import { type Chat, deleteMessage } from "../../api/chats.ts";
import { chatQuery, chatsChanged, queryClient } from "../../api/queries.ts";
import { kUndoMs, offerUndo } from "../../components/undo.tsx";
import { without } from "./tree.ts";

interface RemovalState {
  hidden: readonly string[];
  /** Why the last removal failed; the message is back then. */
  error: unknown;
}

export const useRemovals = create<RemovalState>(() => ({ hidden: [], error: undefined }));

const show = (id: string) =>
  useRemovals.setState(({ hidden }) => ({ hidden: hidden.filter((each) => each !== id) }));

export function removeMessage(chatId: string, id: string, said: string): void {
  useRemovals.setState(({ hidden }) => ({ hidden: [...hidden, id], error: undefined }));
  const timer = setTimeout(() => void commit(chatId, id), kUndoMs);
  offerUndo(said, () => {
    clearTimeout(timer);
    show(id);
  });
}

async function commit(chatId: string, id: string): Promise<void> {
  try {
    await deleteMessage(chatId, id);
    queryClient.setQueryData<Chat>(chatQuery(chatId).queryKey, (chat) =>
      chat ? { ...chat, messages: without(chat.messages, id) } : chat,
    );
    chatsChanged();
  } catch (error) {
    useRemovals.setState({ error });
  }
  show(id);
}
