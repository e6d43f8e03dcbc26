// The reader's choices, each in force as soon as it is made.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { modelsQuery } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { Section } from "../../components/section.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { locales, localeTag, useLocaleStore, useText } from "../../i18n/index.ts";
import { densities, fontSizes, searchChoices, sendKeys, thinkChoices, usePrefs } from "../../lib/prefs.ts";
import { themes, useThemeStore } from "../../lib/theme.ts";
import { PromptsList } from "./prompts_list.tsx";
import { ProvidersList } from "./providers_list.tsx";
import { saveNow, useSaving } from "./sync.ts";

export function SettingsForm() {
  const { t, locale } = useText();
  const { theme, setTheme } = useThemeStore();
  const setLocale = useLocaleStore((state) => state.setLocale);
  const prefs = usePrefs();
  const { data: models = [] } = useQuery(modelsQuery);
  const saving = useSaving();
  return (
    <div className="space-y-8">
      <Section title={t("settings.look")}>
        <div className="panel divide-y divide-line">
          <Row label={t("language.label")}>
            <Segmented
              label={t("language.label")}
              value={locale}
              segments={locales.map((value) => ({
                value,
                label: t(`language.${value}`),
                lang: localeTag[value],
              }))}
              onChange={setLocale}
            />
          </Row>
          <Row label={t("theme.label")}>
            <Segmented
              label={t("theme.label")}
              value={theme}
              segments={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
              onChange={setTheme}
            />
          </Row>
          <Row label={t("settings.font")}>
            <Segmented
              label={t("settings.font")}
              value={prefs.fontSize}
              segments={fontSizes.map((value) => ({ value, label: t(`settings.font.${value}`) }))}
              onChange={(fontSize) => prefs.setPrefs({ fontSize })}
            />
          </Row>
          <Row label={t("settings.density")}>
            <Segmented
              label={t("settings.density")}
              value={prefs.density}
              segments={densities.map((value) => ({ value, label: t(`settings.density.${value}`) }))}
              onChange={(density) => prefs.setPrefs({ density })}
            />
          </Row>
        </div>
      </Section>
      <Section title={t("settings.asking")}>
        <div className="panel divide-y divide-line">
          <Row label={t("settings.send")} note={t("settings.send.note")}>
            <Segmented
              label={t("settings.send")}
              value={prefs.sendKey}
              segments={sendKeys.map((value) => ({ value, label: t(`settings.send.${value}`) }))}
              onChange={(sendKey) => prefs.setPrefs({ sendKey })}
            />
          </Row>
          <Row label={t("settings.search")} note={t("settings.search.note")}>
            <Segmented
              label={t("settings.search")}
              value={prefs.search}
              segments={searchChoices.map((value) => ({ value, label: t(`settings.search.${value}`) }))}
              onChange={(search) => prefs.setPrefs({ search })}
            />
          </Row>
          <Row label={t("settings.think")} note={t("settings.think.note")}>
            <Segmented
              label={t("settings.think")}
              value={prefs.think}
              segments={thinkChoices.map((value) => ({ value, label: t(`settings.think.${value}`) }))}
              onChange={(think) => prefs.setPrefs({ think })}
            />
          </Row>
          <Row label={t("settings.model")}>
            <select
              aria-label={t("settings.model")}
              className="text-field max-w-64"
              value={prefs.model}
              onChange={(event) => prefs.setPrefs({ model: event.target.value })}
            >
              <option value="">{t("model.auto")}</option>
              {models
                .filter((model) => !model.embeds)
                .map((model) => (
                  <option key={model.id} value={model.id}>
                    {model.id}
                  </option>
                ))}
            </select>
          </Row>
        </div>
      </Section>
      <PromptsList />
      <ProvidersList />
      <div role="status" className="text-xs text-ink-faint">
        {saving.state === "saving" && t("settings.saving")}
        {saving.state === "saved" && t("settings.saved")}
      </div>
      {saving.state === "failed" && (
        <FailurePanel error={saving.error} action={<Button onClick={saveNow}>{t("error.retry")}</Button>}>
          <p className="text-sm text-ink-soft">{t("settings.onlyHere")}</p>
        </FailurePanel>
      )}
    </div>
  );
}

function Row(props: { label: string; note?: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 px-5 py-3.5">
      <div className="min-w-0">
        <p className="text-sm font-medium">{props.label}</p>
        {props.note && <p className="text-xs text-ink-soft">{props.note}</p>}
      </div>
      {props.children}
    </div>
  );
}
