import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import type { Reach } from "../support/io.js";
import { next, useIo } from "../support/io-stage.js";
import { frame, Opcode, RawWebSocket } from "../support/raw-websocket.js";

const BYTES = Buffer.from([1, 2]);

/** Packets that cannot be read, and what the sockets of their connection are told. */
const WRONG: [what: string, packets: (string | Buffer)[], told: string | undefined][] = [
  ["an event without a name", ["42[]"], "invalid payload"],
  ["an event that is no array", ["42{}"], "invalid payload"],
  ["an event that is not whole", ['42["a"'], "invalid payload"],
  ["a name that is Socket.IO's own", ['42["disconnecting",1]'], "invalid payload"],
  ["a name that is nothing", ["42[null]"], "invalid payload"],
  ["a name that is an object", ["42[{}]"], "invalid payload"],
  ["an answer that is no array", ["430{}"], "invalid payload"],
  ["auth that is no object", ["40/b,[1]"], "invalid payload"],
  ["a type that is none", ["47"], "unknown packet type"],
  ["bytes that nobody expects", [BYTES], "got binary data when not reconstructing a packet"],
  [
    "text in the place of bytes",
    ['451-["a",{"_placeholder":true,"num":0}]', '42["b"]'],
    "got plaintext data when reconstructing a packet",
  ],
  ["a place that has no bytes", ['451-["a",{"_placeholder":true,"num":5}]', BYTES], "illegal attachments"],
  ["a namespace that it is not in", ['42/b,["a"]'], undefined],
];

/** A socket's `error` for a packet that cannot be read; then its connection is closed. */
export function ioUnreadable(reach: Reach): void {
  describe(`io, unreadable packets (${reach.name})`, () => {
    const stage = useIo(reach);

    for (const [what, packets, told] of WRONG) {
      it(`${what}: ${told === undefined ? "closed" : "an error, then closed"}`, async () => {
        const server = await stage.serve();
        const { hostname, port } = new URL(server.url);
        const seen: unknown[] = [];
        const gone: Promise<string>[] = [];
        for (const nsp of ["/", "/a"]) {
          server.io.of(nsp).on("connection", (socket: Socket) => {
            socket.on("a", () => void seen.push("a"));
            socket.on("error", (error) => void seen.push([nsp, error instanceof Error, wordsOf(error)]));
            gone.push(next<string>(socket, "disconnect"));
          });
        }
        server.io.of("/b");
        const raw = await RawWebSocket.open(hostname, Number(port));
        stage.atEnd(() => raw.destroy());
        await raw.connectNamespace();
        raw.send("40/a,");
        await raw.nextStarting("40/a,");
        for (const packet of packets) {
          if (typeof packet === "string") raw.send(packet);
          else raw.write(frame(Opcode.binary, packet));
        }
        await raw.closed();
        const reasons = await Promise.all(gone);
        expect(reasons).toEqual(["forced close", "forced close"]);
        const both = ["/", "/a"].map((nsp) => [nsp, true, told]);
        // Of one that is read but does not fit together, the socket that it is for is told.
        const some = reach.name.startsWith("npm") || told !== "illegal attachments" ? both : both.slice(0, 1);
        expect(seen).toEqual(told === undefined ? [] : some);
        expect(server.log.at("error")).toEqual([]);
      });
    }
  });
}

/** Socket.IO names the type too. */
const wordsOf = (error: Error): string => error.message.replace(/ \d$/, "");
