import { afterEach } from "vitest";
import { within } from "./deadline.js";

/** A server that the client's suite talks to. It may be in another process than the suite: in a browser it has to be. */
export interface Backend {
  readonly url: string;
  /** Runs steps in one turn of the server, so that nothing comes in between; what each returned. See `programs/client-backend.mjs`. */
  run(...steps: unknown[][]): Promise<any[]>;
  /** Stops it; a process is killed. */
  stop(): Promise<void>;
  /** Starts a killed process again, on the same port. */
  again(): Promise<void>;
}

/** Starts servers, and stops them at the end of the test. */
export interface Backends {
  /** `store`: keeps what memory lets go. `denied`: rooms whose join is refused, and why. `greetings`: events that a join causes. `faults`: how often `authenticate` fails. */
  serve(config: object): Promise<Backend>;
  /** One of dialogue-ts, as the wire page describes it. */
  serveWirePage(config: object): Promise<Backend>;
  /** A Dialogue in a process that can be killed. */
  spawn(config: object): Promise<Backend>;
  sign(claims: { sub: string }, secret: string, expiresIn: number): Promise<string>;
}

/** @param control Where `programs/client-backend.mjs` takes commands. */
export function useBackends(control: () => string): Backends {
  const command = async (op: string, rest: object = {}): Promise<any> => {
    const sent = fetch(control(), { method: "POST", body: JSON.stringify({ op, ...rest }) });
    const response = await within(sent, `the backend to ${op}`, 15_000);
    const answer = await response.json();
    if (!response.ok) throw new Error(`${op}: ${answer}`);
    return answer;
  };
  afterEach(() => command("reset"));
  const start = async (op: string, config: object): Promise<Backend> => {
    const { server, url } = await command(op, { config });
    return {
      url,
      run: (...steps) => command("run", { server, steps }),
      stop: () => command("stop", { server }),
      again: () => command("again", { server }),
    };
  };
  return {
    serve: (config) => start("serve", config),
    serveWirePage: (config) => start("serveWirePage", config),
    spawn: (config) => start("spawn", config),
    sign: (claims, secret, expiresIn) => command("sign", { claims, secret, expiresIn }),
  };
}
