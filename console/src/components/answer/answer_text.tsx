// The text of an answer with its citations in place. Drawing the Markdown does not depend on what the citations say,
// so a new one draws no block again but its own.
import { createContext, type ReactNode, useContext, useMemo, useRef } from "react";
import type { Citation, Source } from "../../api/answer.ts";
import type { Marks } from "../markdown/inline.tsx";
import { Markdown } from "../markdown/markdown.tsx";
import { annotate, type Sentence } from "./annotate.ts";
import { Cite } from "./cite.tsx";

interface AnswerParts {
  citations: readonly Citation[];
  sources: readonly Source[];
  sentences: readonly Sentence[];
}

const Parts = createContext<AnswerParts>({ citations: [], sources: [], sentences: [] });

export function AnswerText(props: {
  text: string;
  citations: readonly Citation[];
  sources: readonly Source[];
}) {
  const { text, citations, sources } = props;
  const annotated = useMemo(() => annotate(text, citations), [text, citations]);
  const literals = useRef(annotated.literals);
  literals.current = annotated.literals;
  const marks = useMemo<Marks>(
    () => ({
      point: (id) => <PointCite id={id} />,
      literal: (id) => literals.current[id] ?? "",
      range: (id, children) => <CitedText id={id}>{children}</CitedText>,
    }),
    [],
  );
  const parts = useMemo(
    () => ({ citations, sources, sentences: annotated.sentences }),
    [citations, sources, annotated.sentences],
  );
  return (
    <Parts value={parts}>
      <Markdown text={annotated.text} marks={marks} />
    </Parts>
  );
}

function PointCite({ id }: { id: number }) {
  const { citations, sources, sentences } = useContext(Parts);
  const citation = citations[id];
  if (!citation) return null;
  const source = sources.find((each) => each.id === citation.sourceId);
  const sentence = sentences.findIndex((each) => each.citations.includes(id));
  return <Cite citation={citation} source={source} sentence={sentence} />;
}

function CitedText({ id, children }: { id: number; children: ReactNode }) {
  const { sentences } = useContext(Parts);
  return (
    <span className="cited" data-sentence={id} data-support={sentences[id]?.support ?? undefined}>
      {children}
    </span>
  );
}
