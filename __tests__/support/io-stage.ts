import type { Namespace, Socket as ServerSocket } from "socket.io";
import type { Socket } from "socket.io-client";
import { afterEach } from "vitest";
import { type ClientOptions, TestClient } from "./client.js";
import { within } from "./deadline.js";
import type { IoOptions, Reach, ServedIo } from "./io.js";

/** Both ends of one socket. */
export interface Pair {
  readonly client: TestClient;
  readonly socket: ServerSocket;
}

/** What one test of `io` has started, and stops when it ends. */
export interface IoStage {
  serve(options?: IoOptions): Promise<ServedIo>;
  /** A client that has not connected yet, in a namespace. */
  client(server: ServedIo, nsp?: string, options?: ClientOptions): TestClient;
  /** A connected client. */
  connect(server: ServedIo, nsp?: string, options?: ClientOptions): Promise<TestClient>;
  /** A connected client, and its socket on the server. */
  pair(server: ServedIo, nsp?: string, options?: ClientOptions): Promise<Pair>;
  /** Another namespace on a client's connection, connected. */
  beside(client: TestClient, nsp: string, auth?: object): Promise<Socket>;
  atEnd(undo: () => unknown): void;
}

export function useIo(reach: Reach): IoStage {
  let undo: (() => unknown)[] = [];
  afterEach(async () => {
    const all = undo.reverse();
    undo = [];
    for (const step of all) await step();
  });
  const stage: IoStage = {
    async serve(options) {
      const server = await reach.serve(options);
      undo.push(() => server.stop());
      return server;
    },
    client(server, nsp = "/", options = {}) {
      const client = new TestClient(server.url + nsp, { transports: [reach.transport], ...options });
      undo.push(() => client.close());
      return client;
    },
    async connect(server, nsp, options) {
      const client = stage.client(server, nsp, options);
      await connected(client.socket);
      return client;
    },
    async pair(server, nsp = "/", options) {
      const socket = nextConnection(server.io.of(nsp));
      return { client: await stage.connect(server, nsp, options), socket: await socket };
    },
    async beside(client, nsp, auth = {}) {
      const socket = client.socket.io.socket(nsp, { auth: auth as Record<string, unknown> });
      undo.push(() => socket.disconnect());
      await connected(socket);
      return socket;
    },
    atEnd: (step) => void undo.push(step),
  };
  return stage;
}

/** Resolves once connected; rejects with the `connect_error`. */
export function connected(socket: Socket): Promise<void> {
  const outcome = new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  socket.connect();
  return within(outcome, `connect to ${(socket as unknown as { nsp: string }).nsp}`);
}

export function nextConnection(namespace: Namespace): Promise<ServerSocket> {
  return next<ServerSocket>(namespace, "connection");
}

/** Whatever has `once`: the first argument of the next such event. */
export function next<T = any>(
  emitter: { once(event: any, listener: (...args: any[]) => void): unknown },
  event: string,
): Promise<T> {
  const came = new Promise<T>((resolve) => emitter.once(event, resolve));
  return within(came, event);
}
