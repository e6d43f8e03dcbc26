// Ctrl+/: the keys of the console.
import { Dialog } from "../../components/dialog.tsx";
import { useText } from "../../i18n/index.ts";
import { usePrefs } from "../../lib/prefs.ts";

export function Shortcuts({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const sendKey = usePrefs((state) => state.sendKey);
  const rows: [string, string[]][] = [
    [t("shortcuts.palette"), ["Ctrl", "K"]],
    [t("shortcuts.list"), ["Ctrl", "/"]],
    [t("shortcuts.new"), ["Ctrl", "Shift", "O"]],
    [t("shortcuts.send"), sendKey === "enter" ? ["Enter"] : ["Ctrl", "Enter"]],
    [t("shortcuts.line"), sendKey === "enter" ? ["Shift", "Enter"] : ["Enter"]],
    [t("shortcuts.stop"), ["Esc"]],
  ];
  return (
    <Dialog label={t("shortcuts.title")} onClose={onClose}>
      <dl className="divide-y divide-line px-5 py-1">
        {rows.map(([name, keys]) => (
          <div key={name} className="flex items-center justify-between gap-6 py-2.5 text-sm">
            <dt>{name}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
