// A dialog over the page: the browser's own, which keeps the focus inside, closes on Escape and gives the focus back.
import { type ReactNode, useEffect, useRef } from "react";
import { useText } from "../i18n/index.ts";
import { IconButton } from "./button.tsx";
import { CrossIcon } from "./icons.tsx";

export function Dialog(props: {
  label: string;
  onClose: () => void;
  /** Without a title bar the label is told, not shown. */
  bare?: boolean;
  className?: string;
  children: ReactNode;
}) {
  const { t } = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the dialog's own key for what a press outside does
    <dialog
      ref={dialog}
      aria-label={props.label}
      onClose={props.onClose}
      onClick={(event) => event.target === dialog.current && props.onClose()}
      className={`dialog ${props.className ?? ""}`}
    >
      {!props.bare && (
        <div className="flex items-center justify-between gap-4 border-b border-line py-2.5 pr-3 pl-5">
          <h2 className="font-semibold">{props.label}</h2>
          <IconButton label={t("dialog.close")} onClick={props.onClose}>
            <CrossIcon />
          </IconButton>
        </div>
      )}
      {props.children}
    </dialog>
  );
}
