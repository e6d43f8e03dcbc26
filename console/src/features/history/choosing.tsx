// Several conversations at once: boxes in place of links, and what is done to those that are ticked.
import { type Dispatch, type SetStateAction, useId } from "react";
import type { ChatSummary } from "../../api/chats.ts";
import { Button } from "../../components/button.tsx";
import { useText } from "../../i18n/index.ts";
import { navigate } from "../../lib/router.ts";
import { archive, remove } from "./actions.ts";

export type Chosen = ReadonlySet<string>;

export function ChoiceLine(props: { chat: ChatSummary; chosen: boolean; onChange: (on: boolean) => void }) {
  const { t } = useText();
  const id = useId();
  return (
    <li className="chat-line">
      <input
        id={id}
        type="checkbox"
        className="ml-2 shrink-0"
        checked={props.chosen}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <label htmlFor={id} className="min-w-0 flex-1 cursor-pointer truncate py-1.5 pl-2 text-sm">
        {props.chat.title || t("history.untitled")}
      </label>
    </li>
  );
}

export function ChoiceBar(props: {
  chats: readonly ChatSummary[];
  chosen: Chosen;
  setChosen: Dispatch<SetStateAction<Chosen | null>>;
  archived: boolean;
  current: string | null;
}) {
  const { t, format } = useText();
  const chats = props.chats.filter(({ id }) => props.chosen.has(id));
  const all = chats.length === props.chats.length;
  const count = format.number(chats.length);
  const act = (send: () => Promise<boolean>) => {
    if (chats.some(({ id }) => id === props.current)) navigate("/");
    props.setChosen(null);
    void send();
  };
  return (
    <div
      role="toolbar"
      aria-label={t("history.choose")}
      className="sticky bottom-0 flex flex-wrap items-center gap-1.5 border-t border-line bg-surface py-2"
    >
      <div className="flex w-full items-center justify-between">
        <span role="status" className="px-2 text-2xs text-ink-soft">
          {t("history.chosen", { count })}
        </span>
        <Button kind="quiet" onClick={() => props.setChosen(null)}>
          {t("action.cancel")}
        </Button>
      </div>
      <Button
        kind="quiet"
        onClick={() => props.setChosen(new Set(all ? [] : props.chats.map(({ id }) => id)))}
      >
        {all ? t("history.chooseNone") : t("history.chooseAll")}
      </Button>
      <Button
        disabled={chats.length === 0}
        onClick={() =>
          act(() =>
            archive(
              chats,
              !props.archived,
              props.archived ? t("history.unarchivedMany", { count }) : t("history.archivedMany", { count }),
            ),
          )
        }
      >
        {props.archived ? t("history.unarchive") : t("history.archive")}
      </Button>
      <Button
        kind="danger"
        disabled={chats.length === 0}
        onClick={() => act(() => remove(chats, t("history.deletedMany", { count })))}
      >
        {t("history.delete")}
      </Button>
    </div>
  );
}
