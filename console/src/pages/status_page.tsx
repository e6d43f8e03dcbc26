// The status of the service on one page, from the verdict down to the last metric.

import { Away } from "../features/status/away.tsx";
import { Charts } from "../features/status/charts.tsx";
import { Checks } from "../features/status/checks.tsx";
import { EngineFigures } from "../features/status/engine_figures.tsx";
import { Facts } from "../features/status/facts.tsx";
import { type Feed, useFeed, useFeedStore } from "../features/status/feed.ts";
import { Figures } from "../features/status/figures.tsx";
import { Metrics } from "../features/status/metrics.tsx";
import { Verdict } from "../features/status/verdict.tsx";
import { useText } from "../i18n/index.ts";

export function StatusPage() {
  return <StatusView feed={useFeed(true)} />;
}

export function StatusView({ feed }: { feed: Feed }) {
  const { t } = useText();
  const answeredAt = useFeedStore((state) => state.answeredAt);
  const { status, error } = feed;
  return (
    <>
      <h1 className="sr-only">{t("status.title")}</h1>
      <div className="space-y-8">
        {error !== undefined && <Away feed={feed} />}
        {!status && error === undefined && (
          <p role="status" className="text-ink-soft">
            {t("status.loading")}
          </p>
        )}
        {status && (
          <>
            {error === undefined && <Verdict status={status} answeredAt={answeredAt} />}
            <Figures status={status} />
            <EngineFigures status={status} />
            <Charts />
            <Checks checks={status.checks} />
            <Facts status={status} />
            <Metrics metrics={status.metrics} />
          </>
        )}
      </div>
    </>
  );
}
