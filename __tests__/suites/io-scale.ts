import { afterEach, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { TestClient } from "../support/client.js";
import { eventually } from "../support/deadline.js";
import { RawWebSocket } from "../support/raw-websocket.js";
import { scaled } from "../support/scale.js";

interface Measured {
  heap: number;
  resident: number;
  sockets: number;
  made: number;
}

/** What many clients cost a program that does not look at them. */
export function ioScale(kind: "dialogue" | "standalone"): void {
  describe(`io, scale (${kind})`, () => {
    let undo: (() => unknown)[] = [];
    afterEach(() => {
      for (const step of undo) step();
      undo = [];
    });

    async function serving() {
      const program = new ChildProgram("io-server.mjs", { SERVER: kind }, ["--max-semi-space-size=1"]);
      undo.push(() => program.kill());
      const { port } = await program.line("port");
      return {
        port: port as number,
        async measure(): Promise<Measured> {
          const client = new TestClient(`http://127.0.0.1:${port}/measure`);
          const { data } = await client.refusal();
          client.close();
          return data as unknown as Measured;
        },
      };
    }

    /** Connections in `/`, a few at a time. */
    async function crowd(port: number, count: number): Promise<RawWebSocket[]> {
      const all: RawWebSocket[] = [];
      while (all.length < count) {
        const some = Array.from({ length: Math.min(100, count - all.length) }, async () => {
          const raw = await RawWebSocket.open("127.0.0.1", port);
          undo.push(() => raw.destroy());
          await raw.connectNamespace({ name: "ada" });
          return raw;
        });
        all.push(...(await Promise.all(some)));
      }
      return all;
    }

    const connections = scaled(2_000, 10_000);
    it(`${connections.toLocaleString("en")} connections without a listener grow the JavaScript heap by less than 200 bytes each`, async () => {
      const { port, measure } = await serving();
      for (const raw of await crowd(port, 200)) raw.destroy();
      await eventually(async () => (await measure()).sockets === 0, "the first are gone", 20_000);
      const before = await measure();
      await crowd(port, connections);
      const after = await measure();
      const each = (after.heap - before.heap) / connections;
      console.log(
        `${kind}: ${each.toFixed(1)} bytes of JavaScript heap, ${Math.round((after.resident - before.resident) / connections)} resident, a connection`,
      );
      expect(after.sockets).toBe(connections);
      expect(each).toBeLessThan(200);
    }, 180_000);

    const visits = scaled(1_000, 10_000);
    it(`${visits.toLocaleString("en")} clients that came, were looked at and went, or were refused, leave nothing behind`, async () => {
      const { port, measure } = await serving();
      const visit = async (_: unknown, i: number) => {
        const raw = await RawWebSocket.open("127.0.0.1", port);
        raw.send(`40/busy,{"refused":${i % 2 === 1}}`);
        await raw.nextStarting(i % 2 === 1 ? "44/busy" : "42/busy");
        raw.destroy();
      };
      const visitAll = async (count: number) => {
        for (let done = 0; done < count; done += 50) await Promise.all(Array.from({ length: 50 }, visit));
      };
      await visitAll(visits / 2);
      await measure();
      const before = await measure();
      await visitAll(visits);
      await measure();
      const after = await measure();
      console.log(`${kind}: ${after.heap - before.heap} bytes of heap after ${visits} visits`);
      // What is compiled meanwhile stays too; a socket kept for each visit would be ten times as much.
      expect(after.heap - before.heap).toBeLessThan(Math.max(256 << 10, 100 * visits));
    }, 180_000);

    const names = scaled(10_000, 100_000);
    it(`${names.toLocaleString("en")} refused names leave nothing behind`, async () => {
      const { port, measure } = await serving();
      const askers = await crowd(port, 10);
      let asked = 0;
      const refuse = (count: number) =>
        Promise.all(
          askers.map(async (asker) => {
            for (let sent = 0; sent < count / askers.length; sent += 50) {
              const some = Array.from({ length: 50 }, () => `/x-${asked++}-${"y".repeat(100)}`);
              for (const name of some) asker.send(`40${name},`);
              for (const _ of some) expect(await asker.nextStarting("44/x-")).toContain("Invalid namespace");
            }
          }),
        );
      await refuse(names / 5);
      await measure();
      const before = await measure();
      await refuse(names);
      const after = await measure();
      expect([after.made, after.sockets]).toEqual([0, 10]);
      const { heap, resident } = after;
      console.log(
        `${kind}: ${heap - before.heap} bytes of heap, ${resident - before.resident} resident after ${asked} names`,
      );
      // Each name is 100 bytes and more: were they kept, it would be seen.
      expect(heap - before.heap).toBeLessThan(20 * names);
      expect(resident - before.resident).toBeLessThan(Math.max(8 << 20, 50 * names));
    }, 180_000);
  });
}
