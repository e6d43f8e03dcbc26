// Code as it was written: its language, a button that copies it, one that wraps its lines.
import { type ReactNode, useState } from "react";
import { useText } from "../../i18n/index.ts";
import { CopyButton } from "../copy_button.tsx";
import { WrapIcon } from "../icons.tsx";

export function CodeBlock({
  language,
  source,
  children,
}: {
  language: string;
  source: string;
  children: ReactNode;
}) {
  const { t } = useText();
  const [wrap, setWrap] = useState(false);
  return (
    <div className="code-block">
      <div className="flex items-center justify-between gap-2 border-b border-line py-1 pr-1.5 pl-4">
        <span className="font-mono text-2xs text-ink-faint">{language}</span>
        <span className="flex">
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
          <CopyButton text={source} label={t("code.copy")} />
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0} className={wrap ? "break-words whitespace-pre-wrap" : ""}>
        <code>{children}</code>
      </pre>
    </div>
  );
}
