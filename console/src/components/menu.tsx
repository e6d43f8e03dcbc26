// A button that opens a menu (ARIA menu button pattern): arrows, Home, End and letters move, Escape closes and gives
// the focus back, a press elsewhere closes.
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { CheckIcon } from "./icons.tsx";

export interface MenuItem {
  label: string;
  note?: string;
  icon?: ReactNode;
  /** For one choice of several: whether it is the one. */
  checked?: boolean;
  danger?: boolean;
  /** The action; or where a link leads. */
  onChoose?: () => void;
  href?: string;
}

export function Menu(props: {
  label: string;
  /** What the button shows. */
  children: ReactNode;
  items: readonly MenuItem[];
  className?: string;
  /** Which edge of the button the menu keeps to, and on which side it opens. */
  align?: "start" | "end";
  side?: "above" | "below";
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    const first = root.current?.querySelector<HTMLElement>('[aria-checked="true"], [data-item]');
    first?.focus();
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        setOpen(true);
      }
      return;
    }
    const items = [...(root.current?.querySelectorAll<HTMLElement>("[data-item]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const go = (to: number) => {
      event.preventDefault();
      items[(to + items.length) % items.length]?.focus();
    };
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(items.length - 1);
    else if (event.key === "Tab") setOpen(false);
    else if (event.key.length === 1 && event.key !== " ") {
      const letter = event.key.toLowerCase();
      const next = items.findIndex(
        (item, index) => index > at && item.textContent?.trim().toLowerCase().startsWith(letter),
      );
      if (next >= 0) go(next);
    }
  };

  const edge = props.align === "end" ? "right-0" : "left-0";
  const side = props.side === "above" ? "bottom-full mb-1.5" : "top-full mt-1.5";
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the button and the menu within
    <div ref={root} className="relative inline-flex" onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={props.label}
        title={props.label}
        onClick={() => setOpen(!open)}
        className={props.className ?? "icon-button"}
      >
        {props.children}
      </button>
      {open && (
        <div id={id} role="menu" aria-label={props.label} className={`menu ${edge} ${side}`}>
          {props.items.map((item) => (
            <Item key={item.label} item={item} onClose={close} />
          ))}
        </div>
      )}
    </div>
  );
}

function Item({ item, onClose }: { item: MenuItem; onClose: () => void }) {
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  const className = `menu-item ${item.danger ? "text-bad" : ""}`;
  const inside = (
    <>
      {item.icon && <span className="mt-0.5 text-ink-faint">{item.icon}</span>}
      <span className="min-w-0 flex-1">
        <span className="block">{item.label}</span>
        {item.note && <span className="block text-2xs text-ink-faint">{item.note}</span>}
      </span>
      {item.checked && (
        <span className="mt-0.5 text-river">
          <CheckIcon />
        </span>
      )}
    </>
  );
  if (item.href !== undefined) {
    return (
      <a
        data-item
        role={role}
        tabIndex={-1}
        href={item.href}
        download
        onClick={onClose}
        className={className}
      >
        {inside}
      </a>
    );
  }
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: a menuitemradio has it, a menuitem gets none
    <button
      data-item
      type="button"
      role={role}
      aria-checked={item.checked}
      tabIndex={-1}
      onClick={() => {
        onClose();
        item.onChoose?.();
      }}
      className={className}
    >
      {inside}
    </button>
  );
}
