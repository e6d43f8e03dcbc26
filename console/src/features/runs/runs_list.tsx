// Every question that was asked, by whom or what ever, newest first.
import { useInfiniteQuery } from "@tanstack/react-query";
import { fetchRuns, type RunSummary } from "../../api/runs.ts";
import { Button } from "../../components/button.tsx";
import { Empty } from "../../components/empty.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { Link } from "../../components/link.tsx";
import { useText } from "../../i18n/index.ts";
import { navigate, runPath } from "../../lib/router.ts";

const kStates = ["running", "complete", "stopped", "failed", "not_found"] as const;

export function RunsList() {
  const { t } = useText();
  const query = useInfiniteQuery({
    queryKey: ["runs"],
    queryFn: ({ pageParam, signal }) => fetchRuns(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const runs = query.data?.pages.flatMap((page) => page.items);
  return (
    <div className="space-y-4">
      {query.error && (
        <FailurePanel
          error={query.error}
          action={<Button onClick={() => void query.refetch()}>{t("error.retry")}</Button>}
        />
      )}
      {!runs && !query.error && (
        <p role="status" className="text-ink-soft">
          {t("runs.loading")}
        </p>
      )}
      {runs?.length === 0 && (
        <Empty
          action={
            <Button kind="loud" onClick={() => navigate("/")}>
              {t("runs.empty.action")}
            </Button>
          }
        >
          {t("runs.empty")}
        </Empty>
      )}
      {runs && runs.length > 0 && (
        <ul className="panel divide-y divide-line">
          {runs.map((run) => (
            <RunLine key={run.id} run={run} />
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
          {t("runs.more")}
        </Button>
      )}
    </div>
  );
}

function RunLine({ run }: { run: RunSummary }) {
  const { t, format } = useText();
  const state = kStates.find((known) => known === run.state) ?? "complete";
  const facts = [
    run.createdAt && format.dateTime(new Date(run.createdAt)),
    run.by === "extract" ? t("runs.extract") : run.model,
    t("runs.sources", { count: format.number(run.sourceCount) }),
    run.totalMs === null ? "" : format.seconds(run.totalMs / 1000),
  ].filter((fact) => fact !== "");
  return (
    <li>
      <Link
        to={runPath(run.id)}
        className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-5 py-3.5 hover:bg-sunken"
      >
        <span className="line-clamp-2 min-w-48 flex-1 font-medium">{run.question}</span>
        <span className="state-chip" data-state={state}>
          {t(`runs.state.${state}`)}
        </span>
        <span className="w-full text-xs text-ink-soft">{facts.join(" · ")}</span>
      </Link>
    </li>
  );
}
