// Copies a text. Where the clipboard is not to be had (plain http beyond loopback) there is no button.
import { useEffect, useState } from "react";
import { useText } from "../i18n/index.ts";
import { CheckIcon, CopyIcon } from "./icons.tsx";

const kShowCopiedMs = 2_000;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { t } = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), kShowCopiedMs);
    return () => clearTimeout(timer);
  }, [copied]);
  if (typeof navigator.clipboard?.writeText !== "function") return null;
  const name = copied ? t("copy.done") : label;
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <button type="button" aria-label={name} title={name} onClick={copy} className="icon-button">
      {copied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}
