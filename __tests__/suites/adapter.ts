import { createRuntimeAdapter, detectRuntime, type RuntimeStartOptions } from "dialogue-rs";
import { Server } from "dialogue-rs/socket.io";
import { Hono } from "hono";
import { io as connect } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { within } from "../support/deadline.js";
import { recordingLogger } from "../support/recording-logger.js";
import { chatRoom } from "../support/rooms.js";
import type { Serve } from "../support/server.js";
import { useStage } from "../support/stage.js";

/** `createRuntimeAdapter`, called by hand. */
export function adapter(serve: Serve): void {
  const stage = useStage(serve);

  function health(): Hono {
    const app = new Hono();
    app.get("/health", (c) => c.text("well"));
    return app;
  }

  const options = (more: Partial<RuntimeStartOptions>): RuntimeStartOptions => ({
    ...{ port: 0, app: health(), corsConfig: undefined, logger: recordingLogger() },
    ...(more as Pick<RuntimeStartOptions, "io">),
  });

  describe("a runtime adapter", () => {
    it("is for the runtime that it runs on, unless told otherwise", () => {
      expect(createRuntimeAdapter().runtime).toBe(detectRuntime());
      expect(createRuntimeAdapter("bun").runtime).toBe("bun");
      expect(() => createRuntimeAdapter("deno" as "bun")).toThrow(/runtime/);
    });

    it("serves a Server and an app on one port, stops, and starts again", async () => {
      const io = new Server({ logger: recordingLogger() } as object);
      io.on("connection", (socket) => socket.emit("hello", socket.id));
      const adapter = createRuntimeAdapter();
      adapter.bind(io);
      for (let round = 0; round < 2; round++) {
        await adapter.start(options({ io }));
        expect(adapter.start(options({ io }))).toBeInstanceOf(Promise);
        const { port } = io.httpServer.address() as { port: number };
        expect(await (await fetch(`http://127.0.0.1:${port}/health`)).text()).toBe("well");
        const client = connect(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false });
        stage.atEnd(() => client.close());
        const [id] = await within(
          new Promise<unknown[]>((resolve) => client.on("hello", (...args) => resolve(args))),
          "a greeting",
        );
        expect(id).toBe(client.id);
        await adapter.stop();
        await adapter.stop();
        await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
      }
    });

    it("serves a Dialogue's io with another app on another port", async () => {
      const served = await stage.serve({ rooms: { chat: chatRoom() } });
      await served.dialogue.stop();
      const adapter = createRuntimeAdapter();
      await adapter.start(options({ io: served.dialogue.io }));
      stage.atEnd(() => adapter.stop());
      const url = `http://127.0.0.1:${served.dialogue.port}`;
      expect(await (await fetch(`${url}/health`)).text()).toBe("well");
      const client = await stage.connect({ url }, { userId: "ada" });
      await client.join("chat");
      expect(served.dialogue.room("chat")!.size()).toBe(1);
    });

    it("a taken port and wrong options are errors with a code; the next start may succeed", async () => {
      const taken = await stage.serve({});
      const io = new Server({ logger: recordingLogger() } as object);
      const adapter = createRuntimeAdapter();
      await expect(adapter.start(options({ io, port: taken.dialogue.port }))).rejects.toMatchObject({
        code: "PORT_IN_USE",
      });
      expect(() => adapter.start(options({ io, port: -1 }))).toThrow(/options\.port/);
      expect(() => adapter.start(options({ io: {} as never }))).toThrow(/options\.io/);
      await adapter.start(options({ io }));
      await adapter.stop();
    });

    it("for the other runtime it warns, and works", async () => {
      const io = new Server({ logger: recordingLogger() } as object);
      const logger = recordingLogger();
      const adapter = createRuntimeAdapter(detectRuntime() === "bun" ? "node" : "bun");
      await adapter.start(options({ io, logger }));
      expect(logger.at("warn").length).toBe(1);
      await adapter.stop();
    });
  });
}
