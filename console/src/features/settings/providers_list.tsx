// Where searches go, and how each place fares.
import { useQuery } from "@tanstack/react-query";
import { kOwnIndex, type Provider } from "../../api/providers.ts";
import { providersQuery } from "../../api/queries.ts";
import { Empty } from "../../components/empty.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { Section } from "../../components/section.tsx";
import { useText } from "../../i18n/index.ts";
import { docsPath } from "../../lib/router.ts";

export function ProvidersList() {
  const { t, locale } = useText();
  const query = useQuery(providersQuery);
  const guide = (
    <a href={docsPath(locale, "guides/asking-the-web")} className="text-link text-xs">
      {t("providers.guide")}
    </a>
  );
  return (
    <Section title={t("providers.title")} aside={guide}>
      <Loaded query={query} waiting={t("providers.loading")}>
        {(providers) =>
          providers.length === 0 ? (
            <Empty>{t("providers.empty")}</Empty>
          ) : (
            <ul className="panel divide-y divide-line">
              {providers.map((provider) => (
                <Row key={provider.id} provider={provider} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function Row({ provider }: { provider: Provider }) {
  const { t, format } = useText();
  const { id, state, cost, p50Ms } = provider;
  const facts = [
    id === kOwnIndex ? t("providers.own") : "",
    p50Ms === null ? "" : t("providers.median", { time: `${format.number(Math.round(p50Ms))} ms` }),
    cost === null ? "" : t("providers.cost", { cost }),
    state === "ready" ? "" : t(`providers.why.${state}`),
  ].filter((fact) => fact !== "");
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-5 py-3">
      <span className="min-w-0">
        <span className="text-sm font-medium">{id}</span>
        {facts.length > 0 && <span className="block text-xs text-ink-soft">{facts.join(" · ")}</span>}
      </span>
      <span className="state-chip" data-state={state === "ready" ? "ready" : "failed"}>
        {t(`providers.state.${state}`)}
      </span>
    </li>
  );
}
