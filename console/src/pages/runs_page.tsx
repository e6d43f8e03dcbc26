import { PageHead } from "../components/page_head.tsx";
import { RunsList } from "../features/runs/runs_list.tsx";
import { useText } from "../i18n/index.ts";

export function RunsPage() {
  const { t } = useText();
  return (
    <>
      <PageHead title={t("nav.runs")} lead={t("runs.lead")} />
      <RunsList />
    </>
  );
}
