import { describe, expect, it } from "vitest";
import type { TestClient } from "../support/client.js";
import { frame, Opcode } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** Marks a command that is sent without any payload. */
const NOTHING = Symbol("no payload");

const deep = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
const HUGE = "x".repeat(900_000);

/** No command takes any of these for its payload. */
const NO_PAYLOADS: [string, unknown][] = [
  ["nothing", NOTHING],
  ["null", null],
  ["a number", 42],
  ["a string", "chat"],
  ["a boolean", true],
  ["an empty array", []],
  ["an array of a payload", [{ roomId: "chat" }]],
  ["an empty object", {}],
  ["nested 1,000 deep", deep(1_000)],
  ["a field nested 1,000 deep", { roomId: deep(1_000), id: deep(1_000), token: deep(1_000) }],
  [
    "everything under __proto__",
    JSON.parse(
      '{"__proto__":{"roomId":"chat","eventName":"message","event":"message","id":"x","name":"x","token":"x"}}',
    ),
  ],
  ["everything under constructor", { constructor: { prototype: { roomId: "chat" } } }],
  ["a placeholder without attachment", { _placeholder: true, num: 0 }],
  ["binary", Buffer.from("chat")],
];

/** What no text field may be. */
const NO_TEXTS: [string, unknown][] = [
  ["missing", undefined],
  ["null", null],
  ["a number", 7],
  ["a boolean", false],
  ["an array", ["chat"]],
  ["an object", { chat: true }],
  ["binary", Buffer.from("chat")],
];

const NO_IDS: [string, unknown][] = [
  ...NO_TEXTS,
  ["257 bytes long", "x".repeat(257)],
  ["near the payload cap", HUGE],
];

/** Each command: a payload that is well-formed, and what each of its fields may not be. */
const COMMANDS: Record<
  string,
  { valid: Record<string, unknown>; fields: Record<string, [string, unknown][]> }
> = {
  "dialogue:join": { valid: { roomId: "chat" }, fields: { roomId: NO_IDS } },
  "dialogue:leave": { valid: { roomId: "chat" }, fields: { roomId: NO_IDS } },
  "dialogue:subscribe": {
    valid: { roomId: "chat", eventName: "message" },
    fields: { roomId: NO_IDS, eventName: NO_IDS },
  },
  "dialogue:unsubscribe": {
    valid: { roomId: "chat", eventName: "message" },
    fields: { roomId: NO_IDS, eventName: NO_IDS },
  },
  "dialogue:subscribeAll": { valid: { roomId: "chat" }, fields: { roomId: NO_IDS } },
  "dialogue:trigger": {
    valid: { roomId: "chat", event: "message", data: 1 },
    fields: {
      roomId: NO_IDS,
      event: NO_IDS,
      meta: [
        ["a number", 7],
        ["a string", "meta"],
        ["an array", []],
        ["nested 1,000 deep", { deep: deep(1_000) }],
      ],
      data: [["nested 1,000 deep", deep(1_000)]],
    },
  },
  "dialogue:getHistory": {
    valid: { roomId: "chat", eventName: "message" },
    fields: {
      roomId: NO_IDS,
      eventName: [
        ["a number", 7],
        ["an array", ["message"]],
        ["an object", {}],
        ["257 bytes long", "x".repeat(257)],
      ],
      start: [
        ["a string", "a"],
        ["an object", {}],
        ["an array", [0]],
        ["a boolean", true],
      ],
      end: [
        ["a string", "a"],
        ["an object", {}],
        ["an array", [9]],
        ["a boolean", true],
      ],
    },
  },
  "dialogue:createRoom": {
    valid: { id: "new", name: "New" },
    fields: {
      id: NO_IDS,
      name: NO_TEXTS,
      description: [
        ["a number", 7],
        ["an array", []],
        ["an object", {}],
      ],
      maxSize: [
        ["a string", "5"],
        ["zero", 0],
        ["negative", -1],
        ["a fraction", 1.5],
        ["an array", [5]],
        ["an object", {}],
      ],
    },
  },
  "dialogue:deleteRoom": { valid: { roomId: "chat" }, fields: { roomId: NO_IDS } },
  "dialogue:refresh": { valid: { token: "a.b.c" }, fields: { token: NO_TEXTS } },
};

/** Every command with every malformed payload. */
export function malformed(serve: Serve): void {
  describe("malformed payloads", () => {
    const stage = useStage(serve);

    async function start() {
      const server = await stage.serve({
        rooms: { chat: chatRoom() },
        limits: { clientRooms: 100, rate: false, historyRate: false },
      });
      const connect = async () => {
        const client = await stage.connect(server);
        await client.join("chat");
        return client;
      };
      return { server, connect };
    }

    async function expectRefused(
      client: TestClient,
      command: string,
      payload: unknown,
      what: string,
    ): Promise<void> {
      const args = payload === NOTHING ? [] : [payload];
      const answer = await client.ask(command, ...args);
      expect([what, answer.ok, answer.code]).toEqual([what, false, "INVALID_REQUEST"]);
      expect(answer.message!.length).toBeGreaterThan(0);
      expect(answer.message!.length).toBeLessThan(1_000);
      client.tell(command, ...args);
      const error = await client.next<any>("dialogue:error");
      expect([what, error.code, error.message]).toEqual([what, "INVALID_REQUEST", answer.message]);
    }

    async function expectUnharmed(
      server: Awaited<ReturnType<typeof start>>["server"],
      client: TestClient,
    ): Promise<void> {
      expect(client.disconnects).toEqual([]);
      const data = `still works ${Math.random()}`;
      expect(await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data })).toMatchObject({
        ok: true,
      });
      await client.next("dialogue:event", (event: { data: unknown }) => event.data === data);
      expect(server.log.at("error")).toEqual([]);
      expect(server.dialogue.rooms().map((room) => room.id)).toEqual(["chat"]);
      expect(({} as Record<string, unknown>)["roomId"]).toBeUndefined();
    }

    for (const [command, { valid, fields }] of Object.entries(COMMANDS)) {
      it(`${command} takes nothing but an object with its fields`, async () => {
        const { server, connect } = await start();
        const client = await connect();
        for (const [what, payload] of NO_PAYLOADS) await expectRefused(client, command, payload, what);
        await expectUnharmed(server, client);
      });

      for (const [field, wrongs] of Object.entries(fields)) {
        it(`${command} refuses a ${field} that is ${wrongs.map(([what]) => what).join(", ")}`, async () => {
          const { server, connect } = await start();
          const client = await connect();
          for (const [what, value] of wrongs) {
            await expectRefused(client, command, { ...valid, [field]: value }, `${field}: ${what}`);
            const { message } = client.all<{ message: string }>("dialogue:error").at(-1)!;
            if (!what.includes("deep")) expect(message).toContain(field);
          }
          await expectUnharmed(server, client);
        });
      }
    }

    it("dialogue:listRooms takes no notice of a payload, or refuses it", async () => {
      const { server, connect } = await start();
      const client = await connect();
      for (const [, payload] of NO_PAYLOADS) {
        const answer = await client.ask("dialogue:listRooms", ...(payload === NOTHING ? [] : [payload]));
        expect(answer.ok || answer.code === "INVALID_REQUEST").toBe(true);
      }
      await expectUnharmed(server, client);
    });

    it("what is odd but well-formed is carried unchanged", async () => {
      const { connect } = await start();
      const client = await connect();
      const odd = JSON.parse(
        '{"__proto__":{"a":1},"constructor":1,"toString":null,"a\\u0000b":"\\u0000\\n\\r\\u202e","lone":"\\ud800","":0,"n":-0,"big":12345678901234567890,"e":1e-7}',
      );
      for (const data of [odd, [odd], HUGE.slice(0, 500_000), deep(50), "", 0, false]) {
        expect(
          await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data }),
        ).toMatchObject({ ok: true });
        const event = await client.next<any>("dialogue:event");
        expect(JSON.stringify(event.data)).toBe(JSON.stringify(data));
      }
      expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
    });

    for (const [what, placeholders] of [
      ["num that is text", '{"_placeholder":true,"num":"splice"}'],
      ["num -1", '{"_placeholder":true,"num":-1}'],
      ["num 1e9", '{"_placeholder":true,"num":1000000000}'],
      ["num out of range", '{"_placeholder":true,"num":1}'],
      ["a fraction", '{"_placeholder":true,"num":0.5}'],
      ["num missing", '{"_placeholder":true}'],
      ["one num twice", '[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]'],
    ] as const) {
      it(`a placeholder with ${what} is refused or closes its sender, and is never passed on`, async () => {
        const { server, connect } = await start();
        const bystander = await connect();
        const raw = await stage.raw(server);
        await raw.connectNamespace();
        await raw.nextStarting('42["dialogue:connected"');
        raw.send('421["dialogue:join",{"roomId":"chat"}]');
        await raw.nextStarting("431");
        raw.send(`451-2["dialogue:trigger",{"roomId":"chat","event":"message","data":${placeholders}}]`);
        raw.write(frame(Opcode.binary, Buffer.from([1, 2, 3])));
        const outcome = await Promise.race([raw.nextStarting("432"), raw.closed().then(() => "closed")]);
        if (outcome !== "closed") expect(outcome).toContain("INVALID_REQUEST");
        await bystander.caughtUp();
        expect(bystander.all("dialogue:event")).toEqual([]);
        await expectUnharmed(server, bystander);
      });
    }

    for (const [what, packet] of [
      ["a made-up dialogue event", '42["dialogue:made-up",{"roomId":"chat"}]'],
      ["a reserved name", '42["connect_error",{}]'],
      ["another reserved name", '42["disconnect","x"]'],
      ["a number for a name", "42[7,{}]"],
      ["an object for a name", "42[{},{}]"],
      ["an empty name", '42["",{}]'],
      ["JSON 10,000 deep", `42["dialogue:join",${"[".repeat(10_000)}${"]".repeat(10_000)}]`],
      ["900 kB of [", `42["dialogue:join",${"[".repeat(900_000)}`],
      ["a number that is none", '42["dialogue:getHistory",{"roomId":"chat","start":1e999}]'],
      ["a key twice", '42["dialogue:leave",{"roomId":"nowhere","roomId":"chat"}]'],
    ] as const) {
      it(`${what} is ignored, refused, or closes its sender`, async () => {
        const { server, connect } = await start();
        const bystander = await connect();
        const raw = await stage.raw(server);
        await raw.connectNamespace();
        raw.send(packet);
        raw.send('429["dialogue:listRooms"]');
        await Promise.race([raw.nextStarting("439"), raw.closed()]);
        await expectUnharmed(server, bystander);
      });
    }
  });
}
