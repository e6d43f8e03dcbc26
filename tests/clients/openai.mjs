import { assert, base, check, key } from "./check.mjs";

// Which of the installed majors.
const { default: OpenAI } = await import(process.env.SEINE_OPENAI ?? "openai");

const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: "user", content: "hi" }];

await check("chat", async () => {
  const answer = await client.chat.completions.create({ model: "words", messages });
  assert.equal(answer.choices[0].message.content, "Hello world");
  assert.equal(answer.usage.total_tokens, 11);
  assert.match(answer._request_id, /^req_/);
});

await check("stream", async () => {
  const stream = await client.chat.completions.create({ model: "words", messages, stream: true, stream_options: { include_usage: true } });
  let text = "";
  let usage = null;
  let reason = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "Hello world");
  assert.equal(reason, "stop");
  assert.equal(usage.completion_tokens, 2);
});

await check("reasoning beside the text", async () => {
  const answer = await client.chat.completions.create({ model: "thinker", messages });
  assert.equal(answer.choices[0].message.reasoning_content, "Let me think.");
  const runner = client.chat.completions.stream({ model: "thinker", messages });
  let reasoning = "";
  for await (const chunk of runner) reasoning += chunk.choices[0]?.delta?.reasoning_content ?? "";
  assert.equal(reasoning, "Let me think.");
  assert.equal((await runner.finalChatCompletion()).choices[0].message.content, "42");
});

await check("tools over a stream", async () => {
  const runner = client.chat.completions.stream({
    model: "tools", messages,
    tools: [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }],
  });
  const final = await runner.finalChatCompletion();
  const call = final.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, "weather");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Paris" });
  assert.equal(final.choices[0].finish_reason, "tool_calls");
});

await check("logprobs", async () => {
  const answer = await client.chat.completions.create({ model: "sure", messages, logprobs: true, top_logprobs: 1 });
  assert.equal(answer.choices[0].logprobs.content[0].token, "yes");
  assert.ok(Math.abs(answer.choices[0].logprobs.content[0].logprob + 0.25) < 1e-9);
});

await check("error classes", async () => {
  await assert.rejects(client.chat.completions.create({ model: "nope", messages }), (e) => {
    assert.ok(e instanceof OpenAI.NotFoundError);
    assert.equal(e.code, "model_not_found");
    assert.equal(e.param, "model");
    return true;
  });
  await assert.rejects(client.chat.completions.create({ model: "words", messages: [{ role: "king", content: "x" }] }), (e) => {
    assert.ok(e instanceof OpenAI.BadRequestError);
    assert.equal(e.param, "messages[0].role");
    return true;
  });
  const stranger = new OpenAI({ baseURL: `${base}/v1`, apiKey: "sk-seine-wrong", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(client.chat.completions.create({ model: "busy", messages }), (e) => e instanceof OpenAI.InternalServerError && e.status === 503);
});

await check("an error within a stream", async () => {
  const stream = await client.chat.completions.create({ model: "breaks", messages, stream: true });
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
  }, /the engine broke/);
  assert.equal(text, "one ");
});

await check("leaving a stream", async () => {
  const stream = await client.chat.completions.create({ model: "slow", messages, stream: true });
  let chunks = 0;
  for await (const _ of stream) if (++chunks === 5) break;
  assert.equal(chunks, 5);
});

await check("completions", async () => {
  const answer = await client.completions.create({ model: "words", prompt: "Once" });
  assert.equal(answer.choices[0].text, "Hello world");
});

await check("embeddings, base64 inside the SDK and floats outside", async () => {
  const coded = await client.embeddings.create({ model: "vectors", input: ["a", "b"] });
  const plain = await client.embeddings.create({ model: "vectors", input: ["a", "b"], encoding_format: "float" });
  assert.equal(coded.data[0].embedding.length, 8);
  for (let i = 0; i < 8; ++i) assert.ok(Math.abs(coded.data[0].embedding[i] - plain.data[0].embedding[i]) < 1e-6);
  assert.ok(Math.abs(plain.data[1].embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-5);
});

await check("models", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes("words"));
  assert.equal((await client.models.retrieve("words")).id, "words");
});

await check("responses", async () => {
  const first = await client.responses.create({ model: "words", input: "hi" });
  assert.equal(first.output_text, "Hello world");
  const stream = client.responses.stream({ model: "thinker", input: "more", previous_response_id: first.id });
  const types = [];
  for await (const event of stream) types.push(event.type);
  const final = await stream.finalResponse();
  assert.equal(final.output_text, "42");
  assert.equal(types[0], "response.created");
  assert.equal(types.at(-1), "response.completed");
  assert.ok(types.includes("response.reasoning_text.delta"));
  assert.equal((await client.responses.retrieve(first.id)).id, first.id);
  await client.responses.delete(first.id);
  await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
});

await check("function calls of responses", async () => {
  const stream = client.responses.stream({ model: "tools", input: "weather?", tools: [{ type: "function", name: "weather", parameters: {}, strict: false }] });
  const final = await stream.finalResponse();
  assert.equal(final.output[0].type, "function_call");
  assert.deepEqual(JSON.parse(final.output[0].arguments), { city: "Paris" });
});
