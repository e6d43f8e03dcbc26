// The conversations at the side of the page: found by full text, in folders and by day.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { chatsQuery } from "../../api/queries.ts";
import { FailurePanel } from "../../components/failure.tsx";
import { CrossIcon, FolderIcon, PinIcon, SearchIcon } from "../../components/icons.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { useText } from "../../i18n/index.ts";
import { useHistoryError } from "./actions.ts";
import { ChatLine } from "./chat_line.tsx";
import { ChoiceBar, ChoiceLine, type Chosen } from "./choosing.tsx";
import { foldersOf, type Group, groupsOf } from "./groups.ts";

export function HistoryList({ current, onFollow }: { current: string | null; onFollow: () => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  const [archived, setArchived] = useState(false);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const search = useDeferredValue(typed.trim());
  const query = useQuery({
    ...chatsQuery({ archived, ...(search === "" ? {} : { query: search }) }),
    placeholderData: (before) => before,
  });
  const error = useHistoryError((state) => state.error);
  const folders = foldersOf(query.data ?? []);
  return (
    <section aria-label={t("history.label")} className="flex min-h-0 flex-1 flex-col">
      <label className="search-field mx-3">
        <SearchIcon />
        <span className="sr-only">{t("history.search")}</span>
        <input
          type="search"
          value={typed}
          placeholder={t("history.search")}
          onChange={(event) => setTyped(event.target.value)}
        />
        {typed !== "" && (
          <button type="button" aria-label={t("history.search.clear")} onClick={() => setTyped("")}>
            <CrossIcon />
          </button>
        )}
      </label>
      <div className="relative mt-2 min-h-0 flex-1 overflow-y-auto px-3 pb-3">
        {error !== undefined && <FailurePanel error={error} />}
        <Loaded query={query} waiting={t("history.loading")}>
          {(chats) =>
            chats.length === 0 ? (
              <p className="px-2 py-3 text-xs text-ink-faint">
                {search !== ""
                  ? t("history.noMatch", { query: search })
                  : archived
                    ? t("history.noArchive")
                    : t("history.empty")}
              </p>
            ) : (
              groupsOf(chats, new Date()).map((group) => (
                <div key={group.kind === "folder" ? `folder ${group.name}` : group.kind} className="mb-3">
                  <GroupTitle group={group} />
                  <ul>
                    {group.chats.map((chat) =>
                      chosen ? (
                        <ChoiceLine
                          key={chat.id}
                          chat={chat}
                          chosen={chosen.has(chat.id)}
                          onChange={(on) =>
                            setChosen(
                              on
                                ? new Set([...chosen, chat.id])
                                : new Set([...chosen].filter((id) => id !== chat.id)),
                            )
                          }
                        />
                      ) : (
                        <ChatLine
                          key={chat.id}
                          chat={chat}
                          folders={folders}
                          current={chat.id === current}
                          searched={search !== ""}
                          onFollow={onFollow}
                        />
                      ),
                    )}
                  </ul>
                </div>
              ))
            )
          }
        </Loaded>
        {chosen ? (
          <ChoiceBar
            chats={query.data ?? []}
            chosen={chosen}
            setChosen={setChosen}
            archived={archived}
            current={current}
          />
        ) : (
          <div className="flex flex-wrap justify-between gap-x-3">
            <button
              type="button"
              aria-pressed={archived}
              onClick={() => setArchived(!archived)}
              className="px-2 py-1 text-2xs text-ink-faint hover:text-ink hover:underline"
            >
              {archived ? t("history.showCurrent") : t("history.showArchive")}
            </button>
            {(query.data ?? []).length > 1 && (
              <button
                type="button"
                onClick={() => setChosen(new Set())}
                className="px-2 py-1 text-2xs text-ink-faint hover:text-ink hover:underline"
              >
                {t("history.choose")}
              </button>
            )}
          </div>
        )}
      </div>
    </section>
  );
}

function GroupTitle({ group }: { group: Group }) {
  const { t } = useText();
  return (
    <h2 className="flex items-center gap-1.5 px-2 pt-1 pb-1 text-2xs font-medium text-ink-faint">
      {group.kind === "pinned" && <PinIcon />}
      {group.kind === "folder" && <FolderIcon />}
      {group.kind === "folder" ? group.name : t(`history.${group.kind}`)}
    </h2>
  );
}
