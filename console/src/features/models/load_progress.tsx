// How far a model has come: the phase by name, the bytes, how fast, and how long it will still take.
import type { Progress } from "../../api/models.ts";
import { useText } from "../../i18n/index.ts";

const kPhases = ["reading", "checking", "warming", "queued"] as const;

export function LoadProgress({ progress }: { progress: Progress | null }) {
  const { t, format } = useText();
  if (!progress) {
    return (
      <p role="status" className="mt-3 text-sm text-ink-soft">
        {t("models.phase.queued")}
      </p>
    );
  }
  // The server says "read", "check", "warm up".
  const said = progress.phase.toLowerCase();
  const known = kPhases.find((phase) => said !== "" && phase.startsWith(said.slice(0, 4)));
  const phase = known ? t(`models.phase.${known}`) : progress.phase || t("models.phase.reading");
  const { done, total, rate } = progress;
  const parts = [
    total > 0
      ? t("models.progress.of", { done: format.bytes(done), total: format.bytes(total) })
      : done > 0
        ? format.bytes(done)
        : "",
    rate > 0 ? t("models.progress.rate", { rate: format.bytes(rate) }) : "",
    rate > 0 && total > done
      ? t("models.progress.left", { time: format.span(Math.max(1, (total - done) / rate)) })
      : "",
  ].filter((part) => part !== "");
  return (
    <div className="mt-3">
      <p className="text-sm text-ink-soft">
        <span className="font-medium text-ink">{phase}</span> {parts.join(" · ")}
      </p>
      <progress
        aria-label={phase}
        max={total > 0 ? total : undefined}
        value={total > 0 ? Math.min(done, total) : undefined}
        className="progress-bar mt-2"
      />
    </div>
  );
}
