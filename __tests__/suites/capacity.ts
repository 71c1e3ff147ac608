import { describe, expect, it } from "vitest";
import type { TestClient } from "../support/client.js";
import { eventually } from "../support/deadline.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve, Served } from "../support/server.js";
import { useStage } from "../support/stage.js";

const PLACES = 50;
const CROWD = scaled(200, 1_000);

/** `maxSize` is exact under any number of concurrent joins, and again after everyone left. */
export function capacity(serve: Serve): void {
  describe("capacity", () => {
    const stage = useStage(serve);

    async function rush(server: Served, crowd: TestClient[]): Promise<TestClient[]> {
      const answers = await Promise.all(
        crowd.map((client) => client.ask("dialogue:join", { roomId: "hall" })),
      );
      const inside = crowd.filter((_, i) => answers[i]!.ok);
      const refused = answers.filter((answer) => !answer.ok);
      expect(inside.length).toBe(PLACES);
      expect(refused.length).toBe(CROWD - PLACES);
      for (const answer of refused)
        expect(answer).toMatchObject({ code: "ROOM_FULL", message: "Room 'hall' is at capacity" });
      const hall = server.dialogue.room("hall")!;
      expect([hall.size(), hall.isFull(), hall.participants().length]).toEqual([PLACES, true, PLACES]);
      return inside;
    }

    it(`line 26: ${CROWD} joining a room of ${PLACES} at once: exactly ${PLACES} in, the others refused, again after all left and came back`, async () => {
      const server = await stage.serve({ rooms: { hall: chatRoom({ maxSize: PLACES }) } });
      const crowd = await stage.crowd(server, CROWD);
      const hall = server.dialogue.room("hall")!;

      const first = await rush(server, crowd);
      await Promise.all(first.map((client) => client.ask("dialogue:leave", { roomId: "hall" })));
      expect([hall.size(), hall.isFull()]).toEqual([0, false]);

      await rush(server, crowd);
      for (const client of crowd) client.close();
      await eventually(() => hall.size() === 0, "all places are free");
      await eventually(() => server.dialogue.getAllClients().length === 0, "everyone is gone");

      const back = await stage.crowd(server, CROWD);
      const last = await rush(server, back);
      server.dialogue.trigger("hall", { name: "message" }, "to the fifty");
      await Promise.all(back.map((client) => client.caughtUp()));
      const heard = back.filter((client) => client.all("dialogue:event").length === 1);
      expect(heard).toEqual(last);
    }, 60_000);

    it("without acknowledgements the refused get dialogue:error", async () => {
      const server = await stage.serve({ rooms: { hall: chatRoom({ maxSize: 2 }) } });
      const crowd = await stage.crowd(server, 6);
      for (const client of crowd) client.tell("dialogue:join", { roomId: "hall" });
      await Promise.all(crowd.map((client) => client.caughtUp()));
      expect(crowd.filter((client) => client.all("dialogue:joined").length === 1).length).toBe(2);
      const refused = crowd.flatMap((client) => client.all<any>("dialogue:error"));
      expect(refused.map((error) => [error.code, error.roomId])).toEqual(
        Array(4).fill(["ROOM_FULL", "hall"]),
      );
    });

    it("joins, leaves and disconnects mixed: never above, never stuck below", async () => {
      let inside = 0;
      let most = 0;
      const server = await stage.serve({
        rooms: { hall: chatRoom({ maxSize: 10 }) },
        hooks: {
          clients: {
            onJoined: () => {
              inside++;
              most = Math.max(most, inside);
            },
            onLeft: () => void inside--,
          },
        },
      });
      const hall = server.dialogue.room("hall")!;
      const crowd = await stage.crowd(server, scaled(60, 1_000));
      const sizes: number[] = [];
      await Promise.all(
        crowd.map(async (client, i) => {
          for (let round = 0; round < 8; round++) {
            await client.ask("dialogue:join", { roomId: "hall" });
            sizes.push(hall.size());
            if (i % 3 === 0 && round === 5) return client.close();
            await client.ask("dialogue:leave", { roomId: "hall" });
          }
        }),
      );
      expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
      await eventually(
        () => hall.size() === 0 && inside === 0,
        "all places are free and every onLeft was called",
      );
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(10);
      const fresh = await stage.crowd(server, 11, "fresh");
      const answers = await Promise.all(
        fresh.map((client) => client.ask("dialogue:join", { roomId: "hall" })),
      );
      expect(answers.filter((answer) => answer.ok).length).toBe(10);
    }, 60_000);

    it("the server's own join is bound by it too", async () => {
      const server = await stage.serve({ rooms: { hall: chatRoom({ maxSize: 3 }) } });
      await stage.crowd(server, 5);
      for (const client of server.dialogue.getAllClients()) client.join("hall");
      expect(server.dialogue.room("hall")!.size()).toBe(3);
    });
  });
}
