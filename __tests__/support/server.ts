import { createDialogue, type Dialogue, type DialogueConfig } from "dialogue-rs";
import { TLS } from "./certificates.js";
import { type RecordingLogger, recordingLogger } from "./recording-logger.js";

/** A server that a suite talks to. Suites that take `Serve` could be handed another server of the same wire protocol. */
export interface Served {
  readonly dialogue: Dialogue;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly log: RecordingLogger;
  stop(): Promise<void>;
}

export type Serve = (config: Partial<DialogueConfig>) => Promise<Served>;

/** The server under test: dialogue-rs in this process, on a free port of the loopback interface. */
export const serve: Serve = async (config) => {
  const log = recordingLogger();
  const dialogue = createDialogue({
    ...{ port: 0, host: "127.0.0.1", rooms: {}, logger: log },
    // So that what several threads could do to each other shows, whatever the machine.
    threads: 2,
    ...config,
  });
  await dialogue.start();
  return {
    dialogue,
    log,
    host: "127.0.0.1",
    get port() {
      return dialogue.port;
    },
    get url() {
      return `${config.tls ? "https" : "http"}://127.0.0.1:${dialogue.port}`;
    },
    stop: () => dialogue.stop(),
  };
};

/** The same, through TLS. */
export const serveSecurely: Serve = (config) => serve({ tls: TLS, ...config });
