import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { assert, check, key } from "./check.mjs";

const protos = new URL("../../proto/", import.meta.url).pathname;
const definition = loader.loadSync(["seine/v1/generation.proto", "grpc/health/v1/health.proto"],
  { includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });
const packages = grpc.loadPackageDefinition(definition);
const address = process.env.SEINE_ADDRESS;
const ca = process.env.SEINE_CA;
const credentials = ca ? grpc.credentials.createSsl(readFileSync(ca)) : grpc.credentials.createInsecure();
const client = new packages.seine.v1.Generation(address, credentials);
const health = new packages.grpc.health.v1.Health(address, credentials);

function signed(secret = key) {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${secret}`);
  return metadata;
}
const messages = [{ role: "user", content: "hi" }];

// Everything a call says: its events, and the error that ended it.
function generate(request, { metadata = signed(), options = {}, on = () => {} } = {}) {
  return new Promise((resolve) => {
    const events = [];
    const stream = client.generate(request, metadata, options);
    stream.on("data", (event) => { events.push(event); on(stream, events.length); });
    stream.on("error", (error) => resolve({ events, error }));
    // The status may come before the last event is read, or after.
    const left = new Set(["end", "status"]);
    const done = (what) => left.delete(what) && left.size === 0 && resolve({ events, error: null });
    stream.on("end", () => done("end"));
    stream.on("status", (status) => status.code === 0 && done("status"));
  });
}
const unary = (stub, method, request, metadata = signed(), options = {}) => new Promise((resolve, reject) =>
  stub[method](request, metadata, options, (error, answer) => (error ? reject(error) : resolve(answer))));
const text = (events) => events.map((event) => event.delta?.content ?? "").join("");

await check("a stream with its beginning, finish and usage", async () => {
  const { events, error } = await generate({ model: "words", messages });
  assert.equal(error, null);
  assert.equal(events[0].event, "started");
  assert.match(events[0].started.id, /^gen_/);
  assert.equal(events[0].started.model, "words");
  assert.equal(text(events), "Hello world");
  assert.equal(events.at(-2).finish.finish_reason, "stop");
  assert.deepEqual(events.at(-1).usage, { prompt_tokens: 9, cached_tokens: 4, completion_tokens: 2, reasoning_tokens: 0, total_tokens: 11 });
});

await check("several answers, reasoning, tools, logprobs", async () => {
  const two = await generate({ model: "words", messages, n: 2 });
  for (const index of [0, 1]) assert.equal(text(two.events.filter((event) => event.delta?.index === index)), "Hello world");
  const thinker = await generate({ model: "thinker", messages });
  assert.equal(thinker.events.map((event) => event.delta?.reasoning_content ?? "").join(""), "Let me think.");
  const tools = await generate({ model: "tools", messages, tools: [{ name: "weather", parameters: '{"type":"object"}' }] });
  const calls = tools.events.flatMap((event) => event.delta?.tool_calls ?? []);
  assert.equal(calls[0].name, "weather");
  assert.deepEqual(JSON.parse(calls.map((call) => call.arguments).join("")), { city: "Paris" });
  const sure = await generate({ model: "sure", messages, logprobs: true });
  assert.equal(sure.events.flatMap((event) => event.delta?.logprobs ?? [])[0].logprob, -0.25);
});

await check("status codes", async () => {
  const code = async (request, more) => (await generate(request, more)).error;
  const unknown = await code({ model: "nope", messages });
  assert.equal(unknown.code, grpc.status.NOT_FOUND);
  const role = await code({ model: "words", messages: [{ role: "国王", content: "x" }] });
  assert.equal(role.code, grpc.status.INVALID_ARGUMENT);
  assert.match(role.details, /not '国王'/);
  assert.deepEqual(role.metadata.get("error-field"), ["messages[0].role"]);
  assert.equal((await code({ model: "words", messages }, { metadata: new grpc.Metadata() })).code, grpc.status.UNAUTHENTICATED);
  assert.equal((await code({ model: "words", messages }, { metadata: signed("sk-seine-wrong") })).code, grpc.status.UNAUTHENTICATED);
  const busy = await code({ model: "busy", messages });
  assert.equal(busy.code, grpc.status.UNAVAILABLE);
  assert.deepEqual(busy.metadata.get("grpc-retry-pushback-ms"), ["1000"]);
});

await check("an error within a stream", async () => {
  const { events, error } = await generate({ model: "breaks", messages });
  assert.equal(text(events), "one ");
  assert.equal(error.code, grpc.status.INTERNAL);
  assert.match(error.details, /the engine broke/);
});

await check("a deadline ends the answer", async () => {
  const { events, error } = await generate({ model: "slow", messages }, { options: { deadline: Date.now() + 1000 } });
  assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
  assert.ok(events.length > 0);
});

await check("leaving a stream", async () => {
  const { error } = await generate({ model: "slow", messages }, { on: (stream, count) => count === 5 && stream.cancel() });
  assert.equal(error.code, grpc.status.CANCELLED);
});

await check("what is too large or compressed is refused", async () => {
  const long = await generate({ model: "words", messages: [{ role: "user", content: "x".repeat(17 << 20) }] });
  assert.equal(long.error.code, grpc.status.RESOURCE_EXHAUSTED);
  const squeezing = new packages.seine.v1.Generation(address, credentials, { "grpc.default_compression_algorithm": 2 });
  const error = await new Promise((resolve) => squeezing.generate({ model: "words", messages }, signed()).on("error", resolve).on("data", () => {}));
  assert.equal(error.code, grpc.status.UNIMPLEMENTED);
  squeezing.close();
});

await check("models and health", async () => {
  const { models } = await unary(client, "listModels", {});
  assert.ok(models.some((model) => model.id === "thinker" && model.reasoning));
  for (const service of ["", "seine.v1.Generation"]) {
    assert.equal((await unary(health, "check", { service }, new grpc.Metadata())).status, "SERVING");
  }
  await assert.rejects(unary(health, "check", { service: "nope" }, new grpc.Metadata()), (error) => error.code === grpc.status.NOT_FOUND);
});

// As grpcurl works: no .proto files, only what the server tells of itself.
await check("reflection, and a call made from it", async () => {
  const asked = loader.loadSync("grpc/reflection/v1/reflection.proto", { includeDirs: [protos], keepCase: true, defaults: true, oneofs: true });
  for (const version of ["v1", "v1alpha"]) {
    const service = { ...asked["grpc.reflection.v1.ServerReflection"] };
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    service.ServerReflectionInfo = { ...service.ServerReflectionInfo, path };
    const reflection = new (grpc.makeGenericClientConstructor(service, "ServerReflection"))(address, credentials);
    const stream = reflection.ServerReflectionInfo(new grpc.Metadata());
    const ask = (request) => new Promise((resolve, reject) => { stream.once("data", resolve).once("error", reject); stream.write(request); });
    // One stream, question and answer in turn.
    const { list_services_response: list } = await ask({ list_services: "*" });
    assert.ok(list.service.some(({ name }) => name === "seine.v1.Generation"));
    const { file_descriptor_response: files } = await ask({ file_containing_symbol: "seine.v1.Generation" });
    const { error_response: refused } = await ask({ file_containing_symbol: "google.protobuf.FileDescriptorProto" });
    assert.equal(refused.error_code, grpc.status.NOT_FOUND);
    const ended = new Promise((resolve) => stream.on("status", resolve));
    stream.end();
    assert.equal((await ended).code, grpc.status.OK);
    const learned = grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(descriptorSet(files.file_descriptor_proto), { keepCase: true }));
    const stranger = new learned.seine.v1.Generation(address, credentials);
    const { models } = await unary(stranger, "listModels", {});
    assert.ok(models.some((model) => model.id === "words"));
    stranger.close();
    reflection.close();
  }
});

// A FileDescriptorSet: field 1, once for each file.
function descriptorSet(files) {
  const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
  return Buffer.concat(files.flatMap((file) => [Buffer.from([10, ...varint(file.length)]), file]));
}

await check("a method that is not there", async () => {
  const stranger = new grpc.Client(address, credentials);
  const plain = (bytes) => bytes;
  const error = await new Promise((resolve) =>
    stranger.makeUnaryRequest("/seine.v1.Generation/Nothing", plain, plain, Buffer.alloc(0), signed(), (failure) => resolve(failure)));
  assert.equal(error.code, grpc.status.UNIMPLEMENTED);
  stranger.close();
});

await check("many streams on one connection, kept alive by pings", async () => {
  const lively = new packages.seine.v1.Generation(address, credentials,
    { "grpc.keepalive_time_ms": 100, "grpc.keepalive_timeout_ms": 20000, "grpc.use_local_subchannel_pool": 1 });
  const one = () => new Promise((resolve, reject) => {
    let said = "";
    lively.generate({ model: "words", messages }, signed()).on("data", (event) => { said += event.delta?.content ?? ""; })
      .on("error", reject).on("end", () => resolve(said));
  });
  const all = await Promise.all(Array.from({ length: 100 }, one));
  assert.ok(all.every((said) => said === "Hello world"));
  lively.close();
});

client.close();
health.close();
