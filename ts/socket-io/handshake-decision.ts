import type { Dispatcher } from "../dispatcher.js";
import type { DecideRequest } from "../native.js";
import type { AllowRequest } from "./engine-options.js";
import { HandshakeResponse } from "./handshake-response.js";
import { IncomingRequest } from "./incoming-request.js";

/** A function that sees a request before it is handled. It goes on, or answers. */
export type RequestMiddleware = (
  req: IncomingRequest,
  res: HandshakeResponse,
  next: (error?: unknown) => void,
) => unknown;

/** Why a request is refused. */
export interface Bar {
  readonly forbidden: boolean;
  /** What the program said, as it said it. */
  readonly context: Record<string, unknown>;
}

/** What the decision on a request leans on. */
export interface DecisionParts {
  readonly dispatcher: Dispatcher;
  /** Milliseconds that a function may take to settle. */
  readonly timeout: number;
  /** What is asked, in order, before the request is looked at. */
  readonly middlewares: readonly RequestMiddleware[];
  readonly allowRequest: AllowRequest | undefined;
  /** Lets the listeners add to the headers of an answer that is no refusal. */
  readonly decorate: (headers: Record<string, unknown>, req: IncomingRequest) => void;
  /** The response is complete: the request goes on, is barred, or was answered by the program. */
  readonly done: (res: HandshakeResponse, outcome: "passed" | "answered" | Bar) => void;
}

/** Has the program decide on one request. However often its functions call back, it is decided once. */
export class HandshakeDecision {
  readonly request: IncomingRequest;
  readonly #call: DecideRequest;
  readonly #parts: DecisionParts;
  readonly #response: HandshakeResponse;
  #outcome: "passed" | "answered" | Bar = "answered";
  #isDone = false;

  constructor(call: DecideRequest, parts: DecisionParts) {
    this.#call = call;
    this.#parts = parts;
    this.request = new IncomingRequest(call.request);
    this.#response = new HandshakeResponse(this.request, () => this.#done(this.#outcome));
    this.request.res = this.#response;
    // What Node emits without anybody to hear it would end the process: a write behind the end, a stream destroyed with an error.
    for (const stream of [this.request, this.#response]) {
      stream.on("error", (error) => parts.dispatcher.fault("io.engine.use", error));
    }
    // Destroyed, it will never end.
    this.#response.on("close", () => this.#done({ forbidden: false, context: FAILED }));
  }

  run(): void {
    this.#run(0);
  }

  #run(index: number): void {
    const middleware = this.#parts.middlewares[index];
    if (middleware === undefined) {
      this.#allow();
      return;
    }
    this.#ask("io.engine.use", (settle) => {
      const next = (error?: unknown) =>
        settle(() => (error ? this.#bar({ forbidden: false, context: FAILED }) : this.#run(index + 1)));
      return middleware(this.request, this.#response, next);
    });
  }

  #allow(): void {
    const { allowRequest } = this.#parts;
    if (!allowRequest || this.#call.refused || this.#call.conn === undefined) {
      this.#pass();
      return;
    }
    this.#ask("allowRequest", (settle) => {
      const answer = (error: unknown, success?: boolean) =>
        settle(() => {
          if (success) this.#pass();
          else this.#bar({ forbidden: true, context: { message: error ?? undefined } });
        });
      return allowRequest(this.request, answer);
    });
  }

  /** Calls a function of the program. What it settles with counts once, and not after it has answered the request itself. */
  #ask(name: string, call: (settle: (then: () => void) => void) => unknown): void {
    let settled = false;
    const settle = (then: () => void) => {
      if (settled || this.#response.writableEnded) return;
      settled = true;
      then();
    };
    this.#parts.dispatcher.ask(
      name,
      this.#parts.timeout,
      () => call(settle),
      (answer) => {
        // One that has returned may still call back; one that threw has failed, if it had not gone on before.
        if (typeof answer === "string") settle(() => this.#bar({ forbidden: false, context: FAILED }));
      },
    );
  }

  #pass(): void {
    const { conn, cookie, file, refused, request } = this.#call;
    const headers: Record<string, unknown> = {};
    if (!refused && file === undefined) {
      if (!request.upgrade) {
        const posted = conn === undefined && request.method === "POST";
        headers["Content-Type"] = posted ? "text/html" : "text/plain; charset=UTF-8";
        headers["cache-control"] = "no-store";
      }
      const set = this.#response.getHeader("Set-Cookie");
      if (cookie !== undefined) headers["Set-Cookie"] = [...[set ?? []].flat().map(String), cookie];
      this.#parts.decorate(headers, this.request);
    }
    this.#end("passed", refused ? 400 : request.upgrade ? 101 : 200, headers);
  }

  #bar(bar: Bar): void {
    this.#end(bar, bar.forbidden ? 403 : 400, {});
  }

  /** Ends the response, so that middlewares which wait for that (sessions are saved, cookies set) do their part first. */
  #end(outcome: "passed" | Bar, status: number, headers: Record<string, unknown>): void {
    this.#outcome = outcome;
    const { dispatcher, timeout } = this.#parts;
    const end = () => {
      if (!this.#response.headersSent)
        this.#response.writeHead(status, headers as Record<string, string | string[]>);
      this.#response.end();
    };
    dispatcher.ask("io.engine.use", timeout, end, (answer) => {
      if (answer === "failed") this.#done({ forbidden: false, context: FAILED });
    });
  }

  #done(outcome: "passed" | "answered" | Bar): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.request.res = null;
    this.#parts.done(this.#response, outcome);
  }
}

const FAILED = Object.freeze({ name: "MIDDLEWARE_FAILURE" });
