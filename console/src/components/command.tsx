// A command to type into a terminal, with a button that copies it. The clipboard exists only on loopback and https:
// elsewhere the text alone is shown, ready to be selected.
import { useEffect, useState } from "react";
import { useText } from "../i18n/index.ts";
import { CheckIcon, CopyIcon } from "./icons.tsx";

const kShowCopiedMs = 2_000;

export function Command({ text }: { text: string }) {
  const { t } = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), kShowCopiedMs);
    return () => clearTimeout(timer);
  }, [copied]);

  const canCopy = typeof navigator.clipboard?.writeText === "function";
  return (
    <span className="inline-flex max-w-full items-center rounded-md bg-sunken text-ink">
      <code className="min-w-0 py-1 pr-1 pl-2.5 font-mono text-xs whitespace-pre-wrap select-all">
        {text}
      </code>
      {canCopy && (
        <button
          type="button"
          aria-label={copied ? t("copy.done") : t("copy.action", { text })}
          title={copied ? t("copy.done") : t("copy.action", { text })}
          onClick={() =>
            navigator.clipboard.writeText(text).then(
              () => setCopied(true),
              () => setCopied(false),
            )
          }
          className="inline-flex size-7 shrink-0 items-center justify-center rounded-md text-ink-faint transition-colors hover:text-ink"
        >
          {copied ? <CheckIcon /> : <CopyIcon />}
        </button>
      )}
      <span role="status" className="sr-only">
        {copied ? t("copy.done") : ""}
      </span>
    </span>
  );
}
