import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually } from "../support/deadline.js";
import type { Reach } from "../support/io.js";
import { useIo } from "../support/io-stage.js";

/** Long enough for a client in another process to come, and to send. */
function block(): void {
  const until = Date.now() + 300;
  while (Date.now() < until);
}

/** Clients that come while JavaScript is busy: what the program does in one turn holds for all that come in it. */
export function ioAtOnce(reach: Reach): void {
  describe(`io, clients that come at once (${reach.name})`, () => {
    const stage = useIo(reach);

    async function trying(url: string, events = 0): Promise<ChildProgram> {
      const program = new ChildProgram("comes-at-once.mjs", { URL: url, EVENTS: String(events) });
      stage.atEnd(() => program.kill());
      await program.line("trying");
      return program;
    }

    it("middleware guards a namespace from the moment it is made", async () => {
      const server = await stage.serve();
      const program = await trying(`${server.url}/late`);
      const namespace = server.io.of("/late");
      block();
      namespace.use((_, next) => next(new Error("closed")));
      expect(await program.line("refused")).toEqual({ refused: "closed" });
      expect(program.lines).not.toContainEqual({ connected: true });
    });

    it("connections are told of to listeners that a new namespace gets in the same turn", async () => {
      const server = await stage.serve();
      const program = await trying(`${server.url}/late`);
      const namespace = server.io.of("/late");
      block();
      const seen: string[] = [];
      namespace.on("connection", (socket) => void seen.push(socket.id));
      await program.line("connected");
      await eventually(() => seen.length === 1, "connection");
    });

    it("events that come before a listener for connection has returned are told to the listeners it adds", async () => {
      const server = await stage.serve();
      const heard: number[] = [];
      const program = await trying(`${server.url}/late`, 20);
      server.io.of("/late").on("connection", (socket) => {
        block();
        socket.on("count", (n: number) => void heard.push(n));
      });
      await program.line("connected");
      await eventually(() => heard.length === 20, "every event");
      expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n));
    });
  });
}

/** The same of a server that listens at once. */
export function ioListensAtOnce(reach: Reach): void {
  describe(`io, clients that come before the program is ready (${reach.name})`, () => {
    const stage = useIo(reach);

    it("middleware and listeners that a server gets in the turn it was made in hold from the first client on", async () => {
      const placeholder = await stage.serve();
      await placeholder.stop();
      const port = Number(new URL(placeholder.url).port);
      const program = new ChildProgram("comes-at-once.mjs", { URL: placeholder.url });
      stage.atEnd(() => program.kill());
      await program.line("trying");
      const { io } = await stage.serve({ port });
      block();
      const seen: string[] = [];
      io.use((_, next) => next(seen.push("middleware") === 1 ? new Error("closed") : undefined));
      io.on("connection", () => void seen.push("connection"));
      expect(await program.line("refused")).toEqual({ refused: "closed" });
      expect(seen).toEqual(["middleware"]);
    });
  });
}
