// An answer as the server sends it, with everything in it that the console draws: two languages, a table, code, a
// formula, citations of every support, sources of every state. Offsets are reckoned here from the words themselves.

export interface CitationJson {
  marker: number;
  start: number;
  end: number;
  sentence_start: number;
  sentence_end: number;
  source_id: number;
  quote: string;
  span: { start: number; end: number };
  support: string;
}

export const kHash = `sha256-${"ab".repeat(32)}`;

export const kPage = `# Tides of the Seine

The lower Seine is tidal as far as Poses, 160 km from the sea. At Rouen the tide still rises by about three metres.

## The mascaret

Until 1963 a bore, the *mascaret*, ran up the river at spring tides. 🌊 Dredging of the estuary **ended it**; today only traces are seen.

| Year | Height |
| ---- | ------ |
| 1950 | 2.4 m  |
| 1963 | 0.3 m  |

## 潮汐

塞纳河下游直到波塞都受潮汐影响，距海一百六十公里。涌潮在一九六三年之后基本消失。

- Tides follow the moon.
- The weir at Poses stops them.
`;

const kText = {
  en: `The Seine is tidal as far as **Poses**, about 160 km inland[1]. A tidal bore ran up it until 1963[1][2], when dredging ended it 🌊.

| Year | Height of the bore |
| ---- | -----------------: |
| 1950 | 2.4 m |
| 1963 | 0.3 m |

The speed of a shallow wave is $v = \\sqrt{g h}$, so a depth of 5 m gives about 7 m/s.

\`\`\`python
def speed(depth_m):
    return (9.81 * depth_m) ** 0.5  # metres per second
\`\`\`

1. The moon raises the tide.
2. The weir at Poses stops it[3].`,
  zh: `塞纳河的潮汐可达**波塞**，距海约一百六十公里[1]。直到一九六三年，涌潮仍会沿河而上[1][2]，此后疏浚使其消失 🌊。

| 年份 | 涌潮高度 |
| ---- | -------: |
| 1950 | 2.4 m |
| 1963 | 0.3 m |

浅水波的速度为 $v = \\sqrt{g h}$，水深 5 米时约为 7 m/s。

\`\`\`python
def speed(depth_m):
    return (9.81 * depth_m) ** 0.5  # 米每秒
\`\`\`

1. 月球引起潮汐。
2. 波塞的水坝将其阻挡[3]。`,
} as const;

const points = (text: string) => [...text].length;
const bytes = (text: string) => Buffer.byteLength(text, "utf8");

export function spanOf(quote: string): { start: number; end: number } {
  const at = kPage.indexOf(quote);
  if (at < 0) throw new Error(`the page does not say: ${quote}`);
  const start = bytes(kPage.slice(0, at));
  return { start, end: start + bytes(quote) };
}

const kQuotes = [
  {
    source: 1,
    quote: "The lower Seine is tidal as far as Poses, 160 km from the sea.",
    support: "supported",
  },
  {
    source: 1,
    quote: "Until 1963 a bore, the *mascaret*, ran up the river at spring tides.",
    support: "partial",
  },
  { source: 2, quote: "today only traces are seen.", support: "partial" },
  { source: 3, quote: "The weir at Poses stops them.", support: "unsupported" },
];

/** The citations of a text: one for each [n], its sentence from the last end of one. */
export function citationsOf(text: string): CitationJson[] {
  return [...text.matchAll(/\[(\d)\]/g)].map((match, index) => {
    const known = kQuotes[index % kQuotes.length] as (typeof kQuotes)[number];
    const before = text.slice(0, match.index);
    const start = points(before);
    const cut = Math.max(
      ...["\n", ". ", "。", "]. ", "]。"].map((end) => before.lastIndexOf(end) + end.length),
    );
    const from = before.lastIndexOf("\n") + 1 > cut ? before.lastIndexOf("\n") + 1 : Math.max(0, cut);
    return {
      marker: Number(match[1]),
      start,
      end: start + 3,
      sentence_start: points(text.slice(0, Math.min(from, match.index))),
      sentence_end: start + 3,
      source_id: known.source,
      quote: known.quote,
      span: spanOf(known.quote),
      support: known.support,
    };
  });
}

export function sourcesJson(language: "en" | "zh") {
  const en = language === "en";
  return [
    {
      id: 1,
      url: "https://rivers.example/seine/tides",
      title: en ? "Tides of the Seine" : "塞纳河的潮汐",
      site: "rivers.example",
      state: "cited",
      reason: null,
      published: "2025-11-02",
      fetched_at: "2026-01-03T05:00:00Z",
      age_s: 420,
      from: "network",
      snapshot: kHash,
      verdict: "ok",
    },
    {
      id: 2,
      url: "https://history.example/mascaret",
      title: en ? "The last mascaret" : "最后的涌潮",
      site: "history.example",
      state: "cited",
      reason: null,
      published: null,
      fetched_at: "2026-01-02T05:00:00Z",
      age_s: 86_400,
      from: "cache",
      snapshot: kHash,
      verdict: "ok",
    },
    {
      id: 3,
      url: "https://weirs.example/poses",
      title: en ? "The weir at Poses" : "波塞水坝",
      site: "weirs.example",
      state: "read",
      reason: null,
      published: null,
      fetched_at: "2026-01-03T05:00:00Z",
      age_s: 5,
      from: "index",
      snapshot: kHash,
      verdict: "ok",
    },
    {
      id: 4,
      url: "https://slow.example/",
      title: "slow.example",
      site: "slow.example",
      state: "failed",
      reason: en ? "No answer within 8 s." : "8 秒内没有应答。",
      published: null,
      fetched_at: "2026-01-03T05:00:00Z",
      age_s: 0,
      from: "network",
      snapshot: null,
      verdict: "timeout",
    },
  ];
}

export function stepsJson(language: "en" | "zh") {
  const en = language === "en";
  const read = en ? "Read: " : "阅读：";
  const step = (id: number, kind: string, title: string, elapsed_ms: number, more: object = {}) => {
    return { id, kind, state: "done", title, detail: {}, reason: null, elapsed_ms, ...more };
  };
  return [
    step(1, "plan", en ? "Plan" : "规划", 2),
    step(2, "search", en ? "Search: tides of the Seine" : "搜索：塞纳河 潮汐", 310),
    step(3, "search", en ? "Search: mascaret Seine end" : "搜索：塞纳河 涌潮 消失", 280),
    step(4, "read", `${read}https://rivers.example/seine/tides`, 420),
    step(5, "read", `${read}https://history.example/mascaret`, 3, { detail: { from: "cache" } }),
    step(6, "read", `${read}https://slow.example/`, 8_000, {
      state: "failed",
      reason: en ? "No answer within 8 s." : "8 秒内没有应答。",
    }),
    step(7, "rank", en ? "Rank passages" : "排序段落", 14),
    step(8, "generate", en ? "Write the answer" : "撰写答案", 2_100),
    step(9, "verify", en ? "Check citations" : "核对引用", 31),
  ];
}

export interface AnswerJson {
  [field: string]: unknown;
  text: string;
  citations: CitationJson[];
}

export function answerJson(language: "en" | "zh" = "en", changes: Partial<AnswerJson> = {}): AnswerJson {
  const text = kText[language];
  return {
    run_id: "r_1",
    chat_id: null,
    question_id: null,
    answer_id: null,
    question: language === "en" ? "How far is the Seine tidal?" : "塞纳河的潮汐能到哪里？",
    text,
    by: "model",
    model: "seine-mini",
    state: "complete",
    reasoning:
      language === "en"
        ? "The question asks for a *distance*. Two pages name Poses."
        : "问题要的是**距离**。两个网页都提到波塞。",
    citations: citationsOf(text),
    sources: sourcesJson(language),
    steps: stepsJson(language),
    usage: { prompt_tokens: 1_840, completion_tokens: 212 },
    timings: { first_token_ms: 910, total_ms: 3_160 },
    created_at: "2026-01-03T05:06:00Z",
    error: null,
    ...changes,
  };
}

export function snapshotJson(hash = kHash) {
  const blocks: { kind: string; start: number; end: number; heading_path: string[] }[] = [];
  let at = 0;
  let path: string[] = [];
  for (const part of kPage.split(/\n\n+/)) {
    const start = kPage.indexOf(part, at);
    at = start + part.length;
    const heading = /^(#+) (.*)/.exec(part);
    if (heading) path = [...path.slice(0, (heading[1] as string).length - 1), heading[2] as string];
    const from = bytes(kPage.slice(0, start));
    blocks.push({
      kind: heading ? "heading" : part.startsWith("|") ? "table" : "paragraph",
      start: from,
      end: from + bytes(part),
      heading_path: path,
    });
  }
  return {
    hash,
    url: "https://rivers.example/seine/tides",
    title: "Tides of the Seine",
    site: "rivers.example",
    author: "A. Rivière",
    published: "2025-11-02",
    fetched_at: "2026-01-03T05:00:00Z",
    language: "en",
    markdown: kPage,
    blocks,
  };
}
