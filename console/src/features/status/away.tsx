// Shown while the server gives no answer: what, why, what to do, since when, and when the page tries again.
import { useEffect, useState } from "react";
import { Button } from "../../components/button.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { useText } from "../../i18n/index.ts";
import { type Feed, useFeedStore } from "./feed.ts";

export function Away({ feed }: { feed: Feed }) {
  const { t, format } = useText();
  const { awaySince, answeredAt } = useFeedStore();
  return (
    <FailurePanel
      error={feed.error}
      action={
        <Button onClick={feed.retry} disabled={feed.trying}>
          {t("error.retry")}
        </Button>
      }
    >
      <p className="flex flex-wrap gap-x-3 text-sm text-ink-soft">
        {awaySince && <span>{t("away.since", { time: format.time(awaySince) })}</span>}
        <Countdown trying={feed.trying} />
      </p>
      {feed.status && answeredAt && (
        <p className="text-sm text-ink-soft">{t("away.stale", { time: format.time(answeredAt) })}</p>
      )}
    </FailurePanel>
  );
}

/** Ticks once a second. Outside every live region: a screen reader is told of the failure, not of each second. */
function Countdown({ trying }: { trying: boolean }) {
  const { t, format } = useText();
  const nextTryAt = useFeedStore((state) => state.nextTryAt);
  const [now, setNow] = useState(() => Date.now());
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new aim is counted down from the full second
  useEffect(() => {
    const tick = () => setNow(Date.now());
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [nextTryAt]);
  if (trying || !nextTryAt) return <span>{t("away.trying")}</span>;
  const seconds = Math.max(1, Math.ceil((nextTryAt.getTime() - now) / 1_000));
  return <span>{t("away.nextTry", { seconds: format.span(seconds) })}</span>;
}
