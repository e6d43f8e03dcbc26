// A citation in the text: a number that shows what it rests on when pointed at or focused, and opens the page at the
// sentence when pressed.
import { type RefObject, useEffect, useId, useRef, useState } from "react";
import type { Citation, Source, Support } from "../../api/answer.ts";
import { useText } from "../../i18n/index.ts";
import { addressAt, placeOf } from "../../lib/place.ts";
import { showSpot } from "../../lib/router.ts";
import { CheckIcon, HalfIcon, WarnIcon } from "../icons.tsx";
import { safeHref } from "../markdown/inline.tsx";
import { plainText } from "../markdown/plain_text.ts";

const kOpenMs = 120;
const kCloseMs = 160;
const kCardWidth = 352;
const kGap = 8;

export const kSupportIcon: Record<Support, () => React.JSX.Element> = {
  supported: CheckIcon,
  partial: HalfIcon,
  unsupported: WarnIcon,
};

export function Cite(props: { citation: Citation; source: Source | undefined; sentence: number }) {
  const { citation, source } = props;
  const { t } = useText();
  const button = useRef<HTMLButtonElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [open, setOpen] = useState(false);
  const cardId = useId();

  const later = (wanted: boolean, ms: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(wanted), ms);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!open) return;
    light(button.current, props.sentence, true);
    const close = () => setOpen(false);
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    };
    addEventListener("scroll", close, true);
    addEventListener("keydown", onKey, true);
    const element = button.current;
    return () => {
      light(element, props.sentence, false);
      removeEventListener("scroll", close, true);
      removeEventListener("keydown", onKey, true);
    };
  }, [open, props.sentence]);

  const go = () => {
    clearTimeout(timer.current);
    setOpen(false);
    if (source?.snapshot) {
      showSpot({ hash: source.snapshot, start: citation.span?.start ?? 0, end: citation.span?.end ?? 0 });
      return;
    }
    const address = source && safeHref(addressAt(source.url, citation.anchor));
    if (address) window.open(address, "_blank", "noopener,noreferrer");
  };
  const number = String(citation.marker || citation.sourceId);
  const support = citation.support;
  const Sign = support && support !== "supported" ? kSupportIcon[support] : undefined;
  return (
    <span className="whitespace-nowrap">
      <button
        ref={button}
        type="button"
        className="cite"
        data-support={support ?? undefined}
        aria-label={t("cite.label", {
          number,
          title: source?.title ?? "",
          support: support ? t(`support.${support}`) : "",
        })}
        aria-describedby={open ? cardId : undefined}
        onClick={go}
        onPointerEnter={(event) => event.pointerType === "mouse" && later(true, kOpenMs)}
        onPointerLeave={() => later(false, kCloseMs)}
        onFocus={(event) => event.target.matches(":focus-visible") && later(true, 0)}
        onBlur={() => later(false, 0)}
      >
        {number}
        {Sign && <Sign />}
      </button>
      {open && (
        <Card
          id={cardId}
          anchor={button}
          citation={citation}
          source={source}
          onHold={() => clearTimeout(timer.current)}
          onLeave={() => later(false, kCloseMs)}
        />
      )}
    </span>
  );
}

/** The sentence that a citation vouches for lights up with it. */
function light(from: HTMLElement | null, sentence: number, on: boolean): void {
  const text = from?.closest(".prose");
  if (!text || sentence < 0) return;
  for (const part of text.querySelectorAll(`[data-sentence="${sentence}"]`)) {
    part.toggleAttribute("data-lit", on);
  }
}

function Card(props: {
  id: string;
  anchor: RefObject<HTMLButtonElement | null>;
  citation: Citation;
  source: Source | undefined;
  onHold: () => void;
  onLeave: () => void;
}) {
  const { t, format } = useText();
  const { citation, source } = props;
  const card = useRef<HTMLSpanElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  useEffect(() => {
    const at = props.anchor.current?.getBoundingClientRect();
    const height = card.current?.offsetHeight ?? 0;
    if (!at) return;
    const width = Math.min(kCardWidth, innerWidth - 2 * kGap);
    const left = Math.max(kGap, Math.min(at.left - 24, innerWidth - width - kGap));
    const below = at.bottom + kGap + height <= innerHeight;
    setPlace({ left, top: below ? at.bottom + kGap : Math.max(kGap, at.top - kGap - height) });
  }, [props.anchor]);
  const where = placeOf(citation.anchor);
  const date = source?.published ?? source?.fetchedAt;
  const Sign = citation.support ? kSupportIcon[citation.support] : undefined;
  return (
    <span
      ref={card}
      id={props.id}
      className="cite-card"
      style={place ? { left: place.left, top: place.top } : { visibility: "hidden" }}
      onPointerEnter={props.onHold}
      onPointerLeave={props.onLeave}
    >
      <span className="block font-semibold text-ink">{source?.title ?? t("cite.unknown")}</span>
      <span className="mt-0.5 flex flex-wrap gap-x-2 text-2xs text-ink-faint">
        {source && <span>{source.site || source.url}</span>}
        {where && <span>{t(`place.${where.kind}`, { name: where.name })}</span>}
        {date && <span>{format.date(new Date(date))}</span>}
        {source?.from === "cache" && <span>{t("source.from.cache")}</span>}
      </span>
      {citation.quote !== "" && <span className="cite-quote">{plainText(citation.quote)}</span>}
      {citation.support && Sign && (
        <span className="mt-2.5 flex items-start gap-1.5 text-2xs text-ink-soft">
          <span className="support-sign" data-support={citation.support}>
            <Sign />
          </span>
          {t(`support.${citation.support}.why`)}
        </span>
      )}
      <span className="mt-2 block text-2xs text-ink-faint">
        {source?.snapshot ? t("cite.open") : t("cite.openPage")}
      </span>
    </span>
  );
}
