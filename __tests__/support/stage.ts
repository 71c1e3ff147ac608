import type { DialogueConfig } from "dialogue-rs";
import { afterEach } from "vitest";
import { type ClientOptions, TestClient } from "./client.js";
import { RawWebSocket, type RawWebSocketOptions } from "./raw-websocket.js";
import type { Serve, Served } from "./server.js";

/** What one test has started, and stops when it ends, however it ends. */
export interface Stage {
  serve(config: Partial<DialogueConfig>): Promise<Served>;
  /** A connected client. */
  connect(server: { url: string }, options?: ClientOptions): Promise<TestClient>;
  /** `count` connected clients, named `prefix-0`, `prefix-1`, … */
  crowd(
    server: { url: string },
    count: number,
    prefix?: string,
    options?: ClientOptions,
  ): Promise<TestClient[]>;
  /** A client that has not connected yet. */
  client(server: { url: string }, options?: ClientOptions): TestClient;
  /** A WebSocket without a library behind it. */
  raw(
    server: { url: string; host: string; port: number },
    options?: RawWebSocketOptions,
  ): Promise<RawWebSocket>;
  /** Anything else to be undone at the end of the test. */
  atEnd(undo: () => unknown): void;
}

export function useStage(serve: Serve): Stage {
  let undo: (() => unknown)[] = [];
  afterEach(async () => {
    const all = undo.reverse();
    undo = [];
    for (const step of all) await step();
  });
  const stage: Stage = {
    async serve(config) {
      const server = await serve(config);
      undo.push(() => server.stop());
      return server;
    },
    client(server, options) {
      const client = new TestClient(server.url, options);
      undo.push(() => client.close());
      return client;
    },
    connect: (server, options) => stage.client(server, options).connect(),
    async crowd(server, count, prefix = "user", options = {}) {
      const clients: TestClient[] = [];
      for (let from = 0; from < count; from += 50) {
        const some = Array.from({ length: Math.min(50, count - from) }, (_, i) =>
          stage.connect(server, { ...options, userId: `${prefix}-${from + i}` }),
        );
        clients.push(...(await Promise.all(some)));
      }
      return clients;
    },
    async raw(server, options) {
      const socket = await RawWebSocket.open(server.host, server.port, {
        secure: server.url.startsWith("https:"),
        ...options,
      });
      undo.push(() => socket.destroy());
      return socket;
    },
    atEnd: (step) => void undo.push(step),
  };
  return stage;
}
