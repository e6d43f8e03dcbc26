import { Button } from "../components/button.tsx";
import { Empty } from "../components/empty.tsx";
import { useText } from "../i18n/index.ts";
import { navigate } from "../lib/router.ts";

export function NotFoundPage() {
  const { t } = useText();
  return (
    <div className="space-y-6">
      <h1 className="text-title font-semibold tracking-tight">{t("notFound.title")}</h1>
      <Empty action={<Button onClick={() => navigate("/")}>{t("notFound.action")}</Button>}>
        {t("notFound.why")}
      </Empty>
    </div>
  );
}
