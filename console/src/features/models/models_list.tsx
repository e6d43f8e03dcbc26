// The models of this machine. While one is loading the list is read once a second.
import { useQuery } from "@tanstack/react-query";
import { modelsQuery } from "../../api/queries.ts";
import { Command } from "../../components/command.tsx";
import { Empty } from "../../components/empty.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { useText } from "../../i18n/index.ts";
import { ModelCard } from "./model_card.tsx";

const kLoadingMs = 1_000;
const kIdleMs = 15_000;

export function ModelsList() {
  const { t } = useText();
  const query = useQuery({
    ...modelsQuery,
    refetchInterval: ({ state }) =>
      state.data?.some((model) => model.state === "loading") ? kLoadingMs : kIdleMs,
  });
  return (
    <Loaded query={query} waiting={t("models.loading")}>
      {(models) =>
        models.length === 0 ? (
          <Empty action={<Command text="seine up --model FILE" />}>{t("models.empty")}</Empty>
        ) : (
          <ul className="space-y-4">
            {models.map((model) => (
              <ModelCard key={model.id} model={model} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}
