// One choice of a few, all in view: native radio buttons, so the arrow keys move within it, it is one stop of the
// Tab key, and every assistive technology knows it.
import { type ReactNode, useId } from "react";

export interface Segment<T extends string> {
  value: T;
  label: string;
  /** Shown in place of the label, which then names the segment for assistive technology. */
  icon?: ReactNode;
  /** The language of the label where it differs from the page's. */
  lang?: string;
}

export function Segmented<T extends string>(props: {
  label: string;
  value: T;
  segments: readonly Segment<T>[];
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="inline-flex rounded-lg bg-sunken p-0.5">
      <legend className="sr-only">{props.label}</legend>
      {props.segments.map(({ value, label, icon, lang }) => (
        <label
          key={value}
          lang={lang}
          title={icon ? label : undefined}
          className="relative inline-flex h-7 min-w-8 cursor-pointer items-center justify-center rounded-md px-2 text-xs text-ink-soft transition-colors hover:text-ink has-checked:bg-raised has-checked:font-medium has-checked:text-ink has-checked:shadow-[0_0_0_1px_var(--line)] has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-river"
        >
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
            className="sr-only"
          />
          {icon}
          <span className={icon ? "sr-only" : ""}>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
