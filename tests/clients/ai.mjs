import { createDeepSeek } from "@ai-sdk/deepseek";
import { generateText, jsonSchema, streamText, tool } from "ai";
import { assert, base, check, key } from "./check.mjs";

const deepseek = createDeepSeek({ baseURL: `${base}/v1`, apiKey: key });

await check("generateText under an old name of DeepSeek's", async () => {
  const answer = await generateText({ model: deepseek("deepseek-chat"), prompt: "hi", maxRetries: 0 });
  assert.equal(answer.text, "Hello world");
  assert.equal(answer.usage.inputTokens, 9);
  assert.equal(answer.providerMetadata.deepseek.promptCacheHitTokens, 4);
});

await check("streamText with reasoning", async () => {
  const answer = streamText({ model: deepseek("thinker"), prompt: "hi", maxRetries: 0 });
  let text = "";
  for await (const piece of answer.textStream) text += piece;
  assert.equal(text, "42");
  assert.equal(await answer.reasoningText, "Let me think.");
});

await check("a tool call", async () => {
  const answer = await generateText({
    model: deepseek("tools"), prompt: "weather?", maxRetries: 0,
    tools: { weather: tool({ description: "d", inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } } }) }) },
  });
  assert.equal(answer.toolCalls[0].toolName, "weather");
  assert.deepEqual(answer.toolCalls[0].input, { city: "Paris" });
});
