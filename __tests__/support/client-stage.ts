import type { EventMessage } from "dialogue-rs";
import {
  type ClientConfig,
  createDialogueClient,
  type DialogueClientInstance,
  type DialogueError,
  type RoomContext,
} from "dialogue-rs/client";
import { afterEach } from "vitest";
import { PATIENCE, within } from "./deadline.js";

/** What one test connects, and disconnects when it ends. */
export interface ClientStage {
  /** A client that does not connect by itself, unless told to. */
  client(server: { url: string }, config?: Partial<ClientConfig>): DialogueClientInstance;
  /** One that is connected, as `userId`. */
  connect(
    server: { url: string },
    userId?: string,
    config?: Partial<ClientConfig>,
  ): Promise<DialogueClientInstance>;
}

export function useClients(): ClientStage {
  const clients: DialogueClientInstance[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });
  const stage: ClientStage = {
    client(server, config = {}) {
      const client = createDialogueClient({ url: server.url, autoConnect: false, ...config });
      clients.push(client);
      return client;
    },
    async connect(server, userId = "ada", config = {}) {
      const client = stage.client(server, { auth: { userId }, ...config });
      await within(client.connect(), "connect()");
      return client;
    },
  };
  return stage;
}

/** What is told over time, and waiting for it. */
export class Told<T> {
  readonly all: T[] = [];
  #look: () => void = () => {};

  readonly add = (value: T): void => {
    this.all.push(value);
    this.#look();
  };

  /** Resolves once it holds of all that was told so far. */
  async until(holds: (all: readonly T[]) => boolean, what: string, milliseconds = PATIENCE): Promise<T[]> {
    const held = new Promise<void>((resolve) => {
      this.#look = () => {
        if (holds(this.all)) resolve();
      };
    });
    this.#look();
    try {
      await within(held, what, milliseconds);
    } catch (error) {
      throw new Error(`${(error as Error).message}; told: ${JSON.stringify(this.all)}`);
    }
    return this.all;
  }

  /** The first `count` things told. */
  async count(count: number, milliseconds = PATIENCE): Promise<T[]> {
    await this.until((all) => all.length >= count, `${count} to be told`, milliseconds);
    return this.all.slice(0, count);
  }
}

/** The payloads of one kind of event in a room, as its handler gets them. */
export function payloads<T = any>(room: RoomContext, event = "message"): Told<T> {
  const told = new Told<T>();
  room.on<T>(event, (message: EventMessage<T>) => told.add(message.data));
  return told;
}

/** What the client reports. */
export function errorsOf(client: DialogueClientInstance): Told<DialogueError> {
  const told = new Told<DialogueError>();
  client.onError(told.add);
  return told;
}

/** The error that a promise rejects with. */
export async function refusal(promise: Promise<unknown>): Promise<DialogueError> {
  return within(
    promise.then(
      (value) => {
        throw new Error(`it resolved with ${JSON.stringify(value)}`);
      },
      (error) => error,
    ),
    "a refusal",
  );
}
