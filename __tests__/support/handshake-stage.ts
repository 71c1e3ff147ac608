import { io, type Socket } from "socket.io-client";
import { afterEach } from "vitest";
import type { HandshakeServer, serveHandshakes } from "./handshake-server.js";
import { type HttpAnswer, type HttpRequestOptions, httpRequest } from "./http-request.js";
import { type HandshakeRefused, RawWebSocket } from "./raw-websocket.js";

/** A page that asks from elsewhere. */
export const PAGE = "https://page.example";
/** The first request of a session over polling. */
export const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

/** What one test of handshakes has started, and stops when it ends. */
export function useHandshakes(make: typeof serveHandshakes) {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  return {
    async serve(options: Record<string, unknown> = {}, timeout?: number): Promise<HandshakeServer> {
      const server = await make(options, timeout);
      cleanups.push(() => server.stop());
      return server;
    },
    get(server: HandshakeServer, path = HANDSHAKE, options: HttpRequestOptions = {}): Promise<HttpAnswer> {
      return httpRequest(`${server.url}${path}`, options);
    },
    async webSocket(server: HandshakeServer, query = "", headers: Record<string, string> = {}) {
      const raw = await RawWebSocket.open(server.host, server.port, { query, headers });
      cleanups.push(() => raw.destroy());
      return raw;
    },
    /** Why a WebSocket was refused; `undefined`: it was not. */
    refusal(server: HandshakeServer, query = ""): Promise<HandshakeRefused | undefined> {
      return RawWebSocket.open(server.host, server.port, { query }).then(
        () => undefined,
        (error: HandshakeRefused) => error,
      );
    },
    connect(server: HandshakeServer, options: object = {}): Socket {
      const client = io(server.url, { reconnection: false, ...options });
      cleanups.push(() => client.disconnect());
      return client;
    },
  };
}

/** The session's id in the answer to a handshake over polling. */
export function sidOf(body: string): string {
  return JSON.parse(body.slice(1)).sid;
}

/** What `connection_error` tells from now on. */
export function errorsOf(server: HandshakeServer): Record<string, any>[] {
  const found: Record<string, any>[] = [];
  server.engine.on("connection_error", (error) => found.push(error));
  return found;
}
