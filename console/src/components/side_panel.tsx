// What stands beside a page: a column where the screen is wide, all of it where it is not.
import { type ReactNode, useEffect, useRef } from "react";

export function SidePanel(props: { label: string; onClose: () => void; children: ReactNode }) {
  const { onClose } = props;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label={props.label}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
      className="side-panel"
    >
      {props.children}
    </aside>
  );
}
