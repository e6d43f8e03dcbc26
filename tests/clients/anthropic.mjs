import Anthropic from "@anthropic-ai/sdk";
import { assert, base, check, key } from "./check.mjs";

const client = new Anthropic({ baseURL: base, apiKey: key, maxRetries: 0 });
const ask = { max_tokens: 100, messages: [{ role: "user", content: "two words" }] };

await check("message", async () => {
  const message = await client.messages.create({ model: "words", ...ask });
  assert.equal(message.content[0].text, "Hello world");
  assert.equal(message.stop_reason, "end_turn");
  assert.equal(message.usage.output_tokens, 2);
  assert.equal(message.usage.cache_read_input_tokens, 4);
});

await check("stream with thinking", async () => {
  const stream = client.messages.stream({ model: "thinker", thinking: { type: "enabled", budget_tokens: 1024 }, ...ask });
  const final = await stream.finalMessage();
  assert.equal(final.content[0].type, "thinking");
  assert.equal(final.content[0].thinking, "Let me think.");
  assert.equal(final.content[1].text, "42");
  assert.equal(final.usage.output_tokens, 5);
});

await check("stream with a tool", async () => {
  const stream = client.messages.stream({ model: "tools", tools: [{ name: "weather", input_schema: { type: "object" } }], ...ask });
  const final = await stream.finalMessage();
  assert.equal(final.stop_reason, "tool_use");
  assert.deepEqual(final.content[0].input, { city: "Paris" });
});

await check("count", async () => {
  const count = await client.messages.countTokens({ model: "words", messages: ask.messages });
  assert.equal(count.input_tokens, 2);
});

await check("error classes", async () => {
  await assert.rejects(client.messages.create({ model: "nope", ...ask }), Anthropic.NotFoundError);
  await assert.rejects(client.messages.create({ model: "words", messages: ask.messages }), Anthropic.BadRequestError);
  await assert.rejects(client.messages.create({ model: "busy", ...ask }), (e) => e.status === 529);
  const stranger = new Anthropic({ baseURL: base, apiKey: "sk-seine-wrong", maxRetries: 0 });
  await assert.rejects(stranger.messages.create({ model: "words", ...ask }), Anthropic.AuthenticationError);
});
