// The empty page teaches by example: questions that can be answered here and now. Those about Seine are answered from its
// own documentation, with no network; the web and thinking are shown where a provider and a model can do them. Where
// something is missing, it says what to do next.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { kOwnIndex } from "../../api/providers.ts";
import { modelsQuery, providersQuery } from "../../api/queries.ts";
import { BookIcon, GlobeIcon, Mark, QuoteIcon, ThinkIcon } from "../../components/icons.tsx";
import { Link } from "../../components/link.tsx";
import { useText } from "../../i18n/index.ts";
import { docsPath } from "../../lib/router.ts";

const kExamples = [
  { name: "leaves", Icon: BookIcon },
  { name: "citations", Icon: QuoteIcon },
  { name: "model", Icon: BookIcon },
  { name: "backup", Icon: BookIcon },
  { name: "think", Icon: ThinkIcon },
  { name: "web", Icon: GlobeIcon },
] as const;

export type Example = (typeof kExamples)[number]["name"];

/** What can be shown here: the models and providers that are ready; undefined until that is known. */
function useAbilities() {
  const models = useQuery(modelsQuery);
  const providers = useQuery(providersQuery);
  if (models.isPending || providers.isPending) return undefined;
  const loaded = (models.data ?? []).filter((model) => !model.embeds);
  const ready = loaded.filter(({ state }) => state === "ready");
  return {
    model: ready.length > 0,
    loading: loaded.some(({ state }) => state === "loading"),
    // A model that only cites spans neither converses nor thinks.
    capable: ready.some(({ citesSpans }) => !citesSpans),
    thinks: ready.some(({ thinks, citesSpans }) => thinks && !citesSpans),
    // Without an answer of the server nothing is said to be missing.
    web: providers.data?.some(({ id, state }) => id !== kOwnIndex && state === "ready") ?? true,
    known: models.isSuccess,
  };
}

export function Welcome({ onAsk }: { onAsk: (question: string, example: Example) => void }) {
  const { t, locale } = useText();
  const can = useAbilities();
  const shown: Example[] = ["leaves", "citations"];
  if (can) shown.push(can.thinks ? "think" : "model", can.web ? "web" : "backup");
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
        {kExamples
          .filter(({ name }) => shown.includes(name))
          .map(({ name, Icon }) => (
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
      <div className="mt-5 space-y-1.5 text-center text-xs text-balance text-ink-soft">
        {can?.known && !can.model && !can.loading && (
          <Next words={t("welcome.next.noModel")}>
            <Link to="/models" className="text-link">
              {t("welcome.next.models")}
            </Link>
            <a href={docsPath(locale, "guides/models")} className="text-link">
              {t("welcome.next.getModel")}
            </a>
          </Next>
        )}
        {can?.loading && !can.model && <p role="status">{t("welcome.next.loading")}</p>}
        {can?.model && !can.capable && (
          <Next words={t("welcome.next.small")}>
            <a href={docsPath(locale, "guides/models")} className="text-link">
              {t("welcome.next.getModel")}
            </a>
          </Next>
        )}
        {can && !can.web && (
          <Next words={t("welcome.next.noProvider")}>
            <a href={docsPath(locale, "guides/asking-the-web")} className="text-link">
              {t("welcome.next.addProvider")}
            </a>
          </Next>
        )}
        <p>
          <a href={docsPath(locale)} className="text-link">
            {t("welcome.docs")}
          </a>
        </p>
      </div>
    </div>
  );
}

/** What is missing, and the way to it. */
function Next(props: { words: string; children: ReactNode }) {
  return (
    <p className="flex flex-wrap items-baseline justify-center gap-x-3">
      <span>{props.words}</span>
      {props.children}
    </p>
  );
}
