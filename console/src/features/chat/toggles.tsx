// What can be chosen for each question: search, thinking and its effort, the model, the sites to read.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { modelsQuery } from "../../api/queries.ts";
import { IconButton } from "../../components/button.tsx";
import { ChevronDownIcon, CrossIcon, CubeIcon, GlobeIcon, ThinkIcon } from "../../components/icons.tsx";
import { Menu } from "../../components/menu.tsx";
import { useText } from "../../i18n/index.ts";
import { addSites, nextSearch, removeSite, useOptions } from "./options.ts";

const kEfforts = ["low", "high", "max"] as const;

export function SearchToggle() {
  const { t } = useText();
  const search = useOptions((state) => state.search);
  return (
    <button
      type="button"
      data-on={search}
      title={t(`search.${search}.label`)}
      onClick={() => useOptions.setState({ search: nextSearch(search) })}
      className="toggle"
    >
      <GlobeIcon />
      {t(`search.${search}`)}
    </button>
  );
}

export function ThinkToggle() {
  const { t } = useText();
  const { think, effort } = useOptions();
  const on = think !== "off";
  return (
    <span className="inline-flex items-center">
      <button
        type="button"
        data-on={on ? "on" : "off"}
        aria-pressed={on}
        title={t("think.toggle.label")}
        onClick={() => useOptions.setState({ think: on ? "off" : effort })}
        className={`toggle ${on ? "rounded-r-none pr-1.5" : ""}`}
      >
        <ThinkIcon />
        {t("think.toggle")}
      </button>
      {on && (
        <Menu
          label={t("think.effort.label")}
          side="above"
          className="toggle rounded-l-none pl-1 data-on"
          items={kEfforts.map((value) => ({
            label: t(`think.effort.${value}`),
            note: t(`think.effort.${value}.note`),
            checked: value === effort,
            onChoose: () => useOptions.setState({ think: value, effort: value }),
          }))}
        >
          <span className="text-2xs">{t(`think.effort.${effort}`)}</span>
          <ChevronDownIcon />
        </Menu>
      )}
    </span>
  );
}

export function ModelMenu() {
  const { t, format } = useText();
  const { data: models = [] } = useQuery(modelsQuery);
  const chosen = useOptions((state) => state.model);
  const talking = models.filter((model) => !model.embeds);
  const standard = talking.find((model) => model.isDefault);
  const items = [
    {
      label: t("model.auto"),
      note: standard ? standard.id : t("model.auto.none"),
      checked: chosen === "",
      onChoose: () => useOptions.setState({ model: "" }),
    },
    ...talking.map((model) => ({
      label: model.id,
      note: [
        t(`model.state.${model.state}`),
        model.contextTokens ? t("model.context", { count: format.number(model.contextTokens) }) : "",
      ]
        .filter((part) => part !== "")
        .join(" · "),
      checked: chosen === model.id,
      onChoose: () => useOptions.setState({ model: model.id }),
    })),
  ];
  const name = chosen === "" ? (standard?.id ?? t("model.auto")) : chosen;
  return (
    <Menu label={t("model.menu", { name })} side="above" className="toggle max-w-44 min-w-0" items={items}>
      <CubeIcon />
      <span className="truncate max-sm:hidden">{name}</span>
      <ChevronDownIcon />
    </Menu>
  );
}

/** The sites that the next question is to be answered from; typing one and Enter adds it. */
export function SitesRow({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const sites = useOptions((state) => state.sites);
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const take = () => {
    const rest = addSites(typed);
    setTyped(rest);
    setWrong(rest !== "");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && typed === "" && sites.length > 0) {
      removeSite(sites.at(-1) ?? "");
    }
  };
  return (
    <div className="border-b border-line px-3 py-2">
      <div className="flex flex-wrap items-center gap-1.5">
        <span className="text-xs text-ink-soft">{t("sites.label")}</span>
        {sites.map((site) => (
          <span key={site} className="inline-flex max-w-full items-center rounded-md bg-sunken pl-2 text-xs">
            <span className="truncate">{site}</span>
            <IconButton label={t("files.remove", { name: site })} onClick={() => removeSite(site)}>
              <CrossIcon />
            </IconButton>
          </span>
        ))}
        <input
          type="url"
          inputMode="url"
          // biome-ignore lint/a11y/noAutofocus: the reader has just asked for this field
          autoFocus
          value={typed}
          aria-label={t("sites.label")}
          aria-invalid={wrong}
          aria-describedby={wrong ? "sites-wrong" : undefined}
          placeholder={t("sites.hint")}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={take}
          className="h-7 min-w-40 flex-1 bg-transparent text-xs outline-none placeholder:text-ink-faint"
        />
        <IconButton
          label={t("sites.close")}
          onClick={() => {
            useOptions.setState({ sites: [] });
            onClose();
          }}
        >
          <CrossIcon />
        </IconButton>
      </div>
      {wrong && (
        <p id="sites-wrong" role="alert" className="text-xs text-bad">
          {t("sites.wrong")}
        </p>
      )}
    </div>
  );
}
