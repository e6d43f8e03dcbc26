// The keys that work on every page.
import { useCallback, useEffect } from "react";
import { create } from "zustand";
import { navigate } from "../../lib/router.ts";
import { Palette } from "./palette.tsx";
import { Shortcuts } from "./shortcuts.tsx";

type Open = "palette" | "shortcuts" | null;

export const usePalette = create<{ open: Open }>(() => ({ open: null }));

export function GlobalKeys() {
  const open = usePalette((state) => state.open);
  const close = useCallback(() => usePalette.setState({ open: null }), []);
  const shortcuts = useCallback(() => usePalette.setState({ open: "shortcuts" }), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const toggle = (which: Exclude<Open, null>) => {
        event.preventDefault();
        // A dialog that asks something else stays in charge.
        const own = usePalette.getState().open;
        if (own === null && document.querySelector("dialog[open]")) return;
        usePalette.setState({ open: own === which ? null : which });
      };
      const key = event.key.toLowerCase();
      if (!event.shiftKey && key === "k") toggle("palette");
      else if (event.key === "/") toggle("shortcuts");
      else if (event.shiftKey && key === "o") {
        event.preventDefault();
        usePalette.setState({ open: null });
        navigate("/");
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  if (open === "palette") return <Palette onClose={close} onShortcuts={shortcuts} />;
  if (open === "shortcuts") return <Shortcuts onClose={close} />;
  return null;
}
