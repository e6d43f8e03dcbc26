// A Mermaid diagram: its picture, or its source, as the reader wishes. While the source still grows, and where it is wrong, the
// source is shown.
import { type ReactNode, useEffect, useState } from "react";
import { useText } from "../../i18n/index.ts";
import { useResolvedTheme } from "../../lib/theme.ts";
import { CodeBlock } from "./code_block.tsx";
import { type Drawn, drawDiagram } from "./draw_diagram.ts";

const kSettledMs = 400;

export function Diagram({ source, children }: { source: string; children: ReactNode }) {
  const { t } = useText();
  const dark = useResolvedTheme() === "dark";
  const [drawn, setDrawn] = useState<Drawn>();
  const [wrong, setWrong] = useState(false);
  const [asSource, setAsSource] = useState(false);
  useEffect(() => {
    let here = true;
    setWrong(false);
    const timer = setTimeout(() => {
      drawDiagram(source, dark).then(
        (picture) => here && setDrawn(picture),
        () => {
          if (!here) return;
          setDrawn(undefined);
          setWrong(true);
        },
      );
    }, kSettledMs);
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [source, dark]);
  return (
    <CodeBlock
      language="mermaid"
      source={source}
      note={wrong ? t("code.notDrawn") : undefined}
      picture={
        drawn && {
          shown: !asSource,
          toggle: () => setAsSource(!asSource),
          element: (
            <img
              src={drawn.url}
              alt={t("code.diagram")}
              width={drawn.width || undefined}
              height={drawn.height || undefined}
            />
          ),
        }
      }
    >
      {children}
    </CodeBlock>
  );
}
