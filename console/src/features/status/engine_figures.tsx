// What the engine is doing, where the server has one: how fast it writes, how many wait, how full its cache is.
import type { Status } from "../../api/status.ts";
import { Section } from "../../components/section.tsx";
import { useText } from "../../i18n/index.ts";
import { useFeedStore } from "./feed.ts";
import { Figure } from "./figures.tsx";
import { find, tokenRate, total, upToLastAnswer } from "./history.ts";

export function EngineFigures({ status }: { status: Status }) {
  const { t, format } = useText();
  const history = upToLastAnswer(useFeedStore((state) => state.history));
  const sum = (name: string) => total(find(status.metrics, name));
  const generated = sum("seine_engine_generated_tokens_total");
  if (generated === undefined) return null;
  const rate = tokenRate(history);
  const running = sum("seine_engine_requests_running") ?? 0;
  const queued = sum("seine_engine_requests_queued") ?? 0;
  const blocks = sum("seine_engine_kv_blocks") ?? 0;
  const used = sum("seine_engine_kv_blocks_used") ?? 0;
  return (
    <Section title={t("engine.title")}>
      <dl className="panel grid grid-cols-2 gap-px overflow-hidden bg-line! lg:grid-cols-4">
        <Figure
          name={t("engine.rate")}
          note={rate === undefined ? t("figure.requests.waiting") : t("figure.requests.note")}
        >
          {rate === undefined ? t("figure.none") : format.rate(rate)}
        </Figure>
        <Figure name={t("engine.running")} note={t("engine.running.note")}>
          {format.number(running)}
        </Figure>
        <Figure name={t("engine.queued")} note={t("engine.queued.note")}>
          {format.number(queued)}
        </Figure>
        <Figure
          name={t("engine.cache")}
          note={t("engine.cache.note", { used: format.number(used), total: format.number(blocks) })}
        >
          {blocks > 0 ? format.percent(used / blocks) : t("figure.none")}
        </Figure>
      </dl>
    </Section>
  );
}
