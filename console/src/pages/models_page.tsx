import { PageHead } from "../components/page_head.tsx";
import { ModelsList } from "../features/models/models_list.tsx";
import { useText } from "../i18n/index.ts";

export function ModelsPage() {
  const { t } = useText();
  return (
    <>
      <PageHead title={t("nav.models")} lead={t("models.lead")} />
      <ModelsList />
    </>
  );
}
