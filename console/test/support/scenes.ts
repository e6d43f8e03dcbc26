// What the scripted server holds for the tests that look at whole pages.
import { answerJson } from "./answer_fixture.ts";
import type { ScriptedApi } from "./api.ts";

const kTitles = {
  en: {
    talk: "How far is the Seine tidal?",
    today: "Compare the weirs below Paris",
    pinned: "Reading list on river ecology",
    folder: "Work",
    inFolder: "Draft of the flood report",
    old: "Why is the water brown in spring?",
    key: "Build server",
    oldKey: "Old laptop",
  },
  zh: {
    talk: "塞纳河的潮汐能到哪里？",
    today: "比较巴黎下游的水坝",
    pinned: "河流生态阅读清单",
    folder: "工作",
    inFolder: "洪水报告草稿",
    old: "春天的河水为什么是黄的？",
    key: "构建服务器",
    oldKey: "旧笔记本",
  },
} as const;

/** Conversations of several days, runs, models in every state, keys in every state. Returns the talk's id. */
export function fill(api: ScriptedApi, language: "en" | "zh"): string {
  const words = kTitles[language];
  api.language = language;
  api.addChat(words.old, { updated_at: "2025-12-20T09:00:00Z" });
  api.addChat(words.inFolder, { folder: words.folder });
  api.addChat(words.pinned, { pinned: true });
  api.addChat(words.today, { updated_at: "2026-01-03T04:00:00Z" });
  const talk = api.addTalk(words.talk);
  api.runs = [
    answerJson(language, { chat_id: talk.id }),
    answerJson(language, { run_id: "r_2", by: "extract", model: "", state: "complete" }),
    answerJson(language, { run_id: "r_3", state: "not_found", by: "none" }),
    answerJson(language, { run_id: "r_4", state: "failed" }),
  ];
  const model = (id: string, state: string, more: object = {}) => ({
    id,
    state,
    architecture: "deepseek2",
    type: "Q4_K_M",
    path: `/var/lib/seine/models/${id}.gguf`,
    file_bytes: 9_100_000_000,
    context_tokens: 32_768,
    memory_bytes: state === "ready" ? 10_400_000_000 : null,
    thinks: true,
    calls_tools: true,
    cites_spans: false,
    embeds: false,
    default: false,
    progress: null,
    error: null,
    ...more,
  });
  api.models = [
    model("seine-mini", "ready", {
      default: true,
      cites_spans: true,
      file_bytes: 42_000_000,
      memory_bytes: 96_000_000,
    }),
    model("deepseek-v2-lite-chat", "loading", {
      progress: { phase: "read", done: 3_100_000_000, total: 9_100_000_000, rate: 1_200_000_000 },
    }),
    model("deepseek-r1-distill", "unloaded"),
    model("broken-model", "failed", {
      error: language === "en" ? "blk.3.ffn_down.weight is cut short." : "blk.3.ffn_down.weight 不完整。",
    }),
  ];
  const key = (id: string, name: string, more: object = {}) => ({
    id,
    name,
    prefix: `sk-seine-${id}`,
    scopes: ["chat", "models"],
    created_at: "2026-01-01T10:00:00Z",
    expires_at: "2026-04-01T10:00:00Z",
    last_used_at: "2026-01-03T04:50:00Z",
    requests_per_minute: 60,
    tokens_per_minute: null,
    revoked: false,
    ...more,
  });
  api.keys = [
    key("4kd9", words.key),
    key("0aa1", words.oldKey, {
      revoked: true,
      last_used_at: null,
      expires_at: null,
      requests_per_minute: null,
    }),
  ];
  return talk.id;
}
