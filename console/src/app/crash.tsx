// The last resort: an error of the console itself shows what it was instead of an empty page.
import { Component, type ReactNode } from "react";
import { Button } from "../components/button.tsx";
import { useText } from "../i18n/index.ts";

export class CrashBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error === undefined ? this.props.children : <Crashed error={this.state.error} />;
  }
}

function Crashed({ error }: { error: unknown }) {
  const { t } = useText();
  return (
    <main role="alert" className="mx-auto max-w-2xl space-y-4 px-6 py-16">
      <h1 className="text-title font-semibold tracking-tight">{t("app.crashed")}</h1>
      <p className="text-ink-soft">{t("app.crashed.next")}</p>
      <pre className="panel overflow-x-auto p-4 font-mono text-xs">{String(error)}</pre>
      <Button onClick={() => location.reload()}>{t("app.reload")}</Button>
    </main>
  );
}
