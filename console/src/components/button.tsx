// The buttons of the console: one loud kind for what a page is for, one plain, one that is only a sign.
import type { ReactNode } from "react";

const kKinds = {
  plain: "border border-line-strong bg-surface text-ink hover:bg-sunken disabled:text-ink-faint",
  loud: "bg-river text-on-river hover:brightness-110 disabled:bg-sunken disabled:text-ink-faint",
  quiet: "text-ink-soft hover:bg-sunken hover:text-ink disabled:text-ink-faint",
  danger: "border border-line-strong bg-surface text-bad hover:bg-bad-soft",
} as const;

export function Button(props: {
  onClick?: () => void;
  disabled?: boolean;
  kind?: keyof typeof kKinds;
  type?: "button" | "submit";
  /** Where what it shows does not tell it from its neighbours; begins with what it shows. */
  label?: string;
  children: ReactNode;
}) {
  return (
    <button
      type={props.type ?? "button"}
      aria-label={props.label}
      onClick={props.onClick}
      disabled={props.disabled}
      className={`inline-flex h-8 shrink-0 items-center justify-center gap-2 rounded-lg px-3 text-sm font-medium transition-colors ${kKinds[props.kind ?? "plain"]}`}
    >
      {props.children}
    </button>
  );
}

/** A sign whose name is told to those who do not see it, and shown to those who point at it. */
export function IconButton(props: {
  label: string;
  onClick: () => void;
  disabled?: boolean;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
      disabled={props.disabled}
      className="icon-button"
    >
      {props.children}
    </button>
  );
}
