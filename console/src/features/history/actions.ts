// What may be done to conversations from the list, to one or to several. The list shows the change at once and is read again after it; a
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

const without = (gone: readonly ChatSummary[]): Edit => {
  const ids = new Set(gone.map(({ id }) => id));
  return (chats) => chats.filter(({ id }) => !ids.has(id));
};

const each = async (chats: readonly ChatSummary[], send: (id: string) => Promise<void>): Promise<void> => {
  await Promise.all(chats.map(({ id }) => send(id)));
};

export async function archive(
  chats: readonly ChatSummary[],
  archived: boolean,
  said: string,
): Promise<boolean> {
  const done = await act(without(chats), () => each(chats, (id) => changeChat(id, { archived })));
  const back = () =>
    act(
      (all) => all,
      () => each(chats, (id) => changeChat(id, { archived: !archived })),
    );
  if (done) offerUndo(said, () => void back());
  return done;
}

export async function remove(chats: readonly ChatSummary[], said: string): Promise<boolean> {
  const done = await act(without(chats), () => each(chats, deleteChat));
  const back = () =>
    act(
      (all) => all,
      () => each(chats, restoreChat),
    );
  if (done) offerUndo(said, () => void back());
  return done;
}
