// The kept prompts above the field while it begins with "/": arrows choose, Enter or Tab takes one, Escape leaves the text
// as it is. Then Tab goes from blank to blank.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useLayoutEffect, useState } from "react";
import type { Prompt } from "../../api/prompts.ts";
import { promptsQuery } from "../../api/queries.ts";
import { useText } from "../../i18n/index.ts";
import { navigate } from "../../lib/router.ts";
import { matching, nextBlank, wordsAfterSlash } from "./prompts.ts";

const kListId = "composer-prompts";

export interface PromptMenu {
  /** Whether it took the key. */
  onKeyDown: (event: KeyboardEvent) => boolean;
  /** For the field. */
  aria: { "aria-controls"?: string; "aria-activedescendant"?: string };
  element: React.ReactNode;
}

export function usePromptMenu(props: {
  draft: string;
  setDraft: (draft: string) => void;
  field: RefObject<HTMLTextAreaElement | null>;
}): PromptMenu {
  const { draft, setDraft, field } = props;
  const { t } = useText();
  const [at, setAt] = useState(0);
  const [left, setLeft] = useState("");
  const [taken, setTaken] = useState("");
  const words = wordsAfterSlash(draft);
  const wanted = words !== null && left !== draft;
  const query = useQuery({ ...promptsQuery, enabled: words !== null });
  const prompts = query.data ?? [];
  const shown = wanted ? matching(prompts, words) : [];
  const open = wanted && query.data !== undefined && (shown.length > 0 || prompts.length === 0);
  const chosen = Math.min(at, shown.length - 1);

  // The text is in the field only after it has been drawn.
  useLayoutEffect(() => {
    if (taken === "" || draft !== taken) return;
    setTaken("");
    const element = field.current;
    const blank = nextBlank(draft, 0) ?? { start: draft.length, end: draft.length };
    element?.focus();
    element?.setSelectionRange(blank.start, blank.end);
  }, [taken, draft, field]);

  const take = (prompt: Prompt) => {
    setAt(0);
    setTaken(prompt.text);
    setDraft(prompt.text);
  };
  const toNextBlank = (event: KeyboardEvent): boolean => {
    const element = field.current;
    const blank = element && nextBlank(draft, element.selectionEnd);
    if (!blank || event.shiftKey) return false;
    event.preventDefault();
    element.setSelectionRange(blank.start, blank.end);
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (event.nativeEvent.isComposing) return false;
    if (!open) return event.key === "Tab" && toNextBlank(event);
    const prompt = shown[chosen];
    if (event.key === "Escape") setLeft(draft);
    else if (!prompt) return false;
    else if (event.key === "ArrowDown") setAt((chosen + 1) % shown.length);
    else if (event.key === "ArrowUp") setAt((chosen + shown.length - 1) % shown.length);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) take(prompt);
    else return false;
    event.preventDefault();
    return true;
  };

  const element = open && (
    <div className="prompt-menu">
      {shown.length === 0 ? (
        <p className="px-2.5 py-1.5 text-sm text-ink-soft">
          {t("prompts.empty")}{" "}
          <button type="button" className="text-link" onClick={() => navigate("/settings")}>
            {t("prompts.new")}
          </button>
        </p>
      ) : (
        <div id={kListId} role="listbox" aria-label={t("prompts.title")}>
          {shown.map((prompt, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the field has the keys
            <div
              key={prompt.name}
              id={`${kListId}-${index}`}
              role="option"
              aria-selected={index === chosen}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(prompt)}
              className="menu-item prompt-line"
            >
              <span className="shrink-0 font-medium">{prompt.name}</span>
              <span className="min-w-0 flex-1 truncate text-ink-faint">{prompt.text}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
  return {
    onKeyDown,
    aria:
      open && shown.length > 0
        ? { "aria-controls": kListId, "aria-activedescendant": `${kListId}-${chosen}` }
        : {},
    element,
  };
}
