import { createRequire } from "node:module";

/** A socket of the official client of Socket.IO 2, which has no types of its own. */
export interface SocketV2 {
  readonly id: string;
  readonly connected: boolean;
  readonly io: {
    socket(nsp: string, options?: object): SocketV2;
    readonly engine: {
      readonly id: string;
      readonly transport: { readonly name: string };
      once(event: string, listener: (...args: any[]) => void): unknown;
    };
  };
  on(event: string, listener: (...args: any[]) => void): this;
  once(event: string, listener: (...args: any[]) => void): this;
  emit(event: string, ...args: unknown[]): this;
  connect(): this;
  disconnect(): this;
}

/** Connects as programs with `socket.io-client` 2 do. */
export const connectV2: (url: string, options: object) => SocketV2 = createRequire(import.meta.url)(
  "socket.io-client-v2",
);
