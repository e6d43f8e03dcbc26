// A page as it was read when the answer was made, opened at the cited sentence.
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { snapshotQuery } from "../../api/queries.ts";
import type { Snapshot } from "../../api/snapshots.ts";
import { IconButton } from "../../components/button.tsx";
import { CrossIcon, OutIcon, QuoteIcon } from "../../components/icons.tsx";
import { Link } from "../../components/link.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { type Marks, safeHref } from "../../components/markdown/inline.tsx";
import { kNoMarks, Markdown } from "../../components/markdown/markdown.tsx";
import { plainText } from "../../components/markdown/plain_text.ts";
import { useText } from "../../i18n/index.ts";
import { addressAt, kUploads, placeOf } from "../../lib/place.ts";
import { type Spot, snapshotPath } from "../../lib/router.ts";
import { locate } from "./locate.ts";

const kMarks: Marks = {
  ...kNoMarks,
  range: (_: number, children: ReactNode) => <mark>{children}</mark>,
};

/** onClose: given where the page stands beside another one. share: the link through which it is seen. */
export function SnapshotViewer(props: { spot: Spot; share?: string; onClose?: () => void }) {
  const { t } = useText();
  const { spot, onClose } = props;
  const query = useQuery(snapshotQuery(spot.hash, props.share));
  return (
    <div className="flex h-full min-h-0 flex-col">
      <Loaded query={query} waiting={t("snapshot.loading")}>
        {(snapshot) => (
          <Page snapshot={snapshot} spot={spot} alone={props.share === undefined} onClose={onClose} />
        )}
      </Loaded>
      {query.data === undefined && onClose && (
        <div className="p-3">
          <IconButton label={t("dialog.close")} onClick={onClose}>
            <CrossIcon />
          </IconButton>
        </div>
      )}
    </div>
  );
}

function Page(props: {
  snapshot: Snapshot;
  spot: Spot;
  /** Whether the page may be opened on its own. */
  alone: boolean;
  onClose: (() => void) | undefined;
}) {
  const { t, format } = useText();
  const { snapshot, spot, onClose } = props;
  const { start, end } = spot;
  const located = useMemo(() => locate(snapshot, { start, end }), [snapshot, start, end]);
  const body = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another spot of the same page scrolls anew
  useEffect(() => {
    const target = body.current?.querySelector("mark") ?? body.current?.querySelector("[data-cited]");
    if (target) target.scrollIntoView({ block: "center" });
    else body.current?.scrollTo({ top: 0 });
  }, [located]);
  const original = addressAt(snapshot.url, located.anchor);
  // Whoever was given a link was given the text, not the file.
  const address = original.startsWith(kUploads) ? props.alone && original : safeHref(original);
  const place = placeOf(located.anchor);
  return (
    <>
      <header className="border-b border-line px-5 py-3.5">
        <div className="flex items-start gap-2">
          <h2 className="min-w-0 flex-1 text-base leading-snug font-semibold">
            {snapshot.title || snapshot.url}
          </h2>
          {address && (
            <a
              href={address}
              target="_blank"
              rel="noopener noreferrer nofollow"
              aria-label={t("snapshot.original")}
              title={t("snapshot.original")}
              className="icon-button"
            >
              <OutIcon />
            </a>
          )}
          {onClose && (
            <IconButton label={t("dialog.close")} onClick={onClose}>
              <CrossIcon />
            </IconButton>
          )}
        </div>
        <p className="mt-1 flex flex-wrap gap-x-3 text-2xs text-ink-faint">
          <span>{snapshot.site || snapshot.url}</span>
          {snapshot.author !== "" && <span>{snapshot.author}</span>}
          {snapshot.published && (
            <span>{t("source.published", { date: format.date(new Date(snapshot.published)) })}</span>
          )}
          {snapshot.fetchedAt && (
            <span>{t("snapshot.read", { time: format.dateTime(new Date(snapshot.fetchedAt)) })}</span>
          )}
        </p>
        {located.quote !== "" && (
          <p className="mt-2.5 flex gap-2 rounded-lg bg-river-soft px-3 py-2 text-xs text-ink">
            <span className="mt-0.5 text-river">
              <QuoteIcon />
            </span>
            <span className="line-clamp-3">
              {located.headingPath.length > 0 && (
                <span className="block text-2xs font-medium">{located.headingPath.join(" \u203A ")}</span>
              )}
              {plainText(located.quote)}
              {place && (
                <span className="block text-2xs font-medium">
                  {t(`place.${place.kind}`, { name: place.name })}
                </span>
              )}
            </span>
          </p>
        )}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div ref={body} tabIndex={0} lang={snapshot.language || undefined} className="snapshot-body">
        {located.blocks.map((block) => (
          <div key={block.start} data-cited={block.cited || undefined} className="snapshot-block">
            <Markdown text={block.text} marks={kMarks} />
          </div>
        ))}
      </div>
      {onClose && props.alone && (
        <footer className="border-t border-line px-5 py-2 text-2xs">
          <Link to={snapshotPath(spot)} className="text-river hover:underline">
            {t("snapshot.alone")}
          </Link>
        </footer>
      )}
    </>
  );
}
