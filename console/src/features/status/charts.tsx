// Requests per second and memory over the last five minutes, as this page saw them.
import { Section } from "../../components/section.tsx";
import { TimeChart } from "../../components/time_chart.tsx";
import { useText } from "../../i18n/index.ts";
import { useFeedStore } from "./feed.ts";
import { kWindowMs, memoryLine, rateLine } from "./history.ts";

export function Charts() {
  const { t, format } = useText();
  const history = useFeedStore((state) => state.history);
  const now = (history.at(-1)?.at ?? 0) / 1000;
  const span = { from: now - kWindowMs / 1000, to: now };
  return (
    <Section title={t("chart.title")}>
      <div className="grid gap-4 lg:grid-cols-2">
        <TimeChart
          name={t("chart.requests")}
          note={t("chart.requests.note")}
          line={rateLine(history)}
          span={span}
          tone="river"
          atLeast={1}
          word={format.rate}
          mark={format.number}
        />
        <TimeChart
          name={t("chart.memory")}
          note={t("chart.memory.note")}
          line={memoryLine(history)}
          span={span}
          tone="bronze"
          atLeast={1_000_000}
          word={format.bytes}
          mark={(bytes) => (bytes === 0 ? format.number(0) : format.bytes(bytes))}
        />
      </div>
    </Section>
  );
}
