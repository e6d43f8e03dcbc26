// The sources of an answer: those it cites at a glance, and all of them on demand: cited first, then read and not
// cited, then those that failed, with the reason.
import { useState } from "react";
import type { Citation, Source } from "../../api/answer.ts";
import { useText } from "../../i18n/index.ts";
import { showSpot } from "../../lib/router.ts";
import { ChevronRightIcon, FileIcon, OutIcon } from "../icons.tsx";
import { safeHref } from "../markdown/inline.tsx";

const kGroups = ["cited", "read", "found", "failed"] as const;
const kPillsMax = 4;

export function Sources({
  sources,
  citations,
}: {
  sources: readonly Source[];
  citations: readonly Citation[];
}) {
  const { t, format } = useText();
  const [open, setOpen] = useState(false);
  if (sources.length === 0) return null;
  const cited = sources.filter(({ state }) => state === "cited");
  return (
    <div className="mt-4">
      <div className="flex flex-wrap items-center gap-1.5">
        {cited.slice(0, kPillsMax).map((source) => (
          <button
            key={source.id}
            type="button"
            title={source.title}
            onClick={() => openSource(source, citations)}
            className="source-pill"
          >
            <span className="source-number">{numberOf(source, citations)}</span>
            <span className="truncate">{source.site || source.title}</span>
          </button>
        ))}
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="inline-flex h-7 items-center gap-1 rounded-full px-2.5 text-xs text-ink-soft hover:bg-sunken hover:text-ink"
        >
          {t("sources.all", { count: format.number(sources.length) })}
          <span className={`transition-transform ${open ? "rotate-90" : ""}`}>
            <ChevronRightIcon />
          </span>
        </button>
      </div>
      {open && (
        <div className="panel mt-2 divide-y divide-line">
          {kGroups.map((group) => {
            const members = sources.filter(({ state }) => state === group);
            if (members.length === 0) return null;
            return (
              <section key={group} className="px-4 py-3">
                <h3 className="mb-1 text-2xs font-semibold text-ink-faint">
                  {t(`sources.${group}`, { count: format.number(members.length) })}
                </h3>
                <ul>
                  {members.map((source) => (
                    <SourceLine key={source.id} source={source} citations={citations} />
                  ))}
                </ul>
              </section>
            );
          })}
        </div>
      )}
    </div>
  );
}

function SourceLine({ source, citations }: { source: Source; citations: readonly Citation[] }) {
  const { t, format } = useText();
  const address = safeHref(source.url);
  return (
    <li className="flex items-start gap-3 py-1.5">
      <span className="source-number mt-0.5">
        {source.state === "cited" ? numberOf(source, citations) : <FileIcon />}
      </span>
      <span className="min-w-0 flex-1 text-sm">
        {source.snapshot ? (
          <button
            type="button"
            onClick={() => openSource(source, citations)}
            className="text-left font-medium text-ink hover:text-river hover:underline"
          >
            {source.title}
          </button>
        ) : (
          <span className="font-medium text-ink">{source.title}</span>
        )}
        <span className="flex flex-wrap gap-x-2 text-2xs text-ink-faint">
          <span>{source.site}</span>
          {source.published && (
            <span>{t("source.published", { date: format.date(new Date(source.published)) })}</span>
          )}
          {source.from !== "network" && <span>{t(`source.from.${source.from}`)}</span>}
          {source.ageS !== null && source.ageS >= 60 && source.from !== "file" && (
            <span>{t("source.age", { time: format.span(source.ageS) })}</span>
          )}
        </span>
        {source.reason && <span className="block text-xs text-ink-soft">{source.reason}</span>}
      </span>
      {address && (
        <a
          href={address}
          target="_blank"
          rel="noopener noreferrer nofollow"
          aria-label={t("source.open", { title: source.title })}
          title={t("source.open", { title: source.title })}
          className="icon-button"
        >
          <OutIcon />
        </a>
      )}
    </li>
  );
}

function numberOf(source: Source, citations: readonly Citation[]): number {
  return citations.find(({ sourceId }) => sourceId === source.id)?.marker || source.id;
}

/** At the first sentence that is cited from it, or at its beginning. */
function openSource(source: Source, citations: readonly Citation[]): void {
  if (!source.snapshot) {
    const address = safeHref(source.url);
    if (address) window.open(address, "_blank", "noopener,noreferrer");
    return;
  }
  const span = citations.find(({ sourceId, span }) => sourceId === source.id && span)?.span;
  showSpot({ hash: source.snapshot, start: span?.start ?? 0, end: span?.end ?? 0 });
}
