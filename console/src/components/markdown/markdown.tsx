// biome-ignore-all lint/suspicious/noArrayIndexKey: the parts of a text have no name but their place
// Markdown on the page. Blocks that have not changed since the last time are not drawn again.
import type { Token, Tokens } from "marked";
import { Fragment, memo, type ReactNode, useRef } from "react";
import { type Block, type Blocks, growBlocks, kNoBlocks } from "./blocks.ts";
import { CodeBlock } from "./code_block.tsx";
import { Diagram } from "./diagram.tsx";
import { drawInline, drawText, type Marks, type Pen, plain } from "./inline.tsx";
import { Formula } from "./math.tsx";

export const kNoMarks: Marks = {
  point: () => null,
  literal: () => "",
  range: (_, children) => children,
};

/** text: with the marks of sentinels.ts in it; marks: must be the same object while they mean the same. */
export function Markdown({ text, marks = kNoMarks }: { text: string; marks?: Marks }) {
  const last = useRef<Blocks>(kNoBlocks);
  const grown = growBlocks(last.current, text);
  last.current = grown;
  return (
    <div className="prose">
      {grown.blocks.map((block) => (
        <OneBlock key={block.start} block={block} marks={marks} />
      ))}
    </div>
  );
}

const OneBlock = memo(
  ({ block, marks }: { block: Block; marks: Marks }) => drawBlock(block.token, { marks, open: [] }),
  (before, after) => before.block.raw === after.block.raw && before.marks === after.marks,
);

// Drawing is one walk in the order of the text, since the pen knows which ranges are open: so these are functions and
// not components, which React would call later and twice.
function drawBlocks(tokens: readonly Token[], pen: Pen): ReactNode {
  return tokens.map((token, index) => <Fragment key={index}>{drawBlock(token, pen)}</Fragment>);
}

function drawBlock(token: Token, pen: Pen): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "hr":
      return <hr />;
    case "heading":
      return drawHeading(token as Tokens.Heading, pen);
    case "paragraph":
      return <p>{drawInline(token.tokens, pen)}</p>;
    case "text":
      return token.tokens ? drawInline(token.tokens, pen) : drawText(token.text, pen);
    case "blockquote":
      return <blockquote>{drawBlocks(token.tokens ?? [], pen)}</blockquote>;
    case "code":
      return drawCode(token as Tokens.Code, pen);
    case "list":
      return drawList(token as Tokens.List, pen);
    case "table":
      return drawTable(token as Tokens.Table, pen);
    case "blockMath":
      return <Formula source={plain(token.text, pen)} display />;
    case "html":
      return <p>{drawText(token.raw.trim(), pen)}</p>;
    default:
      return <p>{drawInline([token], pen)}</p>;
  }
}

function drawCode(token: Tokens.Code, pen: Pen): ReactNode {
  const language = (token.lang ?? "").split(/\s/)[0] ?? "";
  const source = plain(token.text, pen);
  const written = drawText(token.text, { ...pen, marks: { ...pen.marks, point: pen.marks.literal } });
  if (language === "mermaid") return <Diagram source={source}>{written}</Diagram>;
  return (
    <CodeBlock language={language} source={source}>
      {written}
    </CodeBlock>
  );
}

/** The page has its own two levels of headings above those of a text. */
function drawHeading(token: Tokens.Heading, pen: Pen): ReactNode {
  const Tag = (["h3", "h3", "h4", "h5", "h6", "h6"] as const)[token.depth - 1] ?? "h6";
  return <Tag data-depth={token.depth}>{drawInline(token.tokens, pen)}</Tag>;
}

function drawList(token: Tokens.List, pen: Pen): ReactNode {
  const items = token.items.map((item, index) => (
    <li key={index} data-task={item.task || undefined}>
      {item.task && <span aria-hidden="true">{item.checked ? "\u2611" : "\u2610"} </span>}
      {drawBlocks(item.tokens, pen)}
    </li>
  ));
  if (!token.ordered) return <ul>{items}</ul>;
  return <ol start={typeof token.start === "number" ? token.start : 1}>{items}</ol>;
}

function drawTable(token: Tokens.Table, pen: Pen): ReactNode {
  const align = (column: number) => token.align[column] ?? undefined;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div className="table-scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {token.header.map((cell, column) => (
              <th key={column} scope="col" data-align={align(column)}>
                {drawInline(cell.tokens, pen)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} data-align={align(column)}>
                  {drawInline(cell.tokens, pen)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
