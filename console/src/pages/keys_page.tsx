import { PageHead } from "../components/page_head.tsx";
import { KeysList } from "../features/keys/keys_list.tsx";
import { useText } from "../i18n/index.ts";

export function KeysPage() {
  const { t } = useText();
  return (
    <>
      <PageHead title={t("nav.keys")} lead={t("keys.lead")} />
      <KeysList />
    </>
  );
}
