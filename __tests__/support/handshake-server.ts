import { CallQueue } from "../../ts/call-queue.js";
import { Dispatcher } from "../../ts/dispatcher.js";
import { type NativeDialogue, native, type SocketInfo } from "../../ts/native.js";
import { Engine } from "../../ts/socket-io/engine.js";
import { readEngineOptions } from "../../ts/socket-io/engine-options.js";
import type { IncomingRequest } from "../../ts/socket-io/incoming-request.js";
import { type RecordingLogger, recordingLogger } from "./recording-logger.js";

/** A server that is nothing but `io.engine`: whoever connects to `/` is let in and noted. */
export interface HandshakeServer {
  readonly engine: Engine;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly log: RecordingLogger;
  /** Sockets that connected. */
  readonly sockets: SocketInfo[];
  /** Resolves with the next socket that connects. */
  connected(): Promise<SocketInfo>;
  /** The request that opened a connection, as long as it is kept. */
  request(conn: string): IncomingRequest | undefined;
  stop(): Promise<void>;
}

/** @param timeout Milliseconds that the program's functions have. */
export async function serveHandshakes(
  options: Record<string, unknown> = {},
  timeout = 5_000,
): Promise<HandshakeServer> {
  const log = recordingLogger();
  const dispatcher = new Dispatcher(log);
  const settings = readEngineOptions(options);
  const config = { bare: true, host: "127.0.0.1", limits: { hookTimeout: timeout }, ...settings.engine };
  const below: NativeDialogue = new native.NativeDialogue(JSON.stringify(config), () => queue.wake());
  const sockets: SocketInfo[] = [];
  let waiting: ((socket: SocketInfo) => void)[] = [];
  const queue = new CallQueue(
    (max) => below.drain(max),
    (call) => {
      if (call.k === "decideRequest") Engine.decide(engine, call);
      else if (call.k === "refused") Engine.refused(engine, call);
      else if (call.k === "ioClosed") Engine.closed(engine, call.conn);
      else if (call.k === "ioConnected") {
        sockets.push(call.socket);
        for (const tell of waiting.splice(0)) tell(call.socket);
        waiting = [];
      } else if (call.k === "log") log[call.level]({ ...call, atFunction: call.atFunction });
    },
    () => {},
  );
  const engine = new Engine(settings, {
    port: below,
    dispatcher,
    timeout,
    setHooks: (mask) => below.setHooks(mask),
    close: () => {},
  });
  below.ioConfigure(below.ioNamespace("/"), true, false);
  const port = await below.start();
  return {
    ...{ engine, log, sockets, port, host: "127.0.0.1", url: `http://127.0.0.1:${port}` },
    connected: () => new Promise((resolve) => waiting.push(resolve)),
    request: (conn) => Engine.request(engine, conn),
    stop: async () => {
      await below.stop();
      queue.drain();
    },
  };
}
