import { describe, expect, it } from "vitest";
import { frame, Opcode, type RawWebSocket } from "../support/raw-websocket.js";
import { chatRoom } from "../support/rooms.js";
import { scaled } from "../support/scale.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

const CAP = 20_000;
const { binary, close, continuation, ping, text } = Opcode;

/** Frames and packets that break the protocol: the offender is closed with the right code, and nobody else notices. */
export function frames(serve: Serve): void {
  describe("WebSocket frames", () => {
    const stage = useStage(serve);

    /** Sends to a server with a small payload cap; returns the close code, once a bystander has seen that nothing happened. */
    async function closeCodeAfter(send: (raw: RawWebSocket) => unknown): Promise<number> {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, socket: { maxHttpBufferSize: CAP } });
      const bystander = await stage.connect(server);
      await bystander.join("chat");
      const raw = await stage.raw(server);
      await raw.connectNamespace();
      await send(raw);
      const code = await raw.closed();
      await bystander.caughtUp();
      expect(bystander.all("dialogue:event")).toEqual([]);
      expect(bystander.disconnects).toEqual([]);
      expect(server.log.at("error")).toEqual([]);
      return code;
    }

    for (const [what, bytes, code] of [
      ["an unmasked frame", frame(text, "40", { masked: false }), 1002],
      ["a reserved bit", frame(text, "40", { rsv: 4 }), 1002],
      ["another reserved bit", frame(text, "40", { rsv: 1 }), 1002],
      ["a reserved opcode", frame(3, "40"), 1002],
      ["a reserved control opcode", frame(11, ""), 1002],
      ["a fragmented control frame", frame(ping, "x", { final: false }), 1002],
      ["a control frame over 125 bytes", frame(ping, "x".repeat(126)), 1002],
      ["a continuation of nothing", frame(continuation, "x"), 1002],
      [
        "a message inside a fragmented one",
        Buffer.concat([frame(text, "4", { final: false }), frame(text, "0")]),
        1002,
      ],
      ["a close frame of one byte", frame(close, Buffer.from([3])), 1002],
      ["a close frame with a reserved code", frame(close, Buffer.from([3, 0xed])), 1002],
      ["invalid UTF-8", frame(text, Buffer.from([0x34, 0x32, 0xff, 0xfe])), 1007],
      ["a surrogate in UTF-8", frame(text, Buffer.from([0x34, 0x32, 0xed, 0xa0, 0x80])), 1007],
      [
        "UTF-8 cut off over fragments",
        Buffer.concat([
          frame(text, Buffer.from([0x34, 0x32, 0xe2, 0x82]), { final: false }),
          frame(continuation, Buffer.from([0x41])),
        ]),
        1007,
      ],
      ["a message over the payload cap", frame(text, "4".repeat(CAP + 1)), 1009],
      [
        "an announced length over the cap",
        Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.from("7fffffffffffffff", "hex"), Buffer.alloc(4)]),
        1009,
      ],
    ] as const) {
      it(`${what}: ${code}`, async () => {
        expect(await closeCodeAfter((raw) => raw.write(bytes))).toBe(code);
      });
    }

    it("a fragmented message over the cap, counted over all fragments: 1009", async () => {
      const code = await closeCodeAfter((raw) => {
        raw.write(frame(text, "4", { final: false }));
        for (let sent = 0; sent <= CAP; sent += 1_000)
          raw.write(frame(continuation, "x".repeat(1_000), { final: false }));
      });
      expect(code).toBe(1009);
    });

    it("fragments without end or content are closed at a bound too", async () => {
      const code = await closeCodeAfter(async (raw) => {
        raw.write(frame(text, "4", { final: false }));
        const empty = Buffer.concat(
          Array.from({ length: 10_000 }, () => frame(continuation, "", { final: false })),
        );
        for (let sent = 0; sent < scaled(200_000, 10_000_000) && raw.socket.writable; sent += 10_000) {
          if (!raw.socket.write(empty))
            await new Promise<void>((resolve) => {
              raw.socket.once("drain", resolve);
              raw.socket.once("close", () => resolve());
            });
        }
      });
      // 1006: what was still on its way met a closed socket, and the reset overtook the close frame.
      expect([1002, 1006, 1008, 1009]).toContain(code);
    }, 60_000);

    it("attachments count to the cap of their message: 1009", async () => {
      const code = await closeCodeAfter((raw) => {
        raw.send(
          '453-["dialogue:trigger",{"roomId":"chat","event":"message","data":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]}]',
        );
        for (let i = 0; i < 3; i++) raw.write(frame(binary, Buffer.alloc(CAP / 2)));
      });
      expect(code).toBe(1009);
    });

    for (const packet of [
      '451000000000-["dialogue:listRooms"]',
      '45-1-["x"]',
      '45["x"]',
      "49",
      "4",
      "x",
      "7",
      "42{",
      "42[",
      "42[]",
      '421x["x"]',
    ]) {
      it(`the packet ${packet} closes its sender`, async () => {
        expect(await closeCodeAfter((raw) => raw.send(packet))).toBeGreaterThanOrEqual(1000);
      });
    }

    it("binary where no attachment is awaited closes its sender", async () => {
      expect(
        await closeCodeAfter((raw) => raw.write(frame(binary, Buffer.from([1, 2, 3])))),
      ).toBeGreaterThanOrEqual(1000);
    });

    it("a close by the client is answered, and is the end of the client", async () => {
      expect(await closeCodeAfter((raw) => raw.write(frame(close, Buffer.from([3, 0xe8]))))).toBe(1000);
    });

    it("a message in fragments with a ping between them, at the cap, is fine", async () => {
      const server = await stage.serve({ rooms: { chat: chatRoom() }, socket: { maxHttpBufferSize: CAP } });
      const raw = await stage.raw(server);
      await raw.connectNamespace();
      await raw.nextStarting('42["dialogue:connected"');
      raw.send('421["dialogue:join",{"roomId":"chat"}]');
      await raw.nextStarting("431");
      const shell = '422["dialogue:trigger",{"roomId":"chat","event":"message","data":"€"}]';
      const whole = Buffer.from(shell.replace("€", `€${"x".repeat(CAP - Buffer.byteLength(shell))}`));
      expect(whole.length).toBe(CAP);
      const cut = whole.indexOf("€") + 1;
      raw.write(frame(text, whole.subarray(0, cut), { final: false }));
      raw.write(frame(ping, "between"));
      raw.write(frame(continuation, "", { final: false }));
      raw.write(frame(continuation, whole.subarray(cut), { final: true }));
      expect(await raw.nextStarting("42")).toContain('"data":"€xxx');
    });
  });
}
