// The empty page teaches by example: questions that can be answered here and now, from Seine's own documentation, and
// ones that show what searching the web, thinking, and reading one site are for.
import { GlobeIcon, Mark, QuoteIcon, ThinkIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";

const kExamples = [
  { name: "leaves", Icon: QuoteIcon },
  { name: "citations", Icon: QuoteIcon },
  { name: "web", Icon: GlobeIcon },
  { name: "think", Icon: ThinkIcon },
] as const;

export type Example = (typeof kExamples)[number]["name"];

export function Welcome({ onAsk }: { onAsk: (question: string, example: Example) => void }) {
  const { t } = useText();
  return (
    <div className="mx-auto w-full max-w-3xl px-4 py-6">
      <div className="mb-7 flex flex-col items-center text-center">
        <Mark />
        <h1 className="mt-4 text-figure font-semibold tracking-tight text-balance sm:text-title">
          {t("welcome.title")}
        </h1>
        <p className="mt-2 max-w-xl text-balance text-ink-soft">{t("welcome.lead")}</p>
      </div>
      <h2 className="sr-only">{t("welcome.examples")}</h2>
      <ul className="grid gap-2.5 sm:grid-cols-2">
        {kExamples.map(({ name, Icon }) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => onAsk(t(`welcome.${name}.question`), name)}
              className="example-card"
            >
              <span className="flex items-center gap-1.5 text-2xs font-medium text-ink-faint">
                <Icon />
                {t(`welcome.${name}.teaches`)}
              </span>
              <span className="mt-1 block text-sm text-ink">{t(`welcome.${name}.question`)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
