// One run: the question, everything that was done, the answer; and the answer made again from the recorded pages.
import { useMutation, useQuery } from "@tanstack/react-query";
import { runQuery } from "../../api/queries.ts";
import { replayRun } from "../../api/runs.ts";
import { AnswerView } from "../../components/answer/answer_view.tsx";
import { Button } from "../../components/button.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { Link } from "../../components/link.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { Section } from "../../components/section.tsx";
import { useText } from "../../i18n/index.ts";
import { chatPath } from "../../lib/router.ts";

export function RunDetail({ id }: { id: string }) {
  const { t, format } = useText();
  const query = useQuery(runQuery(id));
  const replay = useMutation({ mutationFn: () => replayRun(id) });
  return (
    <Loaded query={query} waiting={t("run.loading")}>
      {(answer) => (
        <div className="space-y-8">
          <header>
            <h1 className="text-figure font-semibold tracking-tight">{answer.question}</h1>
            <dl className="mt-3 flex flex-wrap gap-x-8 gap-y-2 text-sm">
              <Fact name={t("run.model")} value={answer.model} />
              <Fact
                name={t("run.asked")}
                value={answer.createdAt && format.dateTime(new Date(answer.createdAt))}
              />
              <Fact name={t("run.firstToken")} value={time(answer.timings.firstTokenMs, format.seconds)} />
              <Fact name={t("run.total")} value={time(answer.timings.totalMs, format.seconds)} />
              {answer.usage && (
                <Fact
                  name={t("run.tokens")}
                  value={t("run.tokens.value", {
                    prompt: format.number(answer.usage.promptTokens),
                    completion: format.number(answer.usage.completionTokens),
                  })}
                />
              )}
            </dl>
            {answer.chatId && (
              <Link
                to={chatPath(answer.chatId)}
                className="mt-3 inline-block text-sm text-river hover:underline"
              >
                {t("run.chat")}
              </Link>
            )}
          </header>
          <Section title={t("run.answer")}>
            <div className="panel p-5">
              <AnswerView answer={answer} />
            </div>
          </Section>
          <Section
            title={t("run.replay.title")}
            aside={
              <Button onClick={() => replay.mutate()} disabled={replay.isPending}>
                {replay.isPending ? t("run.replay.running") : t("run.replay.action")}
              </Button>
            }
          >
            <p className="text-sm text-ink-soft">{t("run.replay.lead")}</p>
            {replay.error && (
              <div className="mt-4">
                <FailurePanel error={replay.error} />
              </div>
            )}
            {replay.data && (
              <div className="panel mt-4 p-5">
                <p className="label-line mb-3">
                  {replay.data.text === answer.text ? t("run.replay.same") : t("run.replay.different")}
                </p>
                <AnswerView answer={replay.data} />
              </div>
            )}
          </Section>
        </div>
      )}
    </Loaded>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  if (value === "") return null;
  return (
    <div>
      <dt className="text-2xs text-ink-faint">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const time = (ms: number | null, seconds: (value: number) => string) =>
  ms === null ? "" : seconds(ms / 1000);
