// Code as it was written: its language, a button that copies it, one that wraps its lines. Where it means a picture, the picture
// stands in its place, and a button shows the code again.
import { type ReactNode, useState } from "react";
import { useText } from "../../i18n/index.ts";
import { CopyButton } from "../copy_button.tsx";
import { CodeIcon, WrapIcon } from "../icons.tsx";

export interface CodePicture {
  shown: boolean;
  toggle: () => void;
  element: ReactNode;
}

export function CodeBlock({
  language,
  source,
  note,
  picture,
  children,
}: {
  language: string;
  source: string;
  note?: string | undefined;
  picture?: CodePicture | undefined;
  children: ReactNode;
}) {
  const { t } = useText();
  const [wrap, setWrap] = useState(false);
  return (
    <div className="code-block">
      <div className="flex items-center justify-between gap-2 border-b border-line py-1 pr-1.5 pl-4">
        <span className="text-2xs text-ink-faint">
          <span className="font-mono">{language}</span>
          {note !== undefined && <span className="ml-3">{note}</span>}
        </span>
        <span className="flex">
          {picture && (
            <button
              type="button"
              aria-pressed={!picture.shown}
              aria-label={t("code.source")}
              title={t("code.source")}
              onClick={picture.toggle}
              className="icon-button"
            >
              <CodeIcon />
            </button>
          )}
          {!picture?.shown && (
            <button
              type="button"
              aria-pressed={wrap}
              aria-label={t("code.wrap")}
              title={t("code.wrap")}
              onClick={() => setWrap(!wrap)}
              className="icon-button"
            >
              <WrapIcon />
            </button>
          )}
          <CopyButton text={source} label={t("code.copy")} />
        </span>
      </div>
      {picture?.shown ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <div className="code-picture" tabIndex={0}>
          {picture.element}
        </div>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <pre tabIndex={0} className={wrap ? "break-words whitespace-pre-wrap" : ""}>
          <code>{children}</code>
        </pre>
      )}
    </div>
  );
}
