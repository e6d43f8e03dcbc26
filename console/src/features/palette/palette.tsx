// Ctrl+K: every page, every conversation, and the few things one does all the time (ARIA combobox with a list).
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { chatsQuery } from "../../api/queries.ts";
import { Dialog } from "../../components/dialog.tsx";
import { SearchIcon } from "../../components/icons.tsx";
import { locales, useLocaleStore, useText } from "../../i18n/index.ts";
import { chatPath, navigate } from "../../lib/router.ts";
import { themes, useThemeStore } from "../../lib/theme.ts";
import { type Entry, narrow } from "./entries.ts";

const kPages = ["runs", "models", "keys", "settings", "status"] as const;
const kShownMax = 50;

export function Palette({ onClose, onShortcuts }: { onClose: () => void; onShortcuts: () => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [entered, setEntered] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const search = typed.trim();
  const { data: chats = [], isPlaceholderData: searching } = useQuery({
    ...chatsQuery({ archived: false, ...(search === "" ? {} : { query: search }) }),
    placeholderData: (before) => before,
  });

  const fixed = useMemo<Entry[]>(
    () => [
      entry("new", t("palette.new"), t("palette.kind.action"), "/create new", () => navigate("/")),
      ...kPages.map((page) =>
        entry(page, t(`nav.${page}`), t("palette.kind.page"), `/go ${page}`, () => navigate(`/${page}`)),
      ),
      ...themes.map((theme) =>
        entry(
          `theme ${theme}`,
          t(`palette.theme.${theme}`),
          t("palette.kind.action"),
          `/theme ${theme}`,
          () => useThemeStore.getState().setTheme(theme),
        ),
      ),
      ...locales.map((locale) =>
        entry(`lang ${locale}`, t(`language.${locale}`), t("language.label"), `/lang ${locale}`, () =>
          useLocaleStore.getState().setLocale(locale),
        ),
      ),
      entry("keys?", t("shortcuts.title"), t("palette.kind.action"), "/keys shortcuts", onShortcuts),
    ],
    [t, onShortcuts],
  );
  const entries = useMemo(() => {
    const talks = chats.map((chat) =>
      // The server has found these by their full text: they stay whatever their title says.
      entry(chat.id, chat.title || t("history.untitled"), t("palette.kind.chat"), search, () =>
        navigate(chatPath(chat.id)),
      ),
    );
    return [...narrow(fixed, search), ...talks].slice(0, kShownMax);
  }, [fixed, chats, search, t]);
  const chosen = Math.min(at, entries.length - 1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen line is kept in view
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  // Whoever types and presses Enter at once means what the words find, not what an earlier search had found.
  const stale = searching && chats.some((chat) => chat.id === entries[chosen]?.id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once the search has come back
  useEffect(() => {
    if (!entered || stale) return;
    setEntered(false);
    choose(entries[chosen]);
  }, [entered, stale]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const go = (to: number) => {
      event.preventDefault();
      setAt((to + entries.length) % Math.max(1, entries.length));
    };
    if (event.key === "ArrowDown") go(chosen + 1);
    else if (event.key === "ArrowUp") go(chosen - 1);
    else if (event.key === "Enter") {
      event.preventDefault();
      setEntered(true);
    }
  };
  return (
    <Dialog bare label={t("palette.label")} onClose={onClose} className="dialog-top">
      <div className="flex items-center gap-3 border-b border-line px-4">
        <SearchIcon />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={chosen >= 0 ? `palette-${chosen}` : undefined}
          aria-label={t("palette.label")}
          placeholder={t("palette.hint")}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
            setEntered(false);
          }}
          onKeyDown={onKeyDown}
          className="h-12 min-w-0 flex-1 bg-transparent outline-none placeholder:text-ink-faint"
        />
      </div>
      <ul
        ref={list}
        id="palette-list"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the pattern's own role for a list of choices
        role="listbox"
        aria-label={t("palette.results")}
        className="max-h-[min(24rem,60dvh)] overflow-y-auto p-1.5"
      >
        {entries.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field
          <li
            key={`${entry.kind} ${entry.id}`}
            id={`palette-${index}`}
            // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: as above
            role="option"
            aria-selected={index === chosen}
            onClick={() => choose(entry)}
            onPointerMove={() => setAt(index)}
            className="flex cursor-pointer items-baseline gap-3 rounded-lg px-3 py-1.5 text-sm aria-selected:bg-river-soft"
          >
            <span className="min-w-0 flex-1 truncate">{entry.label}</span>
            <span className="text-2xs text-ink-soft">{entry.kind}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && (
        <p role="status" className="px-5 pb-4 text-sm text-ink-soft">
          {t("palette.none", { query: typed })}
        </p>
      )}
    </Dialog>
  );
}

function entry(id: string, label: string, kind: string, words: string, run: () => void): Entry {
  return { id, label, kind, words, run };
}
