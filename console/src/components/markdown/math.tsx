// A formula. KaTeX is fetched when the first one is shown, and builds elements, not markup: its styles are set through
// the object model, which the strict policy allows. Until then, and where TeX is wrong, the source is shown.
import { useEffect, useRef, useState } from "react";

const kSourceMax = 4_000;

export function Formula({ source, display }: { source: string; display?: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    let here = true;
    if (source.length > kSourceMax) return;
    setDrawn(false);
    import("./katex.ts").then(
      ({ katex }) => {
        if (!here || !place.current) return;
        try {
          katex.render(source, place.current, {
            displayMode: display === true,
            throwOnError: true,
            trust: false,
            strict: "ignore",
            maxSize: 20,
            maxExpand: 200,
          });
          setDrawn(true);
        } catch {
          place.current.textContent = "";
        }
      },
      () => undefined, // the server is away: the source stays
    );
    return () => {
      here = false;
    };
  }, [source, display]);
  return (
    <span className={display ? "formula-block" : "formula"}>
      <span ref={place} />
      {!drawn && <code>{source}</code>}
    </span>
  );
}
