// What was just taken away, and ten seconds to have it back. The clock waits while the reader points at the offer or
// has the focus in it.
import { useEffect, useState } from "react";
import { create } from "zustand";
import { useText } from "../i18n/index.ts";
import { Button, IconButton } from "./button.tsx";
import { CrossIcon } from "./icons.tsx";

export const kUndoMs = 10_000;

interface Offer {
  id: number;
  text: string;
  undo: () => void;
}

const useOffers = create<{ offer: Offer | null }>(() => ({ offer: null }));
let offerCount = 0;

export function offerUndo(text: string, undo: () => void): void {
  useOffers.setState({ offer: { id: ++offerCount, text, undo } });
}

const dismiss = () => useOffers.setState({ offer: null });

export function UndoBar() {
  const { t } = useText();
  const offer = useOffers((state) => state.offer);
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!offer || held) return;
    const timer = setTimeout(dismiss, kUndoMs);
    return () => clearTimeout(timer);
  }, [offer, held]);
  return (
    <div
      role="status"
      className="fixed bottom-4 left-1/2 z-30 w-max max-w-[calc(100vw-2rem)] -translate-x-1/2"
    >
      {offer && (
        // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only holds the clock
        <div
          onPointerEnter={() => setHeld(true)}
          onPointerLeave={() => setHeld(false)}
          onFocus={() => setHeld(true)}
          onBlur={() => setHeld(false)}
          className="flex items-center gap-3 rounded-xl border border-line-strong bg-raised py-2 pr-2 pl-4 text-sm shadow-lift"
        >
          <span className="min-w-0 truncate">{offer.text}</span>
          <Button
            onClick={() => {
              offer.undo();
              setHeld(false);
              dismiss();
            }}
          >
            {t("undo.action")}
          </Button>
          <IconButton label={t("dialog.close")} onClick={dismiss}>
            <CrossIcon />
          </IconButton>
        </div>
      )}
    </div>
  );
}
