import type { ReactNode } from "react";

export function Button(props: { onClick: () => void; disabled?: boolean; children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={props.onClick}
      disabled={props.disabled}
      className="inline-flex h-8 shrink-0 items-center justify-center rounded-lg border border-line-strong bg-surface px-3 text-sm font-medium text-ink transition-colors hover:bg-sunken disabled:text-ink-faint"
    >
      {props.children}
    </button>
  );
}
