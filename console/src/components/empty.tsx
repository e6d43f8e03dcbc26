// An empty list teaches: one sentence about what belongs here, and the one button that begins it.
import type { ReactNode } from "react";

export function Empty(props: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-start gap-4 rounded-xl border border-dashed border-line-strong px-6 py-8">
      <p className="max-w-prose text-ink-soft">{props.children}</p>
      {props.action}
    </div>
  );
}
