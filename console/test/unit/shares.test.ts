// @vitest-environment happy-dom
// What a link to a conversation shows, as it is decoded, and where its page stands.
import { expect, test } from "vitest";
import { decodeShared } from "../../src/api/shares.ts";
import { routeOf } from "../../src/lib/router.ts";

test("a shared conversation needs no ids of its own", () => {
  const shared = decodeShared({
    title: "Rivers",
    created_at: "2026-01-03T05:00:00Z",
    expires_at: null,
    messages: [
      { id: "m_1", parent_id: null, role: "user", text: "How long?" },
      {
        id: "m_2",
        parent_id: "m_1",
        role: "assistant",
        text: "777 km",
        run_id: null,
        answer: { run_id: null, chat_id: null, state: "complete", text: "777 km" },
      },
    ],
  });
  expect(shared.expiresAt).toBeNull();
  expect(shared.messages.map(({ text }) => text)).toEqual(["How long?", "777 km"]);
  expect(shared.messages[1]?.answer?.text).toBe("777 km");
});

test("what is no shared conversation is refused", () => {
  expect(() => decodeShared({ title: "Rivers", messages: [] })).toThrow();
  expect(() => decodeShared([])).toThrow();
});

test("a link has a page of its own", () => {
  expect(routeOf("/shared/abc")).toEqual({ page: "shared", id: "abc" });
  expect(routeOf("/shared")).toEqual({ page: "unknown" });
});
