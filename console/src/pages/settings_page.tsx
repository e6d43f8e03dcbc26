import { PageHead } from "../components/page_head.tsx";
import { SettingsForm } from "../features/settings/settings_form.tsx";
import { useText } from "../i18n/index.ts";

export function SettingsPage() {
  const { t } = useText();
  return (
    <>
      <PageHead title={t("nav.settings")} lead={t("settings.lead")} />
      <SettingsForm />
    </>
  );
}
