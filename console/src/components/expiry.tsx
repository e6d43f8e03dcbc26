// How long something is good for: a choice of days, or for ever.
import { useText } from "../i18n/index.ts";

/** Days; null: it does not end. */
export type Expiry = number | null;

export const expirySeconds = (days: Expiry): number | null => (days === null ? null : days * 86_400);

export function ExpiryField(props: {
  choices: readonly Expiry[];
  value: Expiry;
  onChange: (days: Expiry) => void;
  className?: string;
}) {
  const { t, format } = useText();
  const { choices } = props;
  return (
    <label className="block">
      <span className="mb-1 block text-sm text-ink-soft">{t("keys.expiry")}</span>
      <select
        className={`text-field ${props.className ?? ""}`}
        value={String(props.value)}
        onChange={(event) =>
          props.onChange(choices.find((each) => String(each) === event.target.value) ?? null)
        }
      >
        {choices.map((each) => (
          <option key={String(each)} value={String(each)}>
            {each === null ? t("keys.expiry.never") : t("keys.expiry.days", { count: format.number(each) })}
          </option>
        ))}
      </select>
    </label>
  );
}
