import { describe, expect, it } from "vitest";
import { JoinedRoom } from "../../ts/client/joined-room.js";
import type { Request } from "../../ts/client/requests.js";

describe("a room's subscriptions", () => {
  it("are not asked for again where something else was asked since", async () => {
    const sent: [Request, () => boolean][] = [];
    const room = new JoinedRoom("chat", "Chat", {
      ask: async () => ({}),
      insist: async (request, current) => void sent.push([request, current]),
      ready: () => true,
      history: () => {},
      failed: () => {},
      leave: () => {},
    });
    room.subscribe("note");
    room.unsubscribe("note");
    room.subscribe("typing");
    const current = () => sent.map(([{ event }, holds]) => [event, holds()]);
    expect(current()).toEqual([
      ["dialogue:subscribe", false],
      ["dialogue:unsubscribe", true],
      ["dialogue:subscribe", true],
    ]);
    room.leave();
    expect(current().map(([, holds]) => holds)).toEqual([false, false, false]);
  });
});
