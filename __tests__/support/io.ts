import { createDialogue, type DialogueConfig, type LimitsConfig } from "dialogue-rs";
import type { Server } from "socket.io";
import { type RecordingLogger, recordingLogger } from "./recording-logger.js";

/** A server with Socket.IO's API that a suite talks to. Its types are those of npm's socket.io, which it stands in for. */
export interface ServedIo {
  readonly io: Server;
  readonly url: string;
  readonly log: RecordingLogger;
  stop(): Promise<void>;
}

/** What suites ask for; each server has its own place for it. */
export interface IoOptions {
  port?: number;
  cleanupEmptyChildNamespaces?: boolean;
  maxHttpBufferSize?: number;
  pingInterval?: number;
  pingTimeout?: number;
  connectTimeout?: number;
  /** Not of `dialogue.io`. */
  allowEIO3?: boolean;
  /** Of this package alone. */
  limits?: Partial<LimitsConfig>;
}

export interface Reach {
  /** What it is, and how clients get to it. */
  readonly name: string;
  readonly transport: "websocket" | "polling";
  serve(options?: IoOptions): Promise<ServedIo>;
}

type Serve = Reach["serve"];

/** `dialogue.io`, where `/` is Dialogue's. */
const serveDialogue: Serve = async ({ port = 0, cleanupEmptyChildNamespaces: _, ...socket } = {}) => {
  const log = recordingLogger();
  const config: Partial<DialogueConfig> = { socket };
  const dialogue = createDialogue({ port, host: "127.0.0.1", rooms: {}, logger: log, ...config });
  await dialogue.start();
  return {
    io: dialogue.io as unknown as Server,
    url: `http://127.0.0.1:${dialogue.port}`,
    log,
    stop: () => dialogue.stop(),
  };
};

/** The entry point for programs that had socket.io. */
const STANDALONE: string = "dialogue-rs/socket.io";

const serveStandalone: Serve = async ({ port = 0, ...options } = {}) => {
  const { Server: OurServer } = await import(STANDALONE);
  const log = recordingLogger();
  const io: Server = new OurServer(port, { ...options, logger: log });
  return served(io, log);
};

/** npm's own: it says what Socket.IO does. */
const serveReference: Serve = async ({ port = 0, ...options } = {}) => {
  const { Server: NpmServer } = await import("socket.io");
  return served(new NpmServer(port, options), recordingLogger());
};

function served(io: Server, log: RecordingLogger): ServedIo {
  const { port } = io.httpServer.address() as { port: number };
  return { io, log, url: `http://127.0.0.1:${port}`, stop: () => io.close() };
}

const over = (name: string, serve: Serve): Reach[] =>
  (["websocket", "polling"] as const).map((transport) => ({
    name: `${name}, ${transport}`,
    transport,
    serve,
  }));

/** Both servers of this package on both transports. */
export const DIALOGUE_IO: readonly Reach[] = over("dialogue.io", serveDialogue);
export const STANDALONE_IO: readonly Reach[] = over("socket.io entry", serveStandalone);
export const EVERY_IO: readonly Reach[] = [...DIALOGUE_IO, ...STANDALONE_IO];
/** For suites that say what Socket.IO does too. */
export const REFERENCE_IO: readonly Reach[] = over("npm's socket.io", serveReference);
