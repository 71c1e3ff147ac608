import { WebSocket } from "ws";
import { within } from "./deadline.js";

/** A client whose payloads are JSON texts, so that what `JSON.stringify` never writes can be sent. */
export class JsonWire {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: Record<string, unknown>) => void>();
  readonly #events: Record<string, unknown>[] = [];
  #next = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#read(String(data)));
  }

  static async connect(port: number): Promise<JsonWire> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    const wire = new JsonWire(socket);
    await within(new Promise((resolve) => socket.once("open", resolve)), "the socket to open");
    socket.send("40");
    return wire;
  }

  /** Asks, with a payload that is JSON text, and gives the acknowledgement. */
  ask(event: string, payload: string): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const answer = new Promise<Record<string, unknown>>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(`42${id}["${event}",${payload}]`);
    return within(answer, `the answer to ${event} ${payload.slice(0, 200)}`);
  }

  /** The `dialogue:event`s since this was last asked. */
  takeEvents(): Record<string, unknown>[] {
    return this.#events.splice(0);
  }

  close(): void {
    this.#socket.terminate();
  }

  #read(text: string): void {
    if (text === "2") this.#socket.send("3");
    const acknowledged = /^43(\d+)/.exec(text);
    if (acknowledged) {
      const [answer] = JSON.parse(text.slice(acknowledged[0].length));
      this.#answers.get(Number(acknowledged[1]))?.(answer);
      this.#answers.delete(Number(acknowledged[1]));
    } else if (text.startsWith('42["dialogue:event",')) {
      this.#events.push(JSON.parse(text.slice(2))[1]);
    }
  }
}
