// What may be done to a conversation from the list. The list shows the change at once and is read again after it; a
// failure brings the old list back and says why.
import { create } from "zustand";
import { type ChatChange, type ChatSummary, changeChat, deleteChat, restoreChat } from "../../api/chats.ts";
import { chatsChanged, queryClient } from "../../api/queries.ts";
import { offerUndo } from "../../components/undo.tsx";

export const useHistoryError = create<{ error: unknown }>(() => ({ error: undefined }));

type Edit = (chats: ChatSummary[]) => ChatSummary[];

async function act(edit: Edit, send: () => Promise<void>): Promise<boolean> {
  useHistoryError.setState({ error: undefined });
  await queryClient.cancelQueries({ queryKey: ["chats"] });
  queryClient.setQueriesData<ChatSummary[]>({ queryKey: ["chats"] }, (chats) => chats && edit(chats));
  try {
    await send();
    return true;
  } catch (error) {
    useHistoryError.setState({ error });
    return false;
  } finally {
    chatsChanged();
  }
}

export function change(id: string, update: ChatChange): Promise<boolean> {
  return act(
    (chats) => chats.map((chat) => (chat.id === id ? { ...chat, ...update } : chat)),
    () => changeChat(id, update),
  );
}

export async function archive(chat: ChatSummary, archived: boolean, said: string): Promise<void> {
  const done = await act(
    (chats) => chats.filter(({ id }) => id !== chat.id),
    () => changeChat(chat.id, { archived }),
  );
  if (done) offerUndo(said, () => void change(chat.id, { archived: !archived }));
}

export async function remove(chat: ChatSummary, said: string): Promise<boolean> {
  const done = await act(
    (chats) => chats.filter(({ id }) => id !== chat.id),
    () => deleteChat(chat.id),
  );
  if (done) {
    offerUndo(
      said,
      () =>
        void act(
          (chats) => chats,
          () => restoreChat(chat.id),
        ),
    );
  }
  return done;
}
