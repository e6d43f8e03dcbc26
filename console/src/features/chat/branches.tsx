// "< 2/3 >": which of the branches at this place is shown.
import { IconButton } from "../../components/button.tsx";
import { ChevronLeftIcon, ChevronRightIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";
import type { Shown } from "./tree.ts";

export function Branches({ shown, onStep }: { shown: Shown; onStep: (by: 1 | -1) => void }) {
  const { t, format } = useText();
  const count = shown.siblings.length;
  if (count < 2) return null;
  const at = shown.siblings.indexOf(shown.message.id) + 1;
  return (
    <span className="inline-flex items-center text-xs text-ink-soft">
      <IconButton label={t("branch.before")} disabled={at <= 1} onClick={() => onStep(-1)}>
        <ChevronLeftIcon />
      </IconButton>
      <span aria-hidden="true">{`${format.number(at)}/${format.number(count)}`}</span>
      <span className="sr-only">
        {t("branch.label", { at: format.number(at), count: format.number(count) })}
      </span>
      <IconButton label={t("branch.after")} disabled={at >= count} onClick={() => onStep(1)}>
        <ChevronRightIcon />
      </IconButton>
    </span>
  );
}
